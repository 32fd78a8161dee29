import { expect, test } from "vitest";
import { parseProcessStat, treeOf } from "../../bench/process-tree";

test("a process's line in /proc is read also when its command holds spaces and brackets", () => {
  const line =
    "4711 (node (tsx) run) S 4700 4711 4700 34816 4711 4194304 100 200 0 0 250 50 1000 25 20 0 11 0 8000";
  expect(parseProcessStat(line)).toEqual({
    processId: 4711,
    parentId: 4700,
    ownSeconds: 3,
    endedChildrenSeconds: 10.25,
  });
});

test("a tree holds children and their children, and nobody else's", () => {
  const process = (processId: number, parentId: number) => ({
    processId,
    parentId,
    ownSeconds: 0,
    endedChildrenSeconds: 0,
  });
  const processes = [
    process(7, 3),
    process(3, 2),
    process(2, 1),
    process(4, 2),
    process(5, 1),
    process(6, 5),
  ];
  expect(treeOf(2, processes).sort()).toEqual([2, 3, 4, 7]);
});
