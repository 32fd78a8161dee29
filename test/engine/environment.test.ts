import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { getResource, putResource } from "../../sandbox/arm/resource";
import {
  azureResources,
  destroyArgs,
  type StateResource,
  startProject,
  type TestProject,
  upArgs,
} from "./project";

let project: TestProject;
beforeAll(async () => {
  project = await startProject();
});
afterAll(() => project.stop());

const ofType = (resources: StateResource[], type: string) =>
  resources.filter((resource) => resource.type === type);
const nameOf = (resource: StateResource) => resource.urn.split("::").at(-1);

// One environment's life, from nothing to nothing; each test goes on from the one before.
describe("an environment on the real engine", { timeout: 240_000 }, () => {
  let before: string[];

  it("comes up whole", async () => {
    const { exitCode, output } = await project.run("dev", upArgs);
    expect(output).not.toMatch(/error:/);
    expect(exitCode).toBe(0);
    const resources = await project.state("dev");
    const types = new Set(resources.map(({ type }) => type));
    for (const type of [
      "azure-native:resources:ResourceGroup",
      "azure-native:managedidentity:UserAssignedIdentity",
      "azure-native:managedidentity:FederatedIdentityCredential",
      "azure-native:authorization:RoleAssignment",
      "azure-native:keyvault:Vault",
      "azure-native:keyvault:Secret",
      "azure-native:storage:StorageAccount",
      "azure-native:storage:BlobContainer",
      "azure-native:sql:Server",
      "azure-native:sql:Database",
      "pulumi-nodejs:dynamic/azure-keyless:SqlDatabaseUser",
      "azure-native:containerregistry:Registry",
      "azure-native:containerservice:ManagedCluster",
      "kubernetes:core/v1:ServiceAccount",
      "kubernetes:apps/v1:Deployment",
      "kubernetes:core/v1:Service",
    ]) {
      expect(types, type).toContain(type);
    }
    before = azureResources(project.sandbox);
  });

  it("trusts exactly what cluster and ServiceAccount say", async () => {
    const resources = await project.state("dev");
    const [cluster] = ofType(resources, "azure-native:containerservice:ManagedCluster");
    const issuer = cluster?.outputs.oidcIssuerProfile.issuerURL;
    expect(issuer).toMatch(/^https:\/\/westeurope\.oic\.prod-aks\.azure\.com\/[^/]+\/[^/]+\/$/);
    const accounts = ofType(resources, "kubernetes:core/v1:ServiceAccount");
    expect(accounts.map(nameOf).sort()).toEqual(["mailer", "orders"]);
    for (const account of accounts) {
      const { name, namespace, annotations } = account.outputs.metadata;
      const credential = ofType(resources, "azure-native:managedidentity:FederatedIdentityCredential").find(
        (candidate) => nameOf(candidate) === name,
      );
      expect(credential?.outputs).toMatchObject({
        issuer,
        subject: `system:serviceaccount:${namespace}:${name}`,
        audiences: ["api://AzureADTokenExchange"],
      });
      const identity = ofType(resources, "azure-native:managedidentity:UserAssignedIdentity").find(
        (candidate) => nameOf(candidate) === name,
      );
      expect(annotations["azure.workload.identity/client-id"]).toBe(identity?.outputs.clientId);
      const deployment = ofType(resources, "kubernetes:apps/v1:Deployment").find(
        (one) => nameOf(one) === name,
      );
      expect(deployment?.outputs.spec.template.metadata.labels["azure.workload.identity/use"]).toBe("true");
      expect(deployment?.outputs.spec.template.spec.serviceAccountName).toBe(name);
    }
  });

  it("keeps Services behind their Deployments, whose pods Pulumi has them wait for", async () => {
    const resources = await project.state("dev");
    const services = ofType(resources, "kubernetes:core/v1:Service");
    expect(services.map(nameOf).sort()).toEqual(["mailer", "orders"]);
    for (const service of services) {
      const deployment = ofType(resources, "kubernetes:apps/v1:Deployment").find(
        (one) => nameOf(one) === nameOf(service),
      );
      expect(service.dependencies).toContain(deployment?.urn);
    }
  });

  it("shows no secret: not in the state, not in the outputs", async () => {
    const state = JSON.stringify(await project.state("dev"));
    const { store } = project.sandbox.context;
    const values = store
      .list<{ versions: { value: string }[] }>("secrets")
      .flatMap(({ value }) => value.versions.map((version) => version.value));
    expect(values).toHaveLength(2);
    const outputs = await project.run("dev", ["stack", "output", "--json"]);
    for (const value of values) {
      expect(value).toHaveLength(32);
      expect(state).not.toContain(value);
      expect(outputs.output).not.toContain(value);
    }
    expect(state).not.toMatch(/eyJ[\w-]{20,}\.eyJ/);
    const { kubeconfig, ...plain } = JSON.parse(outputs.output);
    expect(kubeconfig).toBe("[secret]");
    expect(JSON.stringify(plain)).not.toContain("[secret]");
  });

  it("is unchanged by a second up", async () => {
    const { exitCode, output } = await project.run("dev", [...upArgs, "--expect-no-changes"]);
    expect(output).toMatch(/Resources:\s+\d+ unchanged/);
    expect(exitCode).toBe(0);
  });

  it("changes one thing when one thing is changed", async () => {
    project.configure("dev", (environment) => {
      environment.workloads.orders.replicas = 3;
    });
    const { output } = await project.run("dev", ["preview", "--json"]);
    const { steps } = JSON.parse(output.slice(output.indexOf("{"))) as {
      steps: { op: string; urn: string }[];
    };
    const changes = steps
      .filter(({ op }) => op !== "same")
      .map(({ op, urn }) => `${op} ${urn.split("::").slice(2).join(" ")}`);
    expect(changes).toEqual([
      "update azure-keyless:kubernetes:Workload$kubernetes:apps/v1:Deployment orders",
    ]);
    const { exitCode, output: upOutput } = await project.run("dev", upArgs);
    expect(upOutput).toMatch(/~ 1 updated\s+\d+ unchanged/);
    expect(exitCode).toBe(0);
  });

  it("finds drift, and mends it", async () => {
    const { store } = project.sandbox.context;
    const [account] = ofType(await project.state("dev"), "azure-native:storage:StorageAccount");
    const stored = getResource(store, account?.id as string);
    if (!stored) throw new Error("the account is not there");
    putResource(store, {
      ...stored,
      body: { ...stored.body, properties: { ...stored.body.properties, allowSharedKeyAccess: true } },
    });
    const refreshed = await project.run("dev", ["refresh", "--yes", "--skip-preview"]);
    expect(refreshed.output).toMatch(/~ 1 updated/);
    const { exitCode } = await project.run("dev", upArgs);
    expect(exitCode).toBe(0);
    expect(getResource(store, account?.id as string)?.body.properties.allowSharedKeyAccess).toBe(false);
  });

  it("is taken over when the state was lost, with nothing twice", async () => {
    const file = join(project.engine.home, "state/.pulumi/stacks/azure-keyless/dev.json");
    rmSync(file);
    rmSync(`${file}.bak`, { force: true });
    const { exitCode, output } = await project.run("dev", upArgs);
    expect(output).not.toMatch(/RoleAssignmentExists|error:/);
    expect(exitCode).toBe(0);
    expect(azureResources(project.sandbox)).toEqual(before);
  });

  it("goes, and leaves what Azure keeps", async () => {
    const { exitCode, output } = await project.run("dev", destroyArgs);
    expect(output).not.toMatch(/error:/);
    expect(exitCode).toBe(0);
    expect(azureResources(project.sandbox).filter((id) => !/deletedVaults/i.test(id))).toEqual([]);
    expect(project.sandbox.context.store.list("kubernetes")).toEqual([]);
    expect(project.sandbox.context.store.list("clusterKeys")).toEqual([]);
  });

  it("comes up again although Azure keeps the old vault's name", async () => {
    const { exitCode, output } = await project.run("dev", upArgs);
    expect(output).not.toMatch(/error:/);
    expect(exitCode).toBe(0);
    const [vault] = ofType(await project.state("dev"), "azure-native:keyvault:Vault");
    expect(vault?.outputs.name).toMatch(/^kv-app-dev-[a-z2-7]{6}-2$/);
  });
});
