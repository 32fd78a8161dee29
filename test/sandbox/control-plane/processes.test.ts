import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createPrograms, type Programs } from "../../../sandbox/control-plane/processes";
import { isAlive } from "../../../sandbox/engine/lock";
import { temporaryDirectory } from "../harness";

let directory: string;
let programs: Programs;
beforeEach(() => {
  directory = temporaryDirectory();
  programs = createPrograms();
});
afterEach(async () => {
  await programs.close();
  rmSync(directory, { recursive: true, force: true });
});

const script = (name: string, content: string) => {
  const executable = join(directory, name);
  writeFileSync(executable, `#!/bin/sh\n${content}\n`, { mode: 0o755 });
  return executable;
};
const log = () => join(directory, "program.log");

it("programs get their own environment, and their output is the user's alone", async () => {
  const executable = script("talker", 'echo "$1 $WORD $HOME!"');
  const program = programs.start({ executable, args: ["one"], env: { WORD: "two" }, logFile: log() });
  expect(await program.ended).toBe("talker ended with code 0:\none two !");
  expect(readFileSync(log(), "utf8")).toBe("one two !\n");
  expect(statSync(log()).mode & 0o777).toBe(0o600);
});

it("what a program said last is told when it fails", async () => {
  const executable = script("failing", "for line in 1 2 3 4 5 6 7; do echo $line; done; exit 3");
  const { ended } = programs.start({ executable, args: [], logFile: log() });
  expect(await ended).toBe("failing ended with code 3:\n3\n4\n5\n6\n7");
});

it("a program that is not there is an error", () => {
  const executable = join(directory, "missing");
  expect(() => programs.start({ executable, args: [], logFile: log() })).toThrow(/^missing cannot be run/);
});

it("programs end when they are stopped", async () => {
  const program = programs.start({
    executable: script("sleeper", "exec sleep 600"),
    args: [],
    logFile: log(),
  });
  await program.stop();
  expect(await program.ended).toContain("sleeper ended with SIGTERM");
  expect(isAlive(program.processId)).toBe(false);
});

it("programs end with a sandbox that was killed", async () => {
  const executable = script("sleeper", 'exec sleep "$1"');
  const parent = spawn(
    process.execPath,
    ["--require", require.resolve("sucrase/register/ts"), join(__dirname, "parent.ts"), executable, log()],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const [line] = await once(createInterface({ input: parent.stdout }), "line");
  const processId = Number(line);
  expect(isAlive(processId)).toBe(true);
  parent.kill("SIGKILL");
  while (isRunning(processId)) await sleep(20);
});

/** One that has ended may still be listed until whoever inherited it takes note. */
function isRunning(processId: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${processId}/stat`, "utf8"));
  } catch {
    return process.platform !== "linux" && isAlive(processId);
  }
}
