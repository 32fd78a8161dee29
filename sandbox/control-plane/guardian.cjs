// Outlives the sandbox by a moment: when the sandbox dies without ending its control planes, this ends them.
// It is told on stdin which processes run ("+123") and which have ended ("-123"), and acts when stdin closes.
const watched = new Set();

require("node:readline")
  .createInterface({ input: process.stdin })
  .on("line", (line) => {
    if (line.startsWith("+")) watched.add(Number(line.slice(1)));
    else watched.delete(Number(line.slice(1)));
  })
  .on("close", () => {
    for (const processId of watched) {
      try {
        process.kill(processId, "SIGKILL");
      } catch {
        // It has ended by itself.
      }
    }
  });
