import { mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSandbox } from "../../sandbox/core/sandbox";
import { type SandboxProcess, startProcess } from "../sandbox/core/process";
import { killAll, moments, processTree, survivors, untilDone } from "./interruption";
import { inventory, inventoryOf } from "./inventory";
import {
  type Commands,
  destroyArgs,
  type Ended,
  type PreparedProject,
  prepareProject,
  startProject,
  upArgs,
} from "./project";

const speed = 20;

/** A sandbox that holds nothing but its account: names are made from it, so every test begins with a copy. */
let account: string;
/** What an undisturbed `up` leaves. */
let expected: { sandbox: string[]; state: string[] };

const urns = async (commands: Commands) => (await commands.state("dev")).map(({ urn }) => urn).sort();
const nothing = () => inventoryOf(account);

function expectSuccess({ exitCode, output }: Ended): void {
  expect(output).not.toMatch(/error:|pending operation|interrupted while/);
  expect(exitCode).toBe(0);
}

/** That one more `up` ends as the undisturbed one did, and a further one has nothing to do. */
async function expectConvergence(
  commands: Commands,
  project: Pick<PreparedProject, "engine">,
): Promise<void> {
  expectSuccess(await commands.run("dev", upArgs));
  expectSuccess(await commands.run("dev", [...upArgs, "--expect-no-changes"]));
  expect(await urns(commands)).toEqual(expected.state);
  const state = join(project.engine.home, "state/.pulumi/stacks/azure-keyless/dev.json");
  expect(readFileSync(state, "utf8")).not.toContain("pending_operations");
}

beforeAll(async () => {
  account = realpathSync(mkdtempSync(join(tmpdir(), "keyless-account-")));
  await (await startSandbox({ directory: account })).close();
  const project = await startProject({ speed }, await prepareProject(account));
  expectSuccess(await project.run("dev", upArgs));
  expect((await urns(project)).length).toBeGreaterThan(40);
  expected = { sandbox: inventory(project.sandbox.context.store), state: await urns(project) };
  await project.stop();
});
afterAll(() => rmSync(account, { recursive: true, force: true }));

describe("an engine that is interrupted", { timeout: 240_000 }, () => {
  it("by Ctrl-C goes on where it was, up and down", async () => {
    const project = await startProject({ speed }, await prepareProject(account));
    const interrupt = async (args: string[], what: "created" | "deleted", count: number) => {
      const running = await project.start("dev", args);
      await untilDone(running, what, count);
      running.process.kill("SIGINT");
      const { exitCode, output } = await running.ended;
      expect(exitCode).not.toBe(0);
      expect(output).toContain("^C received");
    };
    const [atCreation, atDeletion] = moments(1, 2, [10, 30]);
    await interrupt(upArgs, "created", atCreation!);
    await expectConvergence(project, project);
    expect(inventory(project.sandbox.context.store)).toEqual(expected.sandbox);

    await interrupt(destroyArgs, "deleted", atDeletion!);
    expectSuccess(await project.run("dev", destroyArgs));
    expect(await project.state("dev")).toEqual([]);
    expect(withoutDeletedVaults(inventory(project.sandbox.context.store))).toEqual(await nothing());
    await project.stop();
  });

  it("by SIGKILL, again and again, goes on where it was, up and down", async () => {
    const project = await startProject({ speed }, await prepareProject(account));
    /** With all that it started or, `alone`, so that all of that has to end by itself. */
    const kill = async (
      args: string[],
      what: "created" | "deleted",
      count: number,
      { alone = false } = {},
    ) => {
      const running = await project.start("dev", args);
      await untilDone(running, what, count);
      const tree = processTree(running.process.pid!);
      expect(tree.length).toBeGreaterThan(2);
      if (alone) running.process.kill("SIGKILL");
      else killAll(tree);
      await running.ended;
      expect(await survivors(tree, alone ? 15 : 1)).toEqual([]);
    };
    const [first, ...further] = moments(2, 3, [3, 16]);
    await kill(upArgs, "created", first!, { alone: true });
    for (const moment of further) await kill(upArgs, "created", moment);
    await expectConvergence(project, project);
    expect(inventory(project.sandbox.context.store)).toEqual(expected.sandbox);

    await kill(destroyArgs, "deleted", moments(3, 1, [5, 40])[0]!);
    expectSuccess(await project.run("dev", destroyArgs));
    expect(withoutDeletedVaults(inventory(project.sandbox.context.store))).toEqual(await nothing());

    await kill(upArgs, "created", moments(4, 1, [5, 40])[0]!);
    expectSuccess(await project.run("dev", destroyArgs));
    expect(await project.state("dev")).toEqual([]);
    expect(withoutDeletedVaults(inventory(project.sandbox.context.store))).toEqual(await nothing());
    await project.stop();
  });
});

/** Azure keeps deleted vaults, with the secrets in them. */
const withoutDeletedVaults = (names: string[]) =>
  names.filter((name) => !/^secret |deletedvaults/i.test(name));

describe("a sandbox that dies half-way", { timeout: 240_000 }, () => {
  const start = (directory: string): SandboxProcess =>
    startProcess(["--directory", directory, "--with-parent"], { KEYLESS_SPEED: String(speed) });

  it("has everything that it acknowledged, and the next up goes on with it", async () => {
    const project = await prepareProject(account);
    for (const moment of moments(5, 2, [5, 20])) {
      const sandbox = start(project.sandboxDirectory);
      const running = await project.on((await sandbox.ready).env).start("dev", upArgs);
      await untilDone(running, "created", moment);
      sandbox.child.kill("SIGKILL");
      await sandbox.exit;
      const { exitCode, output } = await running.ended;
      expect(exitCode).not.toBe(0);
      expect(output).toContain("error:");
    }
    const sandbox = start(project.sandboxDirectory);
    await expectConvergence(project.on((await sandbox.ready).env), project);
    sandbox.child.stdin?.end();
    expect(await sandbox.exit).toBe(0);
    expect(await inventoryOf(project.sandboxDirectory)).toEqual(expected.sandbox);
    project.remove();
  });
});
