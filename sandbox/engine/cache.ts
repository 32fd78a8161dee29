import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { withLock } from "./lock";

/**
 * Where what takes long to get is kept for all checkouts of a user: `$KEYLESS_CACHE`, by default
 * `$XDG_CACHE_HOME/azure-keyless`.
 */
export const cacheRoot = (env: NodeJS.ProcessEnv): string =>
  resolve(env.KEYLESS_CACHE || join(env.XDG_CACHE_HOME || join(homedir(), ".cache"), "azure-keyless"));

export interface CacheEntry {
  /** The entry's directory, named after the version of what it holds. */
  directory: string;
  /** A file below the directory, by which the entry counts as there. */
  file: string;
  /** Called once when another command is filling it. */
  onWait(): void;
}

/**
 * Fills an entry of the cache unless it is there. Two commands do not fill it at once, and one that is killed
 * meanwhile leaves nothing half done.
 *
 * @param fill puts the files into a directory that becomes the entry's, or returns undefined when it cannot
 * @returns what `fill` returned; "found" when the entry was there
 */
export async function fillCache<T>(
  { directory, file, onWait }: CacheEntry,
  fill: (partial: string) => Promise<T | undefined>,
): Promise<T | "found" | undefined> {
  const isThere = () => existsSync(join(directory, file));
  if (isThere()) return "found";
  const shelf = dirname(directory);
  await mkdir(shelf, { recursive: true });
  return withLock(`${directory}.lock`, onWait, async () => {
    if (isThere()) return "found";
    await removeLeftovers(shelf);
    const partial = await mkdtemp(join(shelf, "partial-"));
    try {
      const outcome = await fill(partial);
      if (outcome !== undefined) await rename(partial, directory);
      return outcome;
    } finally {
      await rm(partial, { recursive: true, force: true });
    }
  });
}

/** What commands that were killed left behind; whoever holds the lock may remove it. */
async function removeLeftovers(shelf: string): Promise<void> {
  const partial = (await readdir(shelf)).filter((entry) => entry.startsWith("partial-"));
  await Promise.all(partial.map((entry) => rm(join(shelf, entry), { recursive: true, force: true })));
}
