import { rmSync } from "node:fs";
import { afterEach, beforeEach, expect, it } from "vitest";
import { putResource } from "../../../sandbox/arm/resource";
import { settleControlPlane, wantsRealControlPlane } from "../../../sandbox/control-plane/settings";
import { createClock } from "../../../sandbox/core/clock";
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

const settle = (real: boolean, clock = createClock()) => settleControlPlane(store, clock, real);

function addCluster(): void {
  putResource(store, {
    body: {
      id: "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/main",
      name: "main",
      type: "Microsoft.ContainerService/managedClusters",
      properties: { fqdn: "main.hcp.westeurope.azmk8s.io" },
    },
    internal: { clusterGuid: "guid" },
  });
}

it.each([
  [undefined, false],
  ["", false],
  ["simulated", false],
  ["real", true],
])("the variable set to %j means real control planes: %s", (value, expected) => {
  expect(wantsRealControlPlane({ KEYLESS_CONTROL_PLANE: value })).toBe(expected);
});

it("another value of the variable is refused by name", () => {
  expect(() => wantsRealControlPlane({ KEYLESS_CONTROL_PLANE: "Real" })).toThrow(
    "KEYLESS_CONTROL_PLANE must be 'simulated' or 'real', got 'Real'.",
  );
});

it("clusters keep the kind of control plane that they were made with", () => {
  settle(true);
  addCluster();
  settle(true);
  expect(() => settle(false)).toThrow(
    "The sandbox has a cluster with a real control plane (main). Set KEYLESS_CONTROL_PLANE=real, or destroy what is " +
      "up, and then choose simulated.",
  );
});

it("clusters from before there was a choice are simulated", () => {
  addCluster();
  settle(false);
  expect(() => settle(true)).toThrow("Set KEYLESS_CONTROL_PLANE=simulated");
});

it("a sandbox without clusters may change its mind", () => {
  settle(true);
  settle(false);
  settle(true);
});

it.each([
  ["runs faster", () => createClock(60)],
  ["is ahead", () => createClock(1, Date.now() + 3_600_000)],
])("a clock that %s than the machine's is refused", (_what, clock) => {
  expect(() => settle(true, clock())).toThrow("goes by the machine's clock");
  settle(false, clock());
});
