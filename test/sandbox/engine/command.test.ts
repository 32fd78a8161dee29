import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { prepareCommand } from "../../../sandbox/engine/command";
import { type Engine, usesOwnLanguageHost } from "../../../sandbox/engine/engine";
import { capturePulumi } from "../../../sandbox/engine/run";
import { engineTimeout, freshEngine } from "./engine-under-test";
import { writeProject } from "./project";

const devYaml = "# said first\nconfig:\n  tiny:greeting: hello\n";

async function fixture() {
  const project = await writeProject({
    "stacks/Pulumi.dev.yaml": devYaml,
    "stacks/Pulumi.prod.yaml": "config:\n  tiny:greeting: welcome\n",
    "infra/index.ts": `
      import * as pulumi from "@pulumi/pulumi";
      export const greeting = new pulumi.Config().requireSecret("greeting");
    `,
  });
  const engine = await freshEngine();
  return { project, engine };
}

/** Runs a command as `npm run pulumi --` would. */
async function pulumi(engine: Engine, project: string, ...args: string[]): Promise<string> {
  const prepared = await prepareCommand({ engine, projectDirectory: project, args, defaultStack: "dev" });
  return capturePulumi({ engine, cwd: project, ...prepared });
}

describe("prepareCommand", { timeout: engineTimeout }, () => {
  it("lets any command work on a fresh state, and leaves the tracked file as it is", async () => {
    const { project, engine } = await fixture();
    const run = (...args: string[]) => pulumi(engine, project, ...args);
    expect(await run("config", "get", "greeting")).toBe("hello\n");
    expect(await run("preview", "-s", "prod", "--color=never")).toContain(
      "pulumi:pulumi:Stack tiny-prod create",
    );
    await run("up", "--yes", "--skip-preview", "--stack=prod");
    const exported = JSON.parse(await run("stack", "export", "-s", "prod"));
    expect(exported.deployment.resources[0].outputs.greeting).toHaveProperty("ciphertext");
    expect(await run("stack", "output", "greeting", "--show-secrets", "-sprod")).toBe("welcome\n");
    expect(JSON.parse(await run("stack", "ls", "--json")).map(({ name }: { name: string }) => name)).toEqual([
      "dev",
      "prod",
    ]);
    await run("refresh", "--yes", "--skip-preview", "-s", "prod");
    expect(
      JSON.parse(await run("stack", "history", "--json", "--show-secrets", "-s", "prod"))[0].config,
    ).toEqual({
      "tiny:greeting": { value: "welcome", secret: false },
    });

    await run("stack", "select", "prod");
    expect(await run("config", "get", "greeting")).toBe("welcome\n");
    await run("destroy", "--yes", "--skip-preview");
    await run("stack", "rm", "--yes");
    expect(await readFile(join(project, "stacks", "Pulumi.dev.yaml"), "utf8")).toBe(devYaml);
    expect(await readFile(join(project, "stacks", "Pulumi.prod.yaml"), "utf8")).not.toContain("salt");
  });

  it("lets the user change the tracked file by name", async () => {
    const { project, engine } = await fixture();
    await pulumi(engine, project, "config", "set", "greeting", "good evening");
    const changed = await readFile(join(project, "stacks", "Pulumi.dev.yaml"), "utf8");
    expect(changed).toBe(devYaml.replace("hello", "good evening"));
    expect(await pulumi(engine, project, "config", "get", "greeting")).toBe("good evening\n");
  });

  it("makes new stacks without writing configuration for them", async () => {
    const { project, engine } = await fixture();
    await pulumi(engine, project, "stack", "init", "qa");
    expect(existsSync(join(project, "stacks", "Pulumi.qa.yaml"))).toBe(false);
    expect(await pulumi(engine, project, "stack", "ls")).toContain("qa");
  });

  it("imports without code, which only Pulumi's own language host can write, and says so", async () => {
    const { project, engine } = await fixture();
    const prepare = (...args: string[]) =>
      prepareCommand({ engine, projectDirectory: project, args: ["import", ...args], defaultStack: "dev" });
    const { args, env, note } = await prepare("random:index/randomId:RandomId", "id", "abc");
    expect(args).toEqual(["import", "random:index/randomId:RandomId", "id", "abc"]);
    const without = usesOwnLanguageHost(engine);
    expect(env.PULUMI_OPTION_GENERATE_CODE).toBe(without ? "false" : undefined);
    expect(note?.startsWith("No code was written") ?? false).toBe(without);
    const asked = await prepare("--generate-code=true", "--file", "resources.json");
    expect([asked.env.PULUMI_OPTION_GENERATE_CODE, asked.note]).toEqual([undefined, undefined]);
  });

  it("says so, as the CLI does, where a stack is not there", async () => {
    const { project, engine } = await fixture();
    await expect(pulumi(engine, project, "stack", "export", "-s", "prod")).rejects.toThrow(
      "no stack named 'prod'",
    );
    await expect(pulumi(engine, project, "up", "-s", "prdo")).rejects.toThrow("There is no stack 'prdo'");
  });

  it.each([
    [["version"]],
    [["--help"]],
    [[]],
    [["up", "--help"]],
    [["stack", "ls"]],
    [["stack", "select", "dev"]],
    [["plugin", "ls"]],
    [["up", "--config-file", "mine.yaml"]],
    [["-C", "elsewhere", "up"]],
    [["stack", "export", "-s", "organization/other/dev"]],
  ])("passes %j on as it is", async (args) => {
    const engine: Engine = { version: "", how: "", pulumi: "/nowhere", home: "/nowhere", env: {} };
    const options = { engine, projectDirectory: "/nowhere", args, defaultStack: "dev", env: { A: "1" } };
    expect(await prepareCommand(options)).toEqual({ args, env: { A: "1" } });
  });
});
