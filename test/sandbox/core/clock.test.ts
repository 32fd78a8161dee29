import { rmSync } from "node:fs";
import { expect, test } from "vitest";
import { createClock } from "../../../sandbox/core/clock";
import { openClock } from "../../../sandbox/core/clock-keeper";
import { openStore } from "../../../sandbox/core/store";
import { temporaryDirectory } from "../harness";

test("time runs as fast as asked", async () => {
  const clock = createClock(1000);
  const before = clock.now();
  await clock.sleep(50_000);
  expect(clock.now() - before).toBeGreaterThanOrEqual(50_000);
  expect(clock.now() - before).toBeLessThan(5_000_000);
});

test("time that is put forward wakes who sleeps long enough", async () => {
  const clock = createClock();
  const woken: string[] = [];
  const short = clock.sleep(3_600_000).then(() => woken.push("an hour"));
  clock.sleep(7_200_000).then(() => woken.push("two hours"));
  clock.advance(3_600_000);
  await short;
  expect(woken).toEqual(["an hour"]);
});

test.each([0, 0.5, -1, Number.NaN, 1e9])("speed %s is refused", (speed) => {
  expect(() => createClock(speed)).toThrow("'speed' must be from 1 to 100000");
});

test("time never goes back", () => {
  expect(() => createClock().advance(-1)).toThrow(RangeError);
});

test("time that ran ahead goes on from there after a restart, also after a kill", async () => {
  const directory = temporaryDirectory();
  const store = openStore(directory);
  const stopped = openClock(store, 1);
  stopped.clock.advance(86_400_000);
  const reached = stopped.clock.now();
  stopped.stop();
  const again = openClock(store, 1);
  expect(again.clock.now()).toBeGreaterThanOrEqual(reached);
  expect(again.clock.now()).toBeLessThan(reached + 60_000);

  again.clock.advance(86_400_000);
  const killedAt = again.clock.now();
  const afterKill = openClock(store, 1);
  expect(afterKill.clock.now()).toBeGreaterThanOrEqual(killedAt);
  afterKill.stop();
  again.stop();
  await store.close();
  rmSync(directory, { recursive: true });
});
