import { createPrograms } from "../../../sandbox/control-plane/processes";

// Starts a program that would run for long, and says which process it is.
const [executable = "", logFile = ""] = process.argv.slice(2);
const program = createPrograms().start({ executable, args: ["600"], logFile });
console.log(program.processId);
