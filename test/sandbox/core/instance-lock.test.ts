import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SandboxInUse, takeOwnership } from "../../../sandbox/core/instance-lock";
import { openStore, type Store } from "../../../sandbox/core/store";
import { temporaryDirectory } from "../harness";

let directory: string;
let store: Store;
beforeEach(() => {
  directory = temporaryDirectory();
  store = openStore(directory);
});
afterEach(async () => {
  await store.close();
  rmSync(directory, { recursive: true, force: true });
});

/** What a second owner hears while the first, which ends with `process`, is there. */
function refusalBeside(process?: number): SandboxInUse {
  const release = takeOwnership(store, directory, process);
  try {
    takeOwnership(store, directory);
  } catch (error) {
    expect(error).toBeInstanceOf(SandboxInUse);
    return error as SandboxInUse;
  } finally {
    release();
  }
  throw new Error("both own the directory");
}

test("an owner whose parent lives is there to stay", () => {
  expect(refusalBeside(process.pid).isEnding).toBe(false);
});

test("an owner without a parent is there to stay", () => {
  expect(refusalBeside().isEnding).toBe(false);
});

test("an owner whose parent was killed is about to end", () => {
  const { pid } = spawnSync(process.execPath, ["--version"]);
  expect(refusalBeside(pid).isEnding).toBe(true);
});

test("what was given up can be taken again", () => {
  takeOwnership(store, directory)();
  expect(() => takeOwnership(store, directory)()).not.toThrow();
});
