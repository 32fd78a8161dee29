import { readdir, readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { endAbandoned } from "./commands";
import type { Engine } from "./engine";
import { isAlive } from "./lock";
import { capturePulumi, type Environment } from "./run";

interface StackLocks {
  engine: Engine;
  cwd: string;
  env: Environment;
  project: string;
  stack: string;
}

/** What the CLI writes into a lock of a stack whose state is in files. */
interface Lock {
  pid: number;
  hostname: string;
}

/**
 * Takes away a stack's locks when every one is of a process of this machine that is no more: the CLI leaves
 * its lock behind when it is killed, and then refuses to run. A CLI whose command was killed is ended first; locks
 * of the others that live are left alone.
 *
 * @returns whether the stack is free then
 * @see https://www.pulumi.com/docs/iac/cli/commands/pulumi_cancel/
 */
export async function releaseDeadLocks({ engine, cwd, env, project, stack }: StackLocks): Promise<boolean> {
  const directory = join(engine.home, "state", ".pulumi", "locks", "organization", project, stack);
  const files = (await readdir(directory).catch(() => [])).filter((file) => file.endsWith(".json"));
  const locks = await Promise.all(files.map((file) => readLock(join(directory, file))));
  if (locks.length === 0) return true;
  const dead = await Promise.all(
    locks.map(async (lock) => lock !== undefined && (await isDead(lock, engine.home))),
  );
  if (!dead.every(Boolean)) return false;
  await capturePulumi({ engine, cwd, env, args: ["cancel", "--yes", "--stack", stack] });
  return true;
}

async function readLock(file: string): Promise<Lock | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as Lock;
  } catch {
    return undefined;
  }
}

async function isDead({ pid, hostname: host }: Lock, home: string): Promise<boolean> {
  if (host !== hostname()) return false;
  if (!isAlive(pid) || !(await isPulumi(pid))) return true;
  return endAbandoned(home, pid);
}

/**
 * Whether a process is a CLI that still runs: another program may have been given the number since, and one that
 * has ended keeps it until its parent takes notice. Where there is no /proc, better safe than sorry.
 *
 * @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
 */
async function isPulumi(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "1 (pulumi) S");
  return /\(pulumi.*\) [^ZX]/.test(stat);
}
