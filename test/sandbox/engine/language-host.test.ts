import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { capturePulumi } from "../../../sandbox/engine/run";
import { prepareStack } from "../../../sandbox/engine/stack-config";
import { engineTimeout, freshEngine, outputs, pulumi } from "./engine-under-test";
import { writeProject } from "./project";

const up = ["up", "--yes", "--skip-preview", "--color", "never"];
const destroy = ["destroy", "--yes", "--skip-preview", "--color", "never"];

const devYaml = "# said first\nconfig:\n  tiny:greeting: hello\n";

it("runs a program, its outputs and its end", { timeout: engineTimeout }, async () => {
  const project = await writeProject({
    "stacks/Pulumi.dev.yaml": devYaml,
    "infra/words.ts": "export const words: string[] = ['one'];\n",
    "infra/index.ts": `
      import { basename } from "node:path";
      import * as pulumi from "@pulumi/pulumi";
      import { words } from "./words";
      class Box extends pulumi.ComponentResource {
        constructor(name: string) { super("tiny:index:Box", name); this.registerOutputs({}); }
      }
      new Box("box");
      console.log("printed by the program");
      export const greeting = new pulumi.Config().require("greeting");
      export const secret = pulumi.secret("not to be seen");
      export const where = [pulumi.getOrganization(), pulumi.getProject(), pulumi.getStack(), basename(process.cwd())];
      export const count = words.length;
    `,
  });
  const engine = await freshEngine();
  const printed = await pulumi(engine, project, up);
  expect(printed).toContain("printed by the program");
  expect(printed).toContain("+ 2 created");
  expect(printed).not.toContain("not to be seen");
  expect(printed).not.toContain("pulumi-language-nodejs");
  expect(await outputs(engine, project)).toEqual({
    greeting: "hello",
    secret: "not to be seen",
    where: ["organization", "tiny", "dev", "infra"],
    count: 1,
  });
  expect(await pulumi(engine, project, ["preview", "--color", "never"])).toContain("2 unchanged");
  expect(await pulumi(engine, project, destroy)).toContain("- 2 deleted");
  expect(await readFile(join(project, "stacks", "Pulumi.dev.yaml"), "utf8")).toBe(devYaml);
});

it("fails with the program's own words", { timeout: engineTimeout }, async () => {
  const project = await writeProject({
    "infra/index.ts": 'throw new Error("the vault has no name");\n',
  });
  const engine = await freshEngine();
  const failed = await pulumi(engine, project, up).catch((error: Error) => error.message);
  expect(failed).toMatch(/^pulumi up failed/);

  await writeFile(join(project, "infra", "index.ts"), "process.exit(7);\n");
  const exited = await pulumi(engine, project, up).catch((error: Error) => error.message);
  expect(exited).toContain("Program exited with non-zero exit code: 7");
});

it("says what to do where dependencies are not installed", { timeout: engineTimeout }, async () => {
  const project = await writeProject({ "infra/index.ts": "" });
  await rm(join(project, "node_modules"));
  const failed = await pulumi(await freshEngine(), project, up).catch((error: Error) => error.message);
  expect(failed).toContain("Have you run npm install in");
});

it("runs dynamic providers", { timeout: engineTimeout }, async () => {
  const project = await writeProject({
    "infra/index.ts": `
      import * as pulumi from "@pulumi/pulumi";
      class Note extends pulumi.dynamic.Resource {
        declare readonly length: pulumi.Output<number>;
        constructor(name: string, text: string) {
          super({
            create: async (inputs: { text: string }) => ({ id: "note-1", outs: { ...inputs, length: inputs.text.length } }),
          }, name, { text, length: undefined });
        }
      }
      export const length = new Note("note", "twelve chars").length;
    `,
  });
  const engine = await freshEngine();
  await pulumi(engine, project, up);
  expect(await outputs(engine, project)).toEqual({ length: 12 });
  expect(await pulumi(engine, project, destroy)).toContain("- 2 deleted");
});

it("runs policy packs, which know the stack and its configuration", { timeout: engineTimeout }, async () => {
  const project = await writeProject({
    "stacks/Pulumi.dev.yaml": devYaml,
    "infra/index.ts": "export const done = true;\n",
    "policy/PulumiPolicy.yaml": "runtime: nodejs\nmain: index.js\n",
    "policy/package.json": '{ "name": "tiny-policy", "version": "1.0.0", "main": "index.js" }\n',
    "policy/index.js": `
      const pulumi = require("@pulumi/pulumi");
      const { PolicyPack } = require("@pulumi/policy");
      const { writeFileSync } = require("node:fs");
      const seen = { project: pulumi.getProject(), stack: pulumi.getStack(), cwd: process.cwd(),
        greeting: new pulumi.Config("tiny").get("greeting") };
      writeFileSync("seen.json", JSON.stringify(seen));
      new PolicyPack("tiny-policy", { policies: [{
        name: "no-done",
        description: "Forbids it.",
        enforcementLevel: "mandatory",
        validateStack: (_stack, report) => { if (process.env.FORBID) report("that is forbidden here"); },
      }] });
    `,
  });
  const engine = await freshEngine();
  const withPolicy = ["preview", "--color", "never", "--policy-pack", join(project, "policy")];
  expect(await pulumi(engine, project, withPolicy)).toContain("tiny-policy");
  expect(JSON.parse(await readFile(join(project, "policy", "seen.json"), "utf8"))).toEqual({
    project: "tiny",
    stack: "dev",
    greeting: "hello",
    cwd: join(project, "policy"),
  });
  await expect(pulumi(engine, project, withPolicy, { FORBID: "1" })).rejects.toThrow("pulumi preview failed");
});

