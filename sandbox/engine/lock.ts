import { readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

/** How often the holder of a lock shows that it is alive, and how long after the last sign it counts as dead. */
const heartbeatMilliseconds = 2_000;
const deadAfterMilliseconds = 15_000;

/**
 * Does `work` while holding a lock file, so that two commands do not do it at once.
 *
 * A holder that was killed is noticed by its process, or from another machine by its missing heartbeat. The lock saves effort only: what it guards
 * must stand two holders, as may come about when two waiters take over from a dead one at the same instant.
 *
 * @param onWait called once when another command holds the lock
 */
export async function withLock<T>(path: string, onWait: () => void, work: () => Promise<T>): Promise<T> {
  for (let waited = false; !(await take(path)); waited = true) {
    if (!waited) onWait();
    await sleep(500);
  }
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, heartbeatMilliseconds);
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    await rm(path, { force: true });
  }
}

async function take(path: string): Promise<boolean> {
  try {
    await writeFile(path, `${process.pid} ${hostname()}`, { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const held = await stat(path).catch(() => undefined);
  if (!held) return false;
  const silent = Date.now() - held.mtimeMs > deadAfterMilliseconds;
  const [pid, host] = (await readFile(path, "utf8").catch(() => "")).split(" ");
  if (silent || (host === hostname() && !isAlive(Number(pid)))) await rm(path, { force: true });
  return false;
}

/** Whether a process of this machine runs. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
