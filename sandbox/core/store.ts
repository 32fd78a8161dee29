import { mkdirSync } from "node:fs";
import { open, type RootDatabase } from "lmdb";

/**
 * What the sandbox remembers: named tables of JSON documents, ordered by key.
 *
 * Every call is synchronous, so a read followed by a write without an `await` in between is atomic, and a
 * write that returned survives the death of the process: nothing that was acknowledged is lost.
 */
export interface Store {
  get<T>(table: string, key: string): T | undefined;
  put<T>(table: string, key: string, value: T): void;
  /** True when there was something to remove. */
  remove(table: string, key: string): boolean;
  /** Entries whose key begins with `prefix` (default: all), in key order. */
  list<T>(table: string, prefix?: string): { key: string; value: T }[];
  /** All writes of `work`, or none of them when it throws. */
  transaction<T>(work: () => T): T;
  close(): Promise<void>;
}

/** LMDB's keys hold 1,978 bytes with the table's name. */
const longestName = 1800;

/** Keeps the tables in an LMDB environment in `directory`, which is made private to the user. */
export function openStore(directory: string): Store {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  // noSync leaves flushing to the operating system: a killed process loses nothing, a power cut might.
  const root: RootDatabase = open({ path: directory, noSync: true, encoding: "json" });
  const key = (table: string, name: string) => [table, name];
  return {
    // Names come from requests, and a name that is too long to be stored is simply not there.
    get: (table, name) => (Buffer.byteLength(name) > longestName ? undefined : root.get(key(table, name))),
    put: (table, name, value) => {
      root.putSync(key(table, name), value);
    },
    remove: (table, name) => Buffer.byteLength(name) <= longestName && root.removeSync(key(table, name)),
    list: <T>(table: string, prefix = "") =>
      Buffer.byteLength(prefix) > longestName
        ? []
        : [...root.getRange({ start: [table, prefix], end: [table, `${prefix}\uffff`] })].map((entry) => ({
            key: (entry.key as string[])[1] as string,
            value: entry.value as T,
          })),
    transaction: (work) => root.transactionSync(work),
    close: () => root.close(),
  };
}
