import { existsSync, readdirSync, readFileSync } from "node:fs";

/** What Linux's `/proc/<id>/stat` says of a process. */
export interface ProcessStat {
  processId: number;
  parentId: number;
  /** Processor time of its own, in seconds. */
  ownSeconds: number;
  /** Processor time of its descendants that have ended and were waited for, in seconds. */
  endedChildrenSeconds: number;
}

/** `USER_HZ`, which is 100 on every architecture that Node.js runs on. */
const ticksPerSecond = 100;

/** Whether this system tells about processes in `/proc`, as Linux does. */
export const canInspectProcesses = existsSync("/proc/self/stat");

/** @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
export function parseProcessStat(line: string): ProcessStat {
  // The command stands in brackets, and may hold spaces and brackets itself.
  const end = line.lastIndexOf(")");
  const fields = line.slice(end + 2).split(" ");
  // Field 3, the state, is the first after the command.
  const field = (number: number) => Number(fields[number - 3]);
  return {
    processId: Number.parseInt(line, 10),
    parentId: field(4),
    ownSeconds: (field(14) + field(15)) / ticksPerSecond,
    endedChildrenSeconds: (field(16) + field(17)) / ticksPerSecond,
  };
}

/** A process and everything below it. */
export function treeOf(root: number, processes: readonly ProcessStat[]): number[] {
  const tree = [root];
  for (const parent of tree) {
    for (const { processId, parentId } of processes) if (parentId === parent) tree.push(processId);
  }
  return tree;
}

/** Undefined when the process is gone. */
export function processStat(processId: number): ProcessStat | undefined {
  const line = readProcessFile(processId, "stat");
  return line === undefined ? undefined : parseProcessStat(line);
}

/** The memory that a process and everything below it hold, in bytes; pages that two of them share count twice. */
export function residentBytesOfTree(root: number): number {
  const processes = readdirSync("/proc").flatMap((entry) =>
    /^\d+$/.test(entry) ? (processStat(Number(entry)) ?? []) : [],
  );
  return treeOf(root, processes).reduce((sum, processId) => sum + residentBytes(processId), 0);
}

/** The memory that a process holds, in bytes; 0 when it is gone. */
export function residentBytes(processId: number): number {
  return statusBytes(processId, "VmRSS");
}

/** The most memory that a process has held so far, in bytes; 0 when it is gone. */
export function peakResidentBytes(processId: number): number {
  return statusBytes(processId, "VmHWM");
}

function statusBytes(processId: number, key: string): number {
  const kilobytes = new RegExp(`^${key}:\\s+(\\d+) kB`, "m").exec(readProcessFile(processId, "status") ?? "");
  return Number(kilobytes?.[1] ?? 0) * 1024;
}

function readProcessFile(processId: number, name: string): string | undefined {
  try {
    return readFileSync(`/proc/${processId}/${name}`, "utf8");
  } catch {
    // It ended meanwhile.
    return undefined;
  }
}
