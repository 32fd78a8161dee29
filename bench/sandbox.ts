import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { type Announcement, firstLine } from "../cli/sandbox-process";

const root = join(__dirname, "..");

/** A sandbox that nothing has been done in yet, as a process of its own. */
export interface FreshSandbox extends Announcement {
  /** Ends it and removes what it kept. */
  stop(): Promise<void>;
}

export function temporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), "keyless-bench-"));
}

/** @throws Error when it ends before it answers */
export async function startFreshSandbox(): Promise<FreshSandbox> {
  const directory = temporaryDirectory();
  const child = spawn(
    process.execPath,
    [
      ...["--require", require.resolve("sucrase/register/ts"), join(root, "sandbox", "main.ts")],
      ...["--directory", directory, "--ready-json", "3", "--with-parent"],
    ],
    { cwd: root, stdio: ["pipe", "ignore", "inherit", "pipe"] },
  );
  const ended = once(child, "close");
  const line = await Promise.race([
    firstLine(child.stdio[3] as Readable),
    ended.then(() => {
      throw new Error("The sandbox ended before it answered.");
    }),
  ]);
  return {
    ...(JSON.parse(line) as Announcement),
    stop: async () => {
      child.stdin?.end();
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
