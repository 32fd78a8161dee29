import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Store } from "./store";

/** The process that has a sandbox's directory in use. */
export interface Owner {
  id: string;
  processId: number;
  /** When the process started, in the system's own unit: a process id alone may be another process's by now. */
  startedAt?: string;
  /** The process with which it ends, if it does. */
  endsWith?: number;
}

const table = "instance";
const entry = "owner";

/** Another process has the sandbox's directory in use. */
export class SandboxInUse extends Error {
  /** Whether that process is about to end, as the one that it ends with is gone. */
  readonly isEnding: boolean;

  constructor(directory: string, owner: Owner) {
    super(
      `The sandbox in ${directory} is in use by process ${owner.processId}. ` +
        "Stop that process first, or use another directory.",
    );
    this.name = "SandboxInUse";
    this.isEnding = owner.endsWith !== undefined && !isRunning(owner.endsWith);
  }
}

/**
 * Makes this process the owner of the store, taking over from a process that died. LMDB lets one process write
 * at a time, so of two that start together exactly one succeeds.
 *
 * @param endsWith the process with which this one ends
 * @returns gives the ownership up
 * @throws SandboxInUse
 */
export function takeOwnership(store: Store, directory: string, endsWith?: number): () => void {
  const startedAt = startOf(process.pid);
  const self: Owner = {
    id: randomUUID(),
    processId: process.pid,
    ...(startedAt ? { startedAt } : {}),
    ...(endsWith === undefined ? {} : { endsWith }),
  };
  store.transaction(() => {
    const owner = store.get<Owner>(table, entry);
    if (owner && isAlive(owner)) throw new SandboxInUse(directory, owner);
    store.put(table, entry, self);
  });
  return () => {
    if (store.get<Owner>(table, entry)?.id === self.id) store.remove(table, entry);
  };
}

function isAlive(owner: Owner): boolean {
  if (!isRunning(owner.processId)) return false;
  const startedAt = startOf(owner.processId);
  return owner.startedAt === undefined || startedAt === undefined || owner.startedAt === startedAt;
}

function isRunning(processId: number): boolean {
  try {
    return process.kill(processId, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** On Linux, the ticks from boot to the start of a process (proc(5), field 22 of stat); elsewhere unknown. */
function startOf(processId: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${processId}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}
