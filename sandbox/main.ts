import { writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { ensureControlPlane } from "./control-plane/programs";
import { wantsRealControlPlane } from "./control-plane/settings";
import { writePrivateFile } from "./core/environment-file";
import { faultSettingsFromEnvironment, InvalidFaultSettings } from "./core/fault-settings";
import { SandboxInUse } from "./core/instance-lock";
import { type RunningSandbox, type SandboxArgs, startSandbox } from "./core/sandbox";
import type { Report } from "./engine/engine";
import { installKubelogin } from "./kubernetes/kubelogin-shim";
import { attachProviders } from "./provider/attach";

/**
 * Runs the sandbox as a process:
 *
 *     main.ts --directory <path> [--port <number>] [--host <address>]
 *             [--announcement-file <path>] [--ready-json <fd>] [--with-parent]
 *
 * `--ready-json` writes one line of JSON to the file descriptor once the sandbox answers, and
 * `--announcement-file` the same to a file;
 * `--with-parent` ends it when its standard input closes, as it does when the parent dies.
 * `KEYLESS_FAULTS` and `KEYLESS_SPEED` set faults and the clock's speed; `KEYLESS_CONTROL_PLANE=real` gives each AKS
 * cluster a control plane of its own.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      directory: { type: "string" },
      port: { type: "string", default: "0" },
      host: { type: "string", default: "127.0.0.1" },
      "announcement-file": { type: "string" },
      "ready-json": { type: "string" },
      "with-parent": { type: "boolean", default: false },
    },
  });
  if (values.directory === undefined)
    throw new Error("--directory must say where the sandbox keeps its state.");
  const { KEYLESS_FAULTS: faults, KEYLESS_SPEED: speed } = process.env;
  const sandbox = await startAfterPredecessor({
    directory: values.directory,
    host: values.host,
    port: wholeNumber("--port", values.port, 65535),
    ...(faults ? { faults: faultSettingsFromEnvironment(faults) } : {}),
    ...(speed ? { speed: wholeNumber("KEYLESS_SPEED", speed, 100_000) } : {}),
    ...(values["with-parent"] ? { endsWith: process.ppid } : {}),
    ...(wantsRealControlPlane(process.env) ? { controlPlane: await ensureControlPlane(reportSteps()) } : {}),
  });
  const providers = await attachProviders(sandbox);
  const kubelogin = await installKubelogin(join(values.directory, "bin"));
  const env = { ...sandbox.env, PULUMI_DEBUG_PROVIDERS: providers.debugProviders };
  const announcement = JSON.stringify({
    processId: process.pid,
    proxyUrl: sandbox.proxyUrl,
    env,
    toolsDirectory: dirname(kubelogin),
    services: sandbox.services,
    account: sandbox.context.account,
  });
  const announcementFile = values["announcement-file"];
  const withdraw = announcementFile ? writePrivateFile(announcementFile, announcement) : () => {};
  endWithSignals(async () => {
    withdraw();
    await providers.close();
    await sandbox.close();
  }, values["with-parent"]);
  // What goes wrong in one request must not end the others.
  process.on("uncaughtException", (error) => console.error("The sandbox goes on after:", error));
  process.on("unhandledRejection", (error) => console.error("The sandbox goes on after:", error));
  if (values["ready-json"] !== undefined) {
    writeSync(wholeNumber("--ready-json", values["ready-json"], 255), `${announcement}\n`);
  }
}

/** How long a sandbox whose parent was killed may take to end, in milliseconds. */
const endingMilliseconds = 30_000;

/** A command that was killed leaves a sandbox that is about to end: the next command's waits for that. */
async function startAfterPredecessor(args: SandboxArgs): Promise<RunningSandbox> {
  for (const deadline = Date.now() + endingMilliseconds; ; await sleep(100)) {
    try {
      return await startSandbox(args);
    } catch (error) {
      if (!(error instanceof SandboxInUse && error.isEnding) || Date.now() > deadline) throw error;
    }
  }
}

/** Mentions each step of a build once. */
function reportSteps(): Report {
  let last = "";
  return ({ step }) => {
    if (step !== last) console.error(step);
    last = step;
  };
}

function wholeNumber(name: string, text: string, most: number): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number <= most) return number;
  throw new Error(`${name} must be a whole number from 0 to ${most}, got '${text}'.`);
}

function endWithSignals(close: () => Promise<void>, withParent: boolean): void {
  let ending = false;
  const end = async () => {
    if (ending) return;
    ending = true;
    await close();
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
