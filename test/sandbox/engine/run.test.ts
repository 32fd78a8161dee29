import { spawn } from "node:child_process";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";
import { temporaryDirectory } from "./project";

/** Runs a shell script in the CLI's place, as a command of this package would run the CLI. */
async function start(script: string) {
  const directory = await temporaryDirectory();
  const cli = join(directory, "pulumi");
  await writeFile(cli, `#!/bin/sh\n${script}\n`);
  await chmod(cli, 0o755);
  const entry = join(directory, "entry.ts");
  const runModule = resolve(__dirname, "../../../sandbox/engine/run.ts");
  await writeFile(
    entry,
    `import { runPulumi } from ${JSON.stringify(runModule)};
     const engine = { version: "", how: "", pulumi: ${JSON.stringify(cli)}, home: ${JSON.stringify(directory)}, env: { FROM_ENGINE: "1" } };
     const options = { engine, args: ["up", "--yes"], cwd: ${JSON.stringify(directory)}, env: { GONE: undefined } };
     runPulumi(options).then((code) => { process.exitCode = code; });`,
  );
  const command = spawn(process.execPath, ["--require", require.resolve("sucrase/register/ts"), entry], {
    env: { ...process.env, GONE: "1" },
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  let printed = "";
  command.stdout.on("data", (chunk) => {
    printed += chunk;
  });
  const ended = new Promise<number | null>((done) => command.once("close", (code) => done(code)));
  return { command, directory, ended, printed: () => printed };
}

it("hands on arguments, environment, output and exit code", async () => {
  const { ended, printed } = await start('echo "$@" engine=$FROM_ENGINE gone=$GONE; exit 3');
  expect(await ended).toBe(3);
  expect(printed()).toBe("up --yes engine=1 gone=\n");
});

it("answers 128 and the number of the signal that ended the CLI", async () => {
  const { ended } = await start("kill -KILL $$");
  expect(await ended).toBe(137);
});

it.each([
  ["this process", (pid: number) => process.kill(pid, "SIGINT")],
  ["the whole process group", (pid: number) => process.kill(-pid, "SIGINT")],
  [
    "this process twice, as npm does",
    (pid: number) => {
      process.kill(pid, "SIGINT");
      setTimeout(() => process.kill(pid, "SIGINT"), 100);
    },
  ],
])("interrupts the CLI once when the signal goes to %s, and waits for its end", async (_to, interrupt) => {
  const { command, directory, ended, printed } = await start(
    'trap "echo interrupted >> signals" INT; echo ready; n=0; while [ $n -lt 8 ]; do sleep 0.1; n=$((n+1)); done; exit 5',
  );
  await expect.poll(printed).toBe("ready\n");
  interrupt(command.pid!);
  expect(await ended).toBe(5);
  expect(await readFile(join(directory, "signals"), "utf8")).toBe("interrupted\n");
});
