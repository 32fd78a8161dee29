import { spawn } from "node:child_process";
import { join } from "node:path";
import type { Environment } from "../../sandbox/engine/run";
import { UsageError } from "../errors";
import type { InspectionReport, InspectionRequest } from "./main";

/**
 * Inspects a stack in a process of its own: Node reads the certificates that it trusts, and the proxy that leads
 * to the sandbox, when it starts.
 *
 * @param env on top of this process's
 * @throws UsageError with what went wrong
 */
export async function runInspection(request: InspectionRequest, env: Environment): Promise<InspectionReport> {
  const child = spawn(
    process.execPath,
    ["--require", require.resolve("sucrase/register/ts"), join(__dirname, "main.ts")],
    { env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "pipe"] },
  );
  const printed = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].setEncoding("utf8").on("data", (chunk: string) => {
      printed[stream] += chunk;
    });
  }
  // A process that ended early says why on stderr.
  child.stdin.on("error", () => {});
  child.stdin.end(JSON.stringify(request));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code !== 0) throw new UsageError(`The stack could not be inspected: ${printed.stderr.trim()}`);
  return JSON.parse(printed.stdout) as InspectionReport;
}
