import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { noFaults } from "../../sandbox/core/faults";
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
  type Running,
  startProject,
  type TestProject,
  upArgs,
  watch,
} from "./project";

const root = join(__dirname, "../..");
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

/** So that a destroy is not over before it can be interrupted: the resource group goes last, after minutes. */
async function whileDeletionLasts({ sandbox }: TestProject, work: () => Promise<void>): Promise<void> {
  const { faults } = sandbox.context;
  faults.settings = { ...noFaults, operationTimeFactor: 3 };
  await work();
  faults.settings = noFaults;
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

    await whileDeletionLasts(project, () => interrupt(destroyArgs, "deleted", atDeletion!));
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

    await whileDeletionLasts(project, () => kill(destroyArgs, "deleted", moments(3, 1, [5, 40])[0]!));
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

const copied = [
  ...["cli", "components", "data", "infra", "policy", "sandbox", "stacks"],
  ...["Pulumi.yaml", "package.json", "package-lock.json"],
];

describe("a command that is killed", { timeout: 240_000 }, () => {
  it("takes the sandbox along, and the next one goes on", async () => {
    const checkout = realpathSync(mkdtempSync(join(tmpdir(), "keyless-checkout-")));
    for (const name of copied) cpSync(join(root, name), join(checkout, name), { recursive: true });
    symlinkSync(join(root, "node_modules"), join(checkout, "node_modules"));
    // Older than what is installed, so that the command does not install into the directory that is linked.
    utimesSync(join(checkout, "package-lock.json"), 0, 0);
    cpSync(account, join(checkout, ".keyless/sandbox"), { recursive: true });

    const killed = startUp(checkout);
    // `up` says first what it is going to create.
    await untilDone(killed, "created", moments(6, 1, [5, 40])[0]!);
    const tree = processTree(killed.process.pid!);
    expect(tree.length).toBeGreaterThan(4);
    killed.process.kill("SIGKILL");
    await once(killed.process, "exit");

    // At once: what the killed command started is still at its end.
    const next = await startUp(checkout).ended;
    expectSuccess(next);
    expect(next.output).toContain("dev is up");
    expect(await survivors(tree, 1)).toEqual([]);
    expect(await inventoryOf(join(checkout, ".keyless/sandbox"))).toEqual(expected.sandbox);

    const third = await startUp(checkout).ended;
    expectSuccess(third);
    expect(third.output).toMatch(/Resources:\s+\d+ unchanged\s+Duration/);
    rmSync(checkout, { recursive: true, force: true });
  });
});

/** `npm run up` in a checkout, without npm. */
function startUp(checkout: string): Running {
  const command = spawn(process.execPath, ["cli/keyless.cjs", "up"], {
    cwd: checkout,
    env: { ...process.env, KEYLESS_SPEED: String(speed), NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  return watch(command);
}
