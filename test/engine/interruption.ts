import { execFileSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { integer, sample } from "fast-check";
import type { Running } from "./project";

/** When to interrupt: after how many resources, each from `least` to `most`. */
export const moments = (seed: number, count: number, [least, most]: [number, number]): number[] =>
  sample(integer({ min: least, max: most }), { seed, numRuns: count });

/**
 * Waits until a command has created, or deleted, so many resources.
 *
 * @throws Error when it ends before, as there is nothing left to interrupt then
 */
export async function untilDone(
  running: Pick<Running, "output" | "ended">,
  what: "created" | "deleted",
  count: number,
): Promise<void> {
  let over = false;
  running.ended.then(
    () => {
      over = true;
    },
    () => {
      over = true;
    },
  );
  const done = () => running.output().split(` ${what} `).length - 1;
  while (done() < count) {
    if (over) throw new Error(`it ended after ${done()} were ${what}:\n${running.output()}`);
    await sleep(10);
  }
}

/** The processes that run, without those that have ended and wait for their parent to take notice. */
function runningProcesses(): { pid: number; parent: number }[] {
  const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid=,stat="], { encoding: "utf8" }).trim().split("\n");
  return lines
    .map((line) => line.trim().split(/\s+/) as [string, string, string])
    .filter(([, , state]) => !state.startsWith("Z"))
    .map(([pid, parent]) => ({ pid: Number(pid), parent: Number(parent) }));
}

/** A process and all that it started, itself first. */
export function processTree(root: number): number[] {
  const processes = runningProcesses();
  const tree = [root];
  for (const of of tree) {
    tree.push(...processes.filter(({ parent }) => parent === of).map(({ pid }) => pid));
  }
  return tree;
}

/** SIGKILL, to each of them that is still there. */
export function killAll(processes: readonly number[]): void {
  for (const pid of processes) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended with its parent.
    }
  }
}

/** Those that still run after a while, or none as soon as all have ended. */
export async function survivors(processes: readonly number[], seconds: number): Promise<number[]> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const alive = runningProcesses().filter(({ pid }) => processes.includes(pid));
    if (alive.length === 0 || Date.now() > deadline) return alive.map(({ pid }) => pid);
    await sleep(100);
  }
}
