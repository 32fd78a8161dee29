import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";

const root = join(__dirname, "../..");
const example = "examples/sdk/keep-a-secret.mjs";

let checkout: string;
let sandbox: ChildProcess;
let printed = "";

// A checkout of its own, because the command keeps everything in the checkout's `.keyless`.
beforeAll(async () => {
  checkout = realpathSync(mkdtempSync(join(tmpdir(), "keyless-checkout-")));
  for (const name of ["cli", "components", "sandbox", "data", "examples/sdk", "package.json", "Pulumi.yaml"])
    cpSync(join(root, name), join(checkout, name), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(checkout, "node_modules"));
  // What `npm run sandbox` runs, once the dependencies are there.
  sandbox = spawn(
    process.execPath,
    ["--require", require.resolve("sucrase/register/ts"), "cli/main.ts", "sandbox"],
    { cwd: checkout, stdio: ["ignore", "pipe", "pipe"] },
  );
  const greeted = new Promise<void>((resolve, reject) => {
    for (const stream of [sandbox.stdout, sandbox.stderr]) {
      stream?.on("data", (chunk) => {
        printed += chunk;
        if (printed.includes("Ctrl-C ends it")) resolve();
      });
    }
    sandbox.once("close", () => reject(new Error(`The sandbox ended:\n${printed}`)));
  });
  await greeted;
});

afterAll(async () => {
  const ended = once(sandbox, "close");
  sandbox.kill("SIGTERM");
  await ended;
  expect(existsSync(join(checkout, ".keyless/sandbox.env"))).toBe(false);
  rmSync(checkout, { recursive: true, force: true });
});

/** In a shell that knows the way to commands, and nothing else until it sources the file. */
async function inShell(command: string): Promise<string> {
  const { PATH = "", HOME = "" } = process.env;
  const options = { cwd: checkout, env: { PATH, HOME } };
  return (await promisify(execFile)("sh", ["-c", `. .keyless/sandbox.env; ${command}`], options)).stdout;
}

it("runs with what the sandbox's file exports, and again", async () => {
  expect(printed).toContain(". .keyless/sandbox.env");
  const lines = (await inShell(`node ${example}`)).split("\n");
  expect(lines).toEqual([
    expect.stringMatching(/^made https:\/\/kv-hello-[0-9a-f]{8}\.vault\.azure\.net\/$/),
    "Forbidden: Caller is not authorized to perform action on resource.",
    "read back: hello",
    "",
  ]);
  expect((await inShell(`node ${example}`)).split("\n").slice(1)).toEqual(["read back: hello", ""]);
  const vaultUri = lines[0]!.replace("made ", "");
  expect(await inShell(`node examples/sdk/read-secret.mjs ${vaultUri} greeting`)).toMatch(
    /^greeting has 5 characters in version [0-9a-f]{32}\n$/,
  );
});

it("is what the README shows", () => {
  const readme = readFileSync(join(root, "README.md"), "utf8");
  expect(readme.includes(`\`\`\`js\n${readFileSync(join(root, example), "utf8")}\`\`\``)).toBe(true);
});
