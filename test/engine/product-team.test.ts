import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startClient } from "../sandbox/harness";
import type { TestCluster } from "../sandbox/kubernetes/cluster-fixture";
import { asDeployer } from "./as-deployer";
import { inventory } from "./inventory";
import { containerOf } from "./pod";
import { destroyArgs, type StateResource, startProject, type TestProject, upArgs } from "./project";
import type { WorkloadClient } from "./workload-attempts";

const projectDirectory = join(__dirname, "../../examples/product-team");

let project: TestProject;
/** What is there, and what the platform's stack knows, before the product team comes. */
let before: { sandbox: string[]; state: StateResource[] };
let vault: { id: string; uri: string };

const upOfTeam = () => project.run("dev", upArgs, { projectDirectory });
const teamState = async (): Promise<StateResource[]> =>
  JSON.parse((await project.run("dev", ["stack", "export"], { projectDirectory })).output).deployment
    .resources ?? [];

beforeAll(async () => {
  project = await startProject();
  const { exitCode, output } = await project.run("dev", upArgs);
  expect(output).not.toMatch(/error:/);
  expect(exitCode).toBe(0);
  before = { sandbox: inventory(project.sandbox.context.store), state: await project.state("dev") };
  const outputs = JSON.parse((await project.run("dev", ["stack", "output", "--json"])).output);
  vault = outputs.vaults.app;
}, 240_000);
afterAll(() => project.stop());

// The life of a product team's stack beside the platform's; each test goes on from the one before.
describe("a product team's stack on the platform's environment", { timeout: 240_000 }, () => {
  it("comes up, past the platform's policies", async () => {
    const { exitCode, output } = await upOfTeam();
    expect(output).not.toMatch(/error:/);
    expect(output).toMatch(/azure-keyless@v\S+ \(local: /);
    expect(exitCode).toBe(0);
    const types = (await teamState()).map(({ type }) => type);
    expect(types).toContain("azure-native:managedidentity:UserAssignedIdentity");
    expect(types).toContain("kubernetes:apps/v1:Deployment");
    expect(types).not.toContain("azure-native:keyvault:Vault");
    expect(types).not.toContain("azure-native:containerservice:ManagedCluster");
  });

  it("may read the one secret of the platform's vault that it asked for", async () => {
    const identity = (await teamState()).find(
      ({ type }) => type === "azure-native:managedidentity:UserAssignedIdentity",
    )!;
    const secretId = `${vault.id}/secrets/mail-key`;
    const { value } = await asDeployer(project.sandbox).arm(
      "GET",
      `${secretId}/providers/Microsoft.Authorization/roleAssignments`,
      "2022-04-01",
    );
    const ofTeam = value.filter(
      ({ properties }: { properties: { principalId: string } }) =>
        properties.principalId === identity.outputs.principalId,
    );
    // Key Vault Secrets User
    // https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/security#key-vault-secrets-user
    const role = expect.stringMatching(/\/4633458b-17de-408a-b874-0445c86b69e6$/);
    expect(ofTeam).toHaveLength(1);
    expect(ofTeam[0].properties).toMatchObject({
      scope: secretId,
      principalType: "ServicePrincipal",
      roleDefinitionId: role,
    });
  });

  it("has a workload that reads that secret with its pod's environment alone, and no other", async () => {
    const clusterType = "azure-native:containerservice:ManagedCluster";
    const { id, outputs } = before.state.find(({ type }) => type === clusterType)!;
    const cluster: TestCluster = {
      id: id!,
      guid: "",
      fqdn: outputs.fqdn,
      issuerUrl: outputs.oidcIssuerProfile.issuerURL,
    };
    const { env } = await containerOf(project.sandbox, cluster, {
      namespace: "reports",
      workload: "reports",
      root: join(project.directory, "container"),
    });
    const client: WorkloadClient = startClient(join(__dirname, "workload-client.ts"), {
      ...env,
      ...project.sandbox.networkEnv,
    });
    try {
      expect(await client.call("readSecret", vault.uri, "mail-key")).toHaveLength(32);
      await expect(client.call("readSecret", vault.uri, "stripe-key")).rejects.toMatchObject({
        statusCode: 403,
      });
    } finally {
      client.stop();
    }
  });

  it("is unchanged by a second up, and so is the platform's", async () => {
    expect(await project.state("dev")).toEqual(before.state);
    for (const options of [{ projectDirectory }, {}]) {
      const { exitCode, output } = await project.run("dev", [...upArgs, "--expect-no-changes"], options);
      expect(output).toMatch(/Resources:\s+\d+ unchanged/);
      expect(exitCode).toBe(0);
    }
  });

  it("goes, and leaves the platform as it was", async () => {
    const { exitCode, output } = await project.run("dev", destroyArgs, { projectDirectory });
    expect(output).not.toMatch(/error:/);
    expect(exitCode).toBe(0);
    expect(await teamState()).toEqual([]);
    expect(inventory(project.sandbox.context.store)).toEqual(before.sandbox);
    const platform = await project.run("dev", [...upArgs, "--expect-no-changes"]);
    expect(platform.exitCode).toBe(0);
  });
});
