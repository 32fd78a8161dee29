import { execFile, spawn } from "node:child_process";
import { constants } from "node:os";
import { rememberCommand } from "./commands";
import type { Engine } from "./engine";

/** Variables for a child process; undefined takes one away that this process has. */
export type Environment = Record<string, string | undefined>;

export interface RunOptions {
  engine: Pick<Engine, "pulumi" | "env">;
  args: readonly string[];
  /** The project's directory, or one below it. */
  cwd: string;
  /** On top of this process's and the engine's. */
  env?: Environment;
}

/** How close together two signals count as one: npm hands on the Ctrl-C that its child got from the terminal. */
const sameSignalMilliseconds = 1_000;

/**
 * Runs the CLI on this process's own terminal and answers its exit code, 128 and the signal's number when a
 * signal ended it.
 *
 * Ctrl-C reaches the CLI once: it then finishes what it is at and saves the state, while this process waits.
 * A second Ctrl-C ends it at once, as the CLI says by itself.
 */
export async function runPulumi({
  engine,
  args,
  cwd,
  env,
}: RunOptions & { engine: Pick<Engine, "home"> }): Promise<number> {
  // On a terminal the CLI gets Ctrl-C as a member of the foreground process group. Elsewhere it has a session
  // of its own, so that a signal to the whole group does not reach it twice.
  const onTerminal = process.stdin.isTTY === true;
  let lastSignal = 0;
  const forward = (signal: NodeJS.Signals) => {
    if (onTerminal && signal === "SIGINT") return;
    const now = Date.now();
    if (now - lastSignal < sameSignalMilliseconds) return;
    lastSignal = now;
    child.kill(signal);
  };
  const signals = ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) process.on(signal, forward);
  const child = spawn(engine.pulumi, args, {
    cwd,
    env: { ...process.env, ...engine.env, ...env },
    stdio: "inherit",
    detached: !onTerminal,
  });
  const forget = child.pid === undefined ? () => {} : rememberCommand(engine.home, child.pid);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? "SIGKILL"]));
    });
  } finally {
    forget();
    for (const signal of signals) process.off(signal, forward);
  }
}

/**
 * Runs the CLI without a terminal and answers what it printed on stdout.
 *
 * @throws Error with what it printed, when it fails.
 */
export function capturePulumi({ engine, args, cwd, env }: RunOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      engine.pulumi,
      [...args, "--non-interactive"],
      { cwd, env: { ...process.env, ...engine.env, ...env }, maxBuffer: 512 * 1024 * 1024 },
      (error, stdout, stderr) => {
        // The engine's diagnostics are on stdout, the CLI's own errors on stderr.
        const printed = `${stdout}${stderr}`.trim();
        if (error) reject(new Error(`pulumi ${args[0]} failed: ${printed || error.message}`));
        else resolve(stdout);
      },
    );
  });
}
