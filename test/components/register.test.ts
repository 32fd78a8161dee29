import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";

const root = join(__dirname, "..", "..");
const directory = mkdtempSync(join(tmpdir(), "keyless-test-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Runs a program as Pulumi would, and returns what it printed. */
function run(program: string): { stdout: string; stderr: string } {
  const file = join(directory, "program.ts");
  writeFileSync(file, program);
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ["--require", join(root, "components", "register.cjs"), file],
    { cwd: root, encoding: "utf8" },
  );
  return { stdout, stderr };
}

const loadPulumi = `const pulumi = require(${JSON.stringify(require.resolve("@pulumi/pulumi"))});`;
const loaded = `const loaded = (path: string) => Object.keys(require.cache).some((file) => file.includes(path));`;

test("Pulumi's SDK loads without what only serialised functions need", () => {
  const { stdout } = run(`${loadPulumi}
    ${loaded}
    console.log(typeof pulumi.CustomResource, loaded("/@npmcli/arborist/"), loaded("/source-map/"));`);
  expect(stdout).toBe("function false false\n");
});

test("functions can be serialised all the same", () => {
  const { stdout, stderr } = run(`${loadPulumi}
    ${loaded}
    const answer: number = 41;
    pulumi.runtime.serializeFunction(() => answer + 1).then(async ({ text }: { text: string }) => {
      const paths = await pulumi.runtime.computeCodePaths();
      console.log(text.includes("answer + 1"), paths.size > 0, loaded("/@npmcli/arborist/"));
    });`);
  expect(stderr).toBe("");
  expect(stdout).toBe("true true true\n");
});

test("an error names the line of the source", () => {
  const { stderr } = run(`${loadPulumi}
interface Shop {
  name: string;
}
const shop: Shop = { name: "orders" };
throw new Error(shop.name);
`);
  expect(stderr).toContain("Error: orders");
  expect(stderr).toContain("program.ts:6:");
});
