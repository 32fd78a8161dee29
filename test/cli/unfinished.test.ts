import { rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { advisingUnfinished } from "../../cli/unfinished";
import { temporaryDirectory } from "../sandbox/harness";

let directory: string;
let state: string;
let said: ReturnType<typeof vi.spyOn>;
beforeEach(() => {
  directory = temporaryDirectory();
  state = join(directory, "dev.json");
  writeFileSync(state, "{}");
  utimesSync(state, 1, 1);
  said = vi.spyOn(console, "error").mockImplementation(() => {});
});
afterEach(() => {
  said.mockRestore();
  rmSync(directory, { recursive: true, force: true });
});

test.each([
  ["stopped after changes", 1, true, 1],
  ["stopped before any", 1, false, 0],
  ["succeeded", 0, true, 0],
])("work that %s", async (_how, code, changes, times) => {
  const work = async () => {
    if (changes) writeFileSync(state, "{ }");
    return code;
  };
  expect(await advisingUnfinished(state, work, "Go on.")).toBe(code);
  expect(said).toHaveBeenCalledTimes(times);
});

test("a first run that stopped half-way", async () => {
  rmSync(state);
  const work = async () => {
    writeFileSync(state, "{ }");
    return 255;
  };
  expect(await advisingUnfinished(state, work, "Go on.")).toBe(255);
  expect(said).toHaveBeenCalledWith(expect.stringContaining("Go on."));
});
