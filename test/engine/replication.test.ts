import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { listResources, type StoredResource } from "../../sandbox/arm/resource";
import { noFaults } from "../../sandbox/core/faults";
import type { KubernetesObject } from "../../sandbox/kubernetes/object";
import { type ArmWrite, recordArmWrites } from "./arm-writes";
import { inventory } from "./inventory";
import { destroyArgs, type Ended, startProject, type TestProject, upArgs } from "./project";

const speed = 5;
const replicationSeconds = {
  principal: [20, 40],
  roleAssignment: [20, 60],
  federatedCredential: [5, 30],
} satisfies typeof noFaults.replicationSeconds;

let project: TestProject;
let recording: ReturnType<typeof recordArmWrites>;
beforeAll(async () => {
  recording = recordArmWrites();
  project = await startProject({ speed, faults: { ...noFaults, seed: 7, replicationSeconds } });
});
afterAll(async () => {
  recording.stop();
  await project.stop();
});

const isIdentity = ({ method, path }: ArmWrite) =>
  method === "PUT" && /\/userassignedidentities\/[^/]+$/.test(path);
const isAssignment = ({ method, path }: ArmWrite) =>
  method === "PUT" && path.includes("/providers/microsoft.authorization/roleassignments/");

function expectSuccess({ exitCode, output }: Ended): void {
  expect(output).not.toMatch(/error:/);
  expect(exitCode).toBe(0);
}

/** What the sandbox holds, but for what Azure keeps of deleted vaults; a vault made anew has another name. */
const held = () =>
  inventory(project.sandbox.context.store)
    .filter((name) => !/^secret |deletedvaults/i.test(name))
    .map((name) => name.replace(/(\/vaults\/[^/]+?)-2(?=\/|$)/, "$1"));

describe("an environment on an Azure that takes its time", { timeout: 240_000 }, () => {
  let before: string[];
  let created: string[];

  it("comes up, with role assignments for identities that the directory does not know yet", async () => {
    before = held();
    expectSuccess(await project.run("dev", upArgs));
    const { writes } = recording;
    const assignments = writes.filter(isAssignment);
    expect(assignments.filter(({ status }) => status >= 300)).toEqual([]);
    const firstIdentity = Math.min(...writes.filter(isIdentity).map(({ end }) => end));
    const unknownUntil = firstIdentity + (replicationSeconds.principal[0] * 1000) / speed;
    const early = assignments.filter(({ begin }) => begin > firstIdentity && begin < unknownUntil);
    expect(early.length).toBeGreaterThan(0);
    created = held();
  });

  it("starts pods when all that they need has travelled everywhere", () => {
    const { store } = project.sandbox.context;
    const resources = listResources(store, "/subscriptions/");
    const deployments = store
      .list<KubernetesObject>("kubernetes")
      .filter(({ key }) => key.includes("/objects/apps/deployments/"));
    expect(deployments).toHaveLength(2);
    for (const { value } of deployments) {
      const startedAt = Date.parse(value.metadata.creationTimestamp as string) + 999;
      const identity = resources.find(({ body }) => body.name === `id-${value.metadata.name}-dev`)!;
      const needed = resources.filter((resource) => isNeededBy(identity, resource));
      expect(needed.length).toBeGreaterThanOrEqual(3);
      for (const { body, visibleAt } of needed) {
        expect(visibleAt, body.id).toBeGreaterThan(0);
        expect(startedAt, body.id).toBeGreaterThanOrEqual(visibleAt as number);
      }
    }
  });

  it("goes and comes again although requests are throttled, fail and break off", async () => {
    const { faults } = project.sandbox.context;
    const strikes = vi.spyOn(faults, "strike");
    const struck = () => {
      const kinds = strikes.mock.results.map(({ value }) => value?.kind);
      strikes.mockClear();
      return new Set(kinds);
    };
    const everyKind = new Set([undefined, "throttle", "serverError", "reset"]);
    faults.settings = {
      ...noFaults,
      seed: 8,
      throttleRate: 0.05,
      serverErrorRate: 0.05,
      resetRate: 0.1,
      operationTimeFactor: 0.05,
    };
    expectSuccess(await project.run("dev", destroyArgs));
    expect(struck()).toEqual(everyKind);
    expect(held()).toEqual(before);

    expectSuccess(await project.run("dev", upArgs));
    expect(struck()).toEqual(everyKind);
    expect(held()).toEqual(created);
    strikes.mockRestore();
    faults.settings = noFaults;
    expectSuccess(await project.run("dev", [...upArgs, "--expect-no-changes"]));
  });
});

/** Whether the proof of a workload shows it: its own credential, and roles on data planes. */
function isNeededBy(identity: StoredResource, { body }: StoredResource): boolean {
  const { name } = identity.body;
  if (body.id.startsWith(`${identity.body.id}/federatedIdentityCredentials/`)) {
    return new RegExp(`^fc-${name.replace(/^id-|-dev$/g, "")}-[a-z2-7]{6}$`).test(body.name);
  }
  return (
    body.type === "Microsoft.Authorization/roleAssignments" &&
    body.properties.principalId === identity.body.properties.principalId &&
    /Microsoft\.(KeyVault|Storage)\//.test(body.id)
  );
}
