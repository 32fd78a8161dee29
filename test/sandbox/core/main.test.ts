import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { shellExports, writePrivateFile } from "../../../sandbox/core/environment-file";
import { temporaryDirectory } from "../harness";
import { type SandboxProcess, startProcess } from "./process";

let directory: string;
let processes: SandboxProcess[];
beforeEach(() => {
  directory = temporaryDirectory();
  processes = [];
});
afterEach(async () => {
  for (const { child, exit } of processes) {
    child.kill("SIGKILL");
    await exit;
  }
  rmSync(directory, { recursive: true, force: true });
});

function start(args: string[] = [], env: Record<string, string> = {}): SandboxProcess {
  const started = startProcess(["--directory", directory, ...args], env);
  processes.push(started);
  return started;
}

test("it says when it is ready, on the descriptor and in a file, and cleans up on SIGTERM", async () => {
  const file = join(directory, "announcement.json");
  const { child, ready, exit } = start(["--announcement-file", file]);
  const announcement = await ready;
  const { proxyUrl, env } = announcement;
  expect((await fetch(`${proxyUrl}/_sandbox/health`)).status).toBe(200);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(announcement);
  expect(env.PULUMI_DEBUG_PROVIDERS).toMatch(
    /^(azure-native|azuread|kubernetes|random):\d+(,(azure-native|azuread|kubernetes|random):\d+){3}$/,
  );
  expect(readFileSync(env.AZURE_FEDERATED_TOKEN_FILE!, "utf8").split(".")).toHaveLength(3);
  expect(statSync(env.AZURE_FEDERATED_TOKEN_FILE!).mode & 0o777).toBe(0o600);
  child.kill("SIGTERM");
  expect(await exit).toBe(0);
  expect(existsSync(file)).toBe(false);
  expect(existsSync(env.AZURE_FEDERATED_TOKEN_FILE!)).toBe(false);
});

test("a shell that sources the variables has them as they are", () => {
  const file = join(directory, "it's.env");
  const variables = { PLAIN: "value", QUOTED: `it's "$HOME" \`date\``, LINES: "a\nb" };
  const remove = writePrivateFile(file, shellExports(variables, ["/tools of/mine", "/it's"]));
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const print = `process.stdout.write(JSON.stringify({ ...process.env }))`;
  const sourced = execFileSync("sh", ["-c", '. "$0" && exec "$1" -e "$2"', file, process.execPath, print], {
    encoding: "utf8",
    env: { PATH: "/bin" },
  });
  expect(JSON.parse(sourced)).toMatchObject({ ...variables, PATH: "/bin:/tools of/mine:/it's" });
  remove();
  expect(existsSync(file)).toBe(false);
});

test("it ends with its parent", async () => {
  const { child, ready, exit } = start(["--with-parent"]);
  await ready;
  child.stdin?.end();
  expect(await exit).toBe(0);
});

test("a second process on the directory is refused, and the first goes on", async () => {
  const first = start();
  const { proxyUrl } = await first.ready;
  const second = start();
  await expect(second.ready).rejects.toThrow(
    `The sandbox in ${directory} is in use by process ${first.child.pid}. Stop that process first, or use another directory.`,
  );
  expect(await second.exit).toBe(1);
  expect((await fetch(`${proxyUrl}/_sandbox/health`)).status).toBe(200);
});

test("of processes that start together after one was killed, exactly one takes over, with the same tenant", async () => {
  const killed = start();
  const { account } = await killed.ready;
  killed.child.kill("SIGKILL");
  await killed.exit;
  const rivals = [start(), start()];
  const outcomes = await Promise.allSettled(rivals.map(({ ready }) => ready));
  const winners = outcomes.filter((outcome) => outcome.status === "fulfilled");
  expect(winners).toHaveLength(1);
  expect(winners[0]!.value.account).toEqual(account);
});

test("what was acknowledged is there after a kill in the middle of writing", async () => {
  const first = start();
  const { proxyUrl } = await first.ready;
  const acknowledged: string[] = [];
  const write = async () => {
    for (;;) {
      const response = await fetch(`${proxyUrl}/_sandbox/machines`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({
          kind: "appService",
          resourceId: "/subscriptions/s/site",
          systemAssigned: true,
        }),
      });
      acknowledged.push(((await response.json()) as { key: string }).key);
    }
  };
  const writers = Array.from({ length: 8 }, () => write().catch(() => {}));
  await expect.poll(() => acknowledged.length).toBeGreaterThan(100);
  first.child.kill("SIGKILL");
  await Promise.all(writers);
  await first.exit;

  const { proxyUrl: again } = await start().ready;
  const url = `${again}/msi/token?api-version=2019-08-01&resource=https://storage.azure.com`;
  const statuses = await Promise.all(
    acknowledged.map(async (key) => (await fetch(url, { headers: { "X-IDENTITY-HEADER": key } })).status),
  );
  expect(new Set(statuses)).toEqual(new Set([200]));
}, 30_000);

test.each<[string, string[], Record<string, string>, string]>([
  ["another interface", ["--host", "0.0.0.0"], {}, "listens on loopback only"],
  [
    "a port that is none",
    ["--port", "70000"],
    {},
    "--port must be a whole number from 0 to 65535, got '70000'.",
  ],
  ["a speed that is none", [], { KEYLESS_SPEED: "fast" }, "KEYLESS_SPEED must be a whole number"],
  ["faults that are none", [], { KEYLESS_FAULTS: '{"throttleRate":7}' }, "throttleRate: Too big"],
  ["an option that is none", ["--colour"], {}, "Unknown option '--colour'"],
])("%s is one readable error", async (_name, args, env, message) => {
  const { ready, exit } = start(args, env);
  const error = await ready.then(
    () => new Error("it started"),
    (failure: Error) => failure,
  );
  expect(error.message).toContain(message);
  expect(error.message).not.toMatch(/^\s+at /m);
  expect(await exit).toBe(1);
});