it("says how a policy pack failed to start", { timeout: engineTimeout }, async () => {
  const project = await writeProject({
    "infra/index.ts": "",
    "policy/PulumiPolicy.yaml": "runtime: nodejs\nmain: index.js\n",
    "policy/package.json": '{ "name": "tiny-policy", "version": "1.0.0", "main": "index.js" }\n',
    "policy/index.js": 'throw new Error("the pack is broken");\n',
  });
  const command = ["preview", "--color", "never", "--policy-pack", join(project, "policy")];
  const failed = await pulumi(await freshEngine(), project, command).catch((error: Error) => error.message);
  expect(failed).toContain("the policy pack ended before it could be reached");
});

it("runs components that are written in TypeScript as plugins", { timeout: engineTimeout }, async () => {
  const project = await writeProject({
    "infra/index.ts": "",
    "component/PulumiPlugin.yaml": "runtime: nodejs\n",
    "component/package.json": '{ "name": "shelf", "version": "1.2.3", "main": "index.ts" }\n',
    "component/tsconfig.json": '{ "compilerOptions": { "strict": true } }\n',
    "component/index.ts": `
      import * as pulumi from "@pulumi/pulumi";
      export interface ShelfArgs { width: pulumi.Input<number>; }
      export class Shelf extends pulumi.ComponentResource {
        constructor(name: string, args: ShelfArgs, options?: pulumi.ComponentResourceOptions) {
          super("shelf:index:Shelf", name, args, options);
        }
      }
    `,
  });
  const command = ["package", "get-schema", join(project, "component")];
  const engine = await freshEngine();
  const schema = JSON.parse(await capturePulumi({ engine, cwd: project, args: command }));
  expect(schema.resources["shelf:index:Shelf"].requiredInputs).toEqual(["width"]);
});

it("tells about itself and the program's dependencies", { timeout: engineTimeout }, async () => {
  const project = await writeProject({
    "infra/index.ts": "",
    "package.json": '{ "dependencies": { "left": "1.0.0" } }\n',
    "package-lock.json": JSON.stringify({
      packages: {
        "": {},
        "node_modules/left": { version: "1.0.2" },
        "node_modules/left/node_modules/deep": { version: "3.0.0" },
        "node_modules/other": { version: "2.0.0" },
      },
    }),
  });
  const engine = await freshEngine();
  const about = JSON.parse(await pulumi(engine, project, ["about", "--json"]));
  expect(about.runtime).toMatchObject({ language: "nodejs", executable: process.execPath });
  expect(about.dependencies).toEqual([{ name: "left", version: "1.0.2" }]);
});

it("ends with the engine when that is killed, and takes the program along", {
  timeout: engineTimeout,
}, async () => {
  const project = await writeProject({
    "infra/index.ts": `
      import { writeFileSync } from "node:fs";
      writeFileSync(process.env.PID_FILE!, String(process.pid));
      setInterval(() => undefined, 1000);
    `,
  });
  const engine = await freshEngine();
  const prepared = await prepareStack({ engine, projectDirectory: project, stack: "dev" });
  const pidFile = join(project, "pid");
  const cli = spawn(engine.pulumi, [...up, "--non-interactive", ...prepared.args], {
    cwd: project,
    env: { ...process.env, ...engine.env, ...prepared.env, PID_FILE: pidFile },
    stdio: "ignore",
  });
  await expect.poll(() => existsSync(pidFile), { timeout: 30_000 }).toBe(true);
  const program = Number(await readFile(pidFile, "utf8"));
  cli.kill("SIGKILL");
  const alive = () => {
    try {
      return process.kill(program, 0);
    } catch {
      return false;
    }
  };
  await expect.poll(alive, { timeout: 10_000 }).toBe(false);
  // The killed CLI has left its lock, which must not stand in the way.
  await writeFile(join(project, "infra", "index.ts"), "export const again = true;\n");
  await pulumi(engine, project, up);
  expect(await outputs(engine, project)).toEqual({ again: true });
});
