import { writeSync } from "node:fs";
import { parseArgs } from "node:util";
import { writeEnvironmentFile } from "./core/environment-file";
import { faultSettingsFromEnvironment, InvalidFaultSettings } from "./core/fault-settings";
import { SandboxInUse } from "./core/instance-lock";
import { type RunningSandbox, startSandbox } from "./core/sandbox";

/**
 * Runs the sandbox as a process:
 *
 *     main.ts --directory <path> [--port <number>] [--host <address>] [--environment-file <path>]
 *             [--ready-json [fd]] [--with-parent]
 *
 * `--ready-json` writes one line of JSON to the file descriptor (default 1) once the sandbox answers;
 * `--with-parent` ends it when its standard input closes, as it does when the parent dies.
 * `KEYLESS_FAULTS` and `KEYLESS_SPEED` set faults and the clock's speed.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      directory: { type: "string" },
      port: { type: "string", default: "0" },
      host: { type: "string", default: "127.0.0.1" },
      "environment-file": { type: "string" },
      "ready-json": { type: "string" },
      "with-parent": { type: "boolean", default: false },
    },
  });
  if (values.directory === undefined)
    throw new Error("--directory must say where the sandbox keeps its state.");
  const { KEYLESS_FAULTS: faults, KEYLESS_SPEED: speed } = process.env;
  const sandbox = await startSandbox({
    directory: values.directory,
    host: values.host,
    port: wholeNumber("--port", values.port, 65535),
    ...(faults ? { faults: faultSettingsFromEnvironment(faults) } : {}),
    ...(speed ? { speed: wholeNumber("KEYLESS_SPEED", speed, 100_000) } : {}),
  });
  const environmentFile = values["environment-file"];
  const removeFile = environmentFile ? writeEnvironmentFile(environmentFile, sandbox.env) : () => {};
  endWithSignals(sandbox, removeFile, values["with-parent"]);
  // What goes wrong in one request must not end the others.
  process.on("uncaughtException", (error) => console.error("The sandbox goes on after:", error));
  process.on("unhandledRejection", (error) => console.error("The sandbox goes on after:", error));
  if (values["ready-json"] !== undefined)
    announce(sandbox, wholeNumber("--ready-json", values["ready-json"], 255));
}

function wholeNumber(name: string, text: string, most: number): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number <= most) return number;
  throw new Error(`${name} must be a whole number from 0 to ${most}, got '${text}'.`);
}

function announce({ proxyUrl, env, services, context }: RunningSandbox, fileDescriptor: number): void {
  const { account } = context;
  writeSync(fileDescriptor, `${JSON.stringify({ proxyUrl, env, services, account })}\n`);
}

function endWithSignals(sandbox: RunningSandbox, removeFile: () => void, withParent: boolean): void {
  let ending = false;
  const end = async () => {
    if (ending) return;
    ending = true;
    removeFile();
    await sandbox.close();
    process.exit(0);
  };
  process.on("SIGTERM", end);
  process.on("SIGINT", end);
  if (withParent) process.stdin.on("end", end).on("error", end).resume();
}

main().catch((error: Error) => {
  const expected =
    error instanceof InvalidFaultSettings || error instanceof SandboxInUse || !("code" in error);
  console.error(expected ? error.message : `The sandbox cannot start: ${error.message}`);
  process.exit(1);
});
