import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { type Announcement, firstLine } from "../cli/sandbox-process";
import type { FaultSettings } from "../sandbox/core/faults";
import type { JournalEntries } from "../sandbox/core/journal";

const root = join(__dirname, "..");

/** A sandbox that nothing has been done in yet, as a process of its own. */
export interface FreshSandbox extends Announcement {
  /** Its time, in milliseconds since the epoch. */
  now(): Promise<number>;
  /** What happened in it so far. */
  journal(): Promise<JournalEntries>;
  /** Ends it and removes what it kept. */
  stop(): Promise<void>;
}

export function temporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), "keyless-bench-"));
}

/**
 * @param settings speed of the clock and faults; the sandbox's own defaults where absent
 * @throws Error when it ends before it answers
 */
export async function startFreshSandbox(
  settings: { speed?: number; faults?: Partial<FaultSettings> } = {},
): Promise<FreshSandbox> {
  const directory = temporaryDirectory();
  const child = spawn(
    process.execPath,
    [
      ...["--require", require.resolve("sucrase/register/ts"), join(root, "sandbox", "main.ts")],
      ...["--directory", directory, "--ready-json", "3", "--with-parent"],
    ],
    {
      cwd: root,
      stdio: ["pipe", "ignore", "inherit", "pipe"],
      env: {
        ...process.env,
        ...(settings.speed === undefined ? {} : { KEYLESS_SPEED: String(settings.speed) }),
        ...(settings.faults === undefined ? {} : { KEYLESS_FAULTS: JSON.stringify(settings.faults) }),
      },
    },
  );
  const ended = once(child, "close");
  const line = await Promise.race([
    firstLine(child.stdio[3] as Readable),
    ended.then(() => {
      throw new Error("The sandbox ended before it answered.");
    }),
  ]);
  const announcement = JSON.parse(line) as Announcement;
  const ask = async <T>(path: string) =>
    (await (await fetch(`${announcement.proxyUrl}/_sandbox${path}`)).json()) as T;
  return {
    ...announcement,
    now: async () => Date.parse((await ask<{ now: string }>("/clock")).now),
    journal: () => ask<JournalEntries>("/journal"),
    stop: async () => {
      child.stdin?.end();
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
