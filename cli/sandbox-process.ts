import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { UsageError } from "./errors";
import { announcementFile, home, root, sandboxDirectory } from "./paths";

/** What a sandbox says of itself once it answers. */
export interface Announcement {
  processId: number;
  proxyUrl: string;
  /** The variables that make a process the deployer, and lead Pulumi to the sandbox's providers. */
  env: Record<string, string>;
  /** Where a `kubelogin` is, for those who have none. */
  toolsDirectory: string;
  services: string[];
  account: { tenantId: string; subscriptionId: string };
}

export interface AttachedSandbox extends Announcement {
  /** Ends it when it was started for this command; leaves one that was there. */
  release(): Promise<void>;
}

/**
 * The sandbox that `npm run sandbox` keeps running or, when there is none, one for as long as this command.
 * @param prepare what has to be there before one is started
 */
export async function attachSandbox(prepare: () => Promise<void>): Promise<AttachedSandbox> {
  const running = await findRunning();
  if (running) return { ...running, release: async () => {} };
  await prepare();
  return startChild();
}

async function findRunning(): Promise<Announcement | undefined> {
  let announcement: Announcement;
  try {
    announcement = JSON.parse(readFileSync(announcementFile, "utf8"));
    process.kill(announcement.processId, 0);
    const health = await fetch(`${announcement.proxyUrl}/_sandbox/health`);
    return health.ok ? announcement : undefined;
  } catch {
    // No file, or one that a killed sandbox left.
    return undefined;
  }
}

async function startChild(): Promise<AttachedSandbox> {
  const logFile = join(home, "sandbox.log");
  mkdirSync(dirname(logFile), { recursive: true, mode: 0o700 });
  const log = openSync(logFile, "w", 0o600);
  const child = spawn(process.execPath, [...sandboxCommand, "--ready-json", "3", "--with-parent"], {
    cwd: root,
    // A group of its own: Ctrl-C is for the engine, which still needs the sandbox to finish what it is at.
    detached: true,
    stdio: ["pipe", log, log, "pipe"],
  });
  closeSync(log);
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const announcement = await Promise.race([
    firstLine(child.stdio[3] as Readable),
    ended.then(() => {
      const lines = readFileSync(logFile, "utf8").trim();
      throw new UsageError(`The sandbox did not start. It said:\n${lines}`);
    }),
  ]);
  return {
    ...(JSON.parse(announcement) as Announcement),
    release: async () => {
      child.stdin?.end();
      await ended;
    },
  };
}

/** How `node` runs the sandbox on the state of this checkout. */
export const sandboxCommand = [
  "--require",
  require.resolve("sucrase/register/ts"),
  join(root, "sandbox", "main.ts"),
  "--directory",
  sandboxDirectory,
];

/** The first line of a stream; waits for ever when there is none. */
export async function firstLine(stream: Readable): Promise<string> {
  let text = "";
  for await (const chunk of stream) {
    text += chunk;
    const end = text.indexOf("\n");
    if (end >= 0) return text.slice(0, end);
  }
  return new Promise(() => {});
}
