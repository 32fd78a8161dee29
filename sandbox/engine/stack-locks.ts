import { readdir, readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
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
 * its lock behind when it is killed, and then refuses to run. Locks of the living are left alone.
 *
 * @see https://www.pulumi.com/docs/iac/cli/commands/pulumi_cancel/
 */
export async function releaseDeadLocks({ engine, cwd, env, project, stack }: StackLocks): Promise<void> {
  const directory = join(engine.home, "state", ".pulumi", "locks", "organization", project, stack);
  const files = (await readdir(directory).catch(() => [])).filter((file) => file.endsWith(".json"));
  const locks = await Promise.all(files.map((file) => readLock(join(directory, file))));
  if (locks.length === 0) return;
  const dead = await Promise.all(locks.map(async (lock) => lock !== undefined && (await isDead(lock))));
  if (dead.every(Boolean)) {
    await capturePulumi({ engine, cwd, env, args: ["cancel", "--yes", "--stack", stack] });
  }
}

async function readLock(file: string): Promise<Lock | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as Lock;
  } catch {
    return undefined;
  }
}

async function isDead({ pid, hostname: host }: Lock): Promise<boolean> {
  if (host !== hostname()) return false;
  if (!isAlive(pid)) return true;
  // Another program may have been given the number since; where there is no /proc, better safe than sorry.
  const command = await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "pulumi");
  return !command.startsWith("pulumi");
}
