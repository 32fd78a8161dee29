import { spawn } from "node:child_process";
import { performance } from "node:perf_hooks";
import { canInspectProcesses, processStat, residentBytesOfTree } from "./process-tree";

/** What a command took; processor time and memory only where the system tells. */
export interface Measurement {
  wallSeconds: number;
  /** Of the command and everything it started. */
  processorSeconds?: number;
  /** Peak of what the command and everything it started held at one time. */
  peakMemoryBytes?: number;
}

export interface Command {
  file: string;
  args: readonly string[];
  cwd: string;
  env: Record<string, string | undefined>;
}

/** Often enough to see a peak of a program that runs for seconds, seldom enough to cost nothing beside it. */
const sampleEveryMilliseconds = 100;

/**
 * Runs a command and measures it. No other child of this process may end meanwhile.
 *
 * @throws Error with what the command printed, when it fails
 */
export async function measure({ file, args, cwd, env }: Command): Promise<Measurement> {
  const secondsBefore = endedChildrenSeconds();
  const started = performance.now();
  const child = spawn(file, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const printed: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => printed.push(chunk));

  let peakMemoryBytes = 0;
  const sample = () => {
    if (child.pid !== undefined) {
      peakMemoryBytes = Math.max(peakMemoryBytes, residentBytesOfTree(child.pid));
    }
  };
  const sampler = canInspectProcesses ? setInterval(sample, sampleEveryMilliseconds) : undefined;
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  }).finally(() => clearInterval(sampler));
  const wallSeconds = (performance.now() - started) / 1000;
  if (code !== 0) {
    throw new Error(`${file} ${args.join(" ")} ended with ${code}:\n${Buffer.concat(printed).toString()}`);
  }
  return {
    wallSeconds,
    ...(secondsBefore === undefined
      ? {}
      : { processorSeconds: (endedChildrenSeconds() as number) - secondsBefore, peakMemoryBytes }),
  };
}

function endedChildrenSeconds(): number | undefined {
  return canInspectProcesses ? processStat(process.pid)?.endedChildrenSeconds : undefined;
}
