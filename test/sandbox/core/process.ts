import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

const root = join(__dirname, "../../..");

/** The sandbox as a process of its own. */
export interface SandboxProcess {
  child: ChildProcess;
  /** What the ready line says; rejects with what the process wrote to its standard error when it ends before. */
  ready: Promise<{ proxyUrl: string; env: Record<string, string>; account: { tenantId: string } }>;
  exit: Promise<number | null>;
}

export function startProcess(args: readonly string[], env: Record<string, string> = {}): SandboxProcess {
  const child = spawn(
    process.execPath,
    [
      "--require",
      require.resolve("sucrase/register/ts"),
      join(root, "sandbox/main.ts"),
      "--ready-json",
      "1",
      ...args,
    ],
    { env: { PATH: process.env.PATH ?? "", ...env }, stdio: ["pipe", "pipe", "pipe"] },
  );
  let errors = "";
  child.stderr.on("data", (chunk) => {
    errors += chunk;
  });
  const exit = once(child, "close").then(([code]) => code as number | null);
  const ready = Promise.race([
    once(createInterface({ input: child.stdout }), "line").then(([line]) => JSON.parse(line as string)),
    exit.then(() => {
      throw new Error(errors);
    }),
  ]);
  ready.catch(() => {});
  return { child, ready, exit };
}
