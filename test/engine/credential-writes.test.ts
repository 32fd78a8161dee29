import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type ArmWrite, mostAtOnce, recordArmWrites } from "./arm-writes";
import { destroyArgs, startProject, type TestProject, upArgs } from "./project";

const root = join(__dirname, "../..");
const credentialPath = /\/userassignedidentities\/([^/]+)\/federatedidentitycredentials\/[^/]+$/;

let project: TestProject;
let recording: ReturnType<typeof recordArmWrites>;

const trusts = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    name: `pipeline-${index}`,
    issuer: "https://token.actions.githubusercontent.com",
    subject: `repo:example/shop:environment:e${index}`,
  }));
const workload = (namespace: string, trusted: number) => ({
  namespace,
  image: "/work:1.0.0",
  replicas: 1,
  trusts: trusted === 0 ? [] : trusts(trusted),
});

beforeAll(async () => {
  project = await startProject();
  project.configure("dev", (environment) => {
    environment.vaults = {};
    environment.storageAccounts = {};
    environment.sqlServers = {};
    environment.workloads = {
      orders: workload("shop", 12),
      mailer: workload("shop", 4),
      // One identity for both.
      billing: { ...workload("finance", 4), identity: "team" },
      reports: { ...workload("finance", 0), identity: "team" },
    };
  });
});
beforeEach(() => {
  recording?.stop();
  recording = recordArmWrites();
});
afterAll(async () => {
  recording.stop();
  await project.stop();
});

/** The writes of credentials, by their identity's name. */
function credentialWrites(writes: ArmWrite[]): Map<string, ArmWrite[]> {
  const byIdentity = new Map<string, ArmWrite[]>();
  for (const write of writes) {
    const [, identity] = credentialPath.exec(write.path) ?? [];
    if (identity !== undefined) byIdentity.set(identity, [...(byIdentity.get(identity) ?? []), write]);
  }
  return byIdentity;
}
const conflicts = (writes: ArmWrite[]) => writes.filter(({ status }) => status === 409);

describe("the federated credentials of an identity", { timeout: 240_000 }, () => {
  /** That each identity's were written one after another, and those of several at once. */
  function expectOneAfterAnother(): void {
    const byIdentity = credentialWrites(recording.writes);
    expect(Object.fromEntries([...byIdentity].map(([name, writes]) => [name, writes.length]))).toEqual({
      "id-orders-dev": 13,
      "id-mailer-dev": 5,
      "id-team-dev": 6,
    });
    for (const [identity, writes] of byIdentity) {
      expect(mostAtOnce(writes), identity).toBe(1);
      expect(conflicts(writes), identity).toEqual([]);
    }
    expect(mostAtOnce([...byIdentity.values()].flat())).toBeGreaterThan(1);
  }

  it("are written one after another, while those of others are written too", async () => {
    const { exitCode, output } = await project.run("dev", upArgs);
    expect(output).not.toMatch(/error:/);
    expect(exitCode).toBe(0);
    expectOneAfterAnother();
  });

  it("are deleted one after another", async () => {
    const { exitCode, output } = await project.run("dev", destroyArgs);
    expect(output).not.toMatch(/error:/);
    expect(exitCode).toBe(0);
    expectOneAfterAnother();
  });

  it("are refused when a program writes them as the engine likes", async () => {
    const directory = join(project.directory, "plain");
    mkdirSync(directory);
    symlinkSync(join(root, "node_modules"), join(directory, "node_modules"));
    writeFileSync(
      join(directory, "Pulumi.yaml"),
      "name: plain\nmain: index.js\nruntime:\n  name: nodejs\n  options:\n    typescript: false\n",
    );
    writeFileSync(join(directory, "index.js"), plainProgram);
    const { exitCode } = await project.run("dev", ["up", "--yes", "--skip-preview"], {
      projectDirectory: directory,
    });
    // The provider tries again, so that the program itself does not see it.
    expect(exitCode).toBe(0);
    const writes = credentialWrites(recording.writes).get("id-plain") ?? [];
    expect(mostAtOnce(writes)).toBeGreaterThan(1);
    expect(conflicts(writes).length).toBeGreaterThan(0);
  });
});

const plainProgram = `
const { ResourceGroup } = require("@pulumi/azure-native/resources/resourceGroup");
const identities = require("@pulumi/azure-native/managedidentity");

const group = new ResourceGroup("plain", { resourceGroupName: "rg-plain", location: "westeurope" });
const identity = new identities.UserAssignedIdentity("plain", {
  resourceGroupName: group.name,
  resourceName: "id-plain",
  location: "westeurope",
});
for (const { name, issuer, subject } of ${JSON.stringify(trusts(13))}) {
  new identities.FederatedIdentityCredential(name, {
    resourceGroupName: group.name,
    resourceName: identity.name,
    federatedIdentityCredentialResourceName: name,
    issuer,
    subject,
    audiences: ["api://AzureADTokenExchange"],
  });
}
`;
