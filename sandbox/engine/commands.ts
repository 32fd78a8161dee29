import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isAlive } from "./lock";

/** How long an engine that was asked to stop may take, in milliseconds. */
const stopGraceMilliseconds = 5_000;

/** The file that says which command an engine works for. */
const fileOf = (home: string, enginePid: number) => join(home, "commands", String(enginePid));

/**
 * Remembers that the engine with this process id works for this process, until the function that is returned
 * is called.
 */
export function rememberCommand(home: string, enginePid: number): () => void {
  const file = fileOf(home, enginePid);
  mkdirSync(join(home, "commands"), { recursive: true });
  writeFileSync(file, String(process.pid));
  return () => rmSync(file, { force: true });
}

/**
 * Ends an engine whose command was killed, as nobody else can any more: first as Ctrl-C does, so that it saves
 * its state, then at once.
 *
 * @returns whether it has ended; false for an engine whose command lives, or that no command of ours started
 */
export async function endAbandoned(home: string, enginePid: number): Promise<boolean> {
  const file = fileOf(home, enginePid);
  let command: number;
  try {
    command = Number(readFileSync(file, "utf8"));
  } catch {
    return false;
  }
  if (isAlive(command)) return false;
  for (const signal of ["SIGINT", "SIGKILL"] as const) {
    try {
      process.kill(enginePid, signal);
    } catch {
      // It has ended by itself.
    }
    for (let waited = 0; isAlive(enginePid) && waited < stopGraceMilliseconds; waited += 50) await sleep(50);
    if (!isAlive(enginePid)) break;
  }
  rmSync(file, { force: true });
  return !isAlive(enginePid);
}
