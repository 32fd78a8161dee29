import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { capturePulumi } from "../../../sandbox/engine/run";
import { prepareStack } from "../../../sandbox/engine/stack-config";
import { engineTimeout, freshEngine, outputs, pulumi } from "./engine-under-test";
import { writeProject } from "./project";

const up = ["up", "--yes", "--skip-preview", "--color", "never"];
const devYaml = "# said first\nconfig:\n  tiny:greeting: hello # and after\n";
const program = `
  import * as pulumi from "@pulumi/pulumi";
  export const greeting = new pulumi.Config().require("greeting");
  export const secret = pulumi.secret("hidden");
`;

describe("prepareStack", { timeout: engineTimeout }, () => {
  it("keeps the salt in a copy, the same for every run, and the tracked file as it is", async () => {
    const project = await writeProject({ "stacks/Pulumi.dev.yaml": devYaml, "infra/index.ts": program });
    const tracked = join(project, "stacks", "Pulumi.dev.yaml");
    const engine = await freshEngine();
    const options = { engine, projectDirectory: project, stack: "dev" };

    const first = await prepareStack(options);
    const copy = first.env.PULUMI_OPTION_CONFIG_FILE!;
    const withSalt = await readFile(copy, "utf8");
    expect(withSalt).toMatch(
      /^# said first\nconfig:\n {2}tiny:greeting: hello # and after\nencryptionsalt: v1:/,
    );
    expect(await prepareStack(options)).toEqual(first);
    expect(await readFile(copy, "utf8")).toBe(withSalt);

    await pulumi(engine, project, up);
    expect(await outputs(engine, project)).toEqual({ greeting: "hello", secret: "hidden" });
    expect(await readFile(tracked, "utf8")).toBe(devYaml);

    await writeFile(tracked, devYaml.replace("hello", "good morning"));
    await pulumi(engine, project, up);
    expect(await outputs(engine, project)).toMatchObject({ greeting: "good morning" });
    expect(await readFile(copy, "utf8")).toBe(withSalt.replace("hello", "good morning"));
  });

  it("protects the state with a passphrase for this user's eyes only", async () => {
    const project = await writeProject({ "infra/index.ts": "export const done = true;\n" });
    const engine = await freshEngine();
    const env = { PULUMI_CONFIG_PASSPHRASE: "the user's own" };
    const prepared = await prepareStack({ engine, projectDirectory: project, stack: "dev", env });
    expect(prepared.env).toMatchObject({
      PULUMI_CONFIG_PASSPHRASE: undefined,
      PULUMI_CONFIG_PASSPHRASE_FILE: join(engine.home, "passphrase"),
    });
    const file = join(engine.home, "passphrase");
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await readFile(file, "utf8")).trim()).toMatch(/^[\w-]{43}$/);
  });

  it("makes a stack once for two commands at once", async () => {
    const project = await writeProject({ "infra/index.ts": "export const done = true;\n" });
    const engine = await freshEngine();
    const options = { engine, projectDirectory: project, stack: "dev" };
    const [first, second] = await Promise.all([prepareStack(options), prepareStack(options)]);
    expect(first).toEqual(second);
    await pulumi(engine, project, up);
    expect(await outputs(engine, project)).toEqual({ done: true });
  });

  it("asks no key vault where nothing is encrypted with its key", async () => {
    const provider =
      "secretsprovider: azurekeyvault://team.vault.azure.net/keys/state\nencryptedkey: b2Zmc2l0ZQ==\n";
    const project = await writeProject({
      "stacks/Pulumi.dev.yaml": provider + devYaml,
      "infra/index.ts": program,
    });
    const engine = await freshEngine();
    await pulumi(engine, project, up);
    expect(await outputs(engine, project)).toEqual({ greeting: "hello", secret: "hidden" });
    expect(await readFile(join(project, "stacks", "Pulumi.dev.yaml"), "utf8")).toBe(provider + devYaml);
  });

  it("uses the user's passphrase where the user's file holds encrypted values", async () => {
    const project = await writeProject({ "stacks/Pulumi.dev.yaml": devYaml, "infra/index.ts": program });
    const tracked = join(project, "stacks", "Pulumi.dev.yaml");
    const engine = await freshEngine();
    const env = { PULUMI_CONFIG_PASSPHRASE: "the user's own" };
    await capturePulumi({ engine, cwd: project, env, args: ["stack", "init", "dev", "--no-select"] });
    const set = ["config", "set", "--secret", "greeting", "psst", "--stack", "dev"];
    await capturePulumi({ engine, cwd: project, env, args: set });
    const encrypted = await readFile(tracked, "utf8");
    expect(encrypted).toContain("secure:");

    await pulumi(engine, project, up, env);
    expect(await readFile(tracked, "utf8")).toBe(encrypted);
    const printed = await pulumi(engine, project, ["stack", "output", "--json", "--show-secrets"], env);
    expect(JSON.parse(printed)).toMatchObject({ greeting: "psst" });
    await expect(pulumi(engine, project, up, { PULUMI_CONFIG_PASSPHRASE: "wrong" })).rejects.toThrow(
      "incorrect passphrase",
    );
  });

  it("says what to do when encrypted values come into the file of a stack that is up", async () => {
    const project = await writeProject({ "stacks/Pulumi.dev.yaml": devYaml, "infra/index.ts": program });
    const engine = await freshEngine();
    await pulumi(engine, project, up);
    const encrypted = "encryptionsalt: v1:b2Zm:c2l0ZQ==\nconfig:\n  tiny:greeting:\n    secure: v1:abc\n";
    await writeFile(join(project, "stacks", "Pulumi.dev.yaml"), encrypted);
    await expect(prepareStack({ engine, projectDirectory: project, stack: "dev" })).rejects.toThrow(
      "has encrypted values now",
    );
  });

  it.each([
    ["prod", { "stacks/Pulumi.dev.yaml": "", "stacks/Pulumi.qa.yaml": "" }, "There is no stack 'prod'"],
    ["../dev", {}, "A stack's name must be 1 to 100 letters"],
    ["dev", { "stacks/Pulumi.dev.yaml": "config: [" }, "Pulumi.dev.yaml: "],
    ["dev", { "stacks/Pulumi.dev.yaml": "just words" }, "Pulumi.dev.yaml: must be a mapping"],
    ["dev", { "Pulumi.yaml": "name: 1\n" }, "Pulumi.yaml: 'name' and 'stackConfigDir' must be strings"],
    ["dev", { "Pulumi.yaml": "name: [\n" }, "Pulumi.yaml: "],
  ])("refuses stack %j of %j", async (stack, files, message) => {
    const project = await writeProject(files);
    const engine = await freshEngine();
    await expect(prepareStack({ engine, projectDirectory: project, stack })).rejects.toThrow(message);
  });

  it("takes an empty file, or none, as no configuration", async () => {
    const project = await writeProject({
      "stacks/Pulumi.dev.yaml": "# nothing yet\n",
      "infra/index.ts": "export const done = true;\n",
    });
    const engine = await freshEngine();
    await pulumi(engine, project, up);
    expect(await outputs(engine, project)).toEqual({ done: true });
  });

  it("leaves the lock of a living process alone", async () => {
    const project = await writeProject({ "infra/index.ts": "" });
    const engine = await freshEngine();
    const options = { engine, projectDirectory: project, stack: "dev" };
    await prepareStack(options);
    const locks = join(engine.home, "state", ".pulumi", "locks", "organization", "tiny", "dev");
    await mkdir(locks, { recursive: true });
    const lock = {
      pid: process.pid,
      username: "somebody",
      hostname: `not-${hostname()}`,
      timestamp: new Date(),
    };
    await writeFile(join(locks, "one.json"), JSON.stringify(lock));
    await prepareStack(options);
    await expect(pulumi(engine, project, up)).rejects.toThrow("currently locked by 1 lock");
  });
});
