import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** How long a program has to end by itself, in milliseconds. */
const patience = 5_000;

/** How much of a program's log is told when it ends unasked, in lines. */
const toldLines = 5;

/** A program that runs beside the sandbox. */
export interface Program {
  readonly processId: number;
  /** Resolves when it has ended, with what is known of why: "kube-apiserver ended with code 1: …". */
  readonly ended: Promise<string>;
  /** Asks it to end, and makes it end when it does not. */
  stop(): Promise<void>;
}

export interface ProgramArgs {
  executable: string;
  args: string[];
  env?: Record<string, string>;
  /** Made anew; readable by the user alone. */
  logFile: string;
}

/** Starts programs that end with the sandbox, however it ends. */
export interface Programs {
  start(args: ProgramArgs): Program;
  /** To be called when all of them have ended. */
  close(): Promise<void>;
}

export function createPrograms(): Programs {
  let guardian: ChildProcess | undefined;
  const tell = (line: string) => guardian?.stdin?.write(`${line}\n`);
  return {
    start: (args) => {
      guardian ??= startGuardian();
      const program = start(args);
      tell(`+${program.processId}`);
      program.ended.then(() => tell(`-${program.processId}`));
      return program;
    },
    close: async () => {
      if (!guardian) return;
      const ended = once(guardian, "close");
      guardian.stdin?.end();
      await ended;
      guardian = undefined;
    },
  };
}

function startGuardian(): ChildProcess {
  const child = spawn(process.execPath, [join(__dirname, "guardian.cjs")], {
    // A group of its own, as for the programs: Ctrl-C is for the sandbox, which ends them in order.
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
    env: {},
  });
  // A guardian that was ended by somebody cannot be told anything; what it guarded goes on.
  child.stdin?.on("error", () => {});
  return child;
}

/** @throws Error when the executable cannot be run */
function start({ executable, args, env = {}, logFile }: ProgramArgs): Program {
  const name = basename(executable);
  const log = openSync(logFile, "w", 0o600);
  const child = spawn(executable, args, { detached: true, stdio: ["ignore", log, log], env });
  closeSync(log);
  if (child.pid === undefined) {
    child.once("error", () => {});
    throw new Error(`${name} cannot be run: is ${executable} there?`);
  }
  const ended = new Promise<string>((resolve) => {
    child.once("close", (code, signal) => {
      const lines = readFileSync(logFile, "utf8").trimEnd().split("\n").slice(-toldLines).join("\n");
      resolve(`${name} ended with ${signal ?? `code ${code}`}:\n${lines}`);
    });
  });
  return {
    processId: child.pid,
    ended,
    stop: async () => {
      child.kill("SIGTERM");
      const inTime = await Promise.race([ended, sleep(patience, undefined, { ref: false })]);
      if (inTime === undefined) child.kill("SIGKILL");
      await ended;
    },
  };
}
