import { setTimeout as sleep } from "node:timers/promises";

/** Tries until it succeeds. @throws the last error after a minute */
export async function eventually<T>(attempt: () => T | Promise<T>): Promise<T> {
  for (let left = 240; ; left -= 1) {
    try {
      return await attempt();
    } catch (error) {
      if (left === 0) throw error;
      await sleep(250);
    }
  }
}
