import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listResources, type StoredResource } from "../../sandbox/arm/resource";
import { noFaults } from "../../sandbox/core/faults";
import type { KubernetesObject } from "../../sandbox/kubernetes/object";
import { type ArmWrite, recordArmWrites } from "./arm-writes";
import { azureResources, startProject, type TestProject, upArgs } from "./project";

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

describe("an environment on an Azure that takes its time", { timeout: 240_000 }, () => {
  let _created: string[];

  it("comes up, with role assignments for identities that the directory does not know yet", async () => {
    const { exitCode, output } = await project.run("dev", upArgs);
    expect(output).not.toMatch(/error:/);
    expect(exitCode).toBe(0);
    const { writes } = recording;
    const assignments = writes.filter(isAssignment);
    expect(assignments.filter(({ status }) => status >= 300)).toEqual([]);
    const firstIdentity = Math.min(...writes.filter(isIdentity).map(({ end }) => end));
    const unknownUntil = firstIdentity + (replicationSeconds.principal[0] * 1000) / speed;
    const early = assignments.filter(({ begin }) => begin > firstIdentity && begin < unknownUntil);
    expect(early.length).toBeGreaterThan(0);
    _created = azureResources(project.sandbox);
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
