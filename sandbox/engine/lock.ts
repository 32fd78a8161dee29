import { open, rm, stat, utimes } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** How often the holder of a lock shows that it is alive, and how long after the last sign it counts as dead. */
const heartbeatMilliseconds = 2_000;
const deadAfterMilliseconds = 15_000;

/**
 * Does `work` while holding a lock file, so that two commands do not do it at once.
 *
 * A holder that was killed is noticed by its missing heartbeat. The lock saves effort only: what it guards
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
    await (await open(path, "wx")).close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const held = await stat(path).catch(() => undefined);
  if (held && Date.now() - held.mtimeMs > deadAfterMilliseconds) await rm(path, { force: true });
  return false;
}
