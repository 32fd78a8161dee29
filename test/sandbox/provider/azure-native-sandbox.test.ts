import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { noFaults } from "../../../sandbox/core/faults";
import { createAzureNativeProvider } from "../../../sandbox/provider/azure-native";
import { type PropertyMap, Secret } from "../../../sandbox/provider/values";
import { startTestSandbox, type TestSandbox } from "../harness";
import { type ProviderClient, serveAndConnect } from "./provider-client";

let sandbox: TestSandbox;
let client: ProviderClient;
let stop: () => Promise<void>;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  const { account, directory, tokens } = sandbox.context;
  const deployer = directory.byObjectId(account.deployer.objectId)!;
  const provider = createAzureNativeProvider({
    proxyUrl: sandbox.proxyUrl,
    caCertificate: readFileSync(sandbox.caCertificatePath, "utf8"),
    credential: (scope) => tokens.issue(deployer, scope.replace("/.default", ""), 3600),
    tenantId: account.tenantId,
    subscriptionId: account.subscriptionId,
    clientId: account.deployer.clientId,
    objectId: account.deployer.objectId,
  });
  const served = await serveAndConnect(provider, { location: "westeurope" });
  client = served.client;
  stop = async () => {
    await served.stop();
    await provider.close();
    await sandbox.stop();
  };
});
afterAll(() => stop());

/** What the engine does for a new resource. */
async function deploy(type: string, name: string, given: PropertyMap) {
  const { inputs, failures } = await client.check(type, name, given, { seed: name });
  expect(failures).toEqual([]);
  const { id, outputs } = await client.create(type, inputs);
  return { type, id, inputs, outputs };
}
type Deployed = Awaited<ReturnType<typeof deploy>>;

const azure = (type: string) => `azure-native:${type}`;
const resourceGroupName = "shop-dev";

async function unchanged({ type, id, inputs, outputs }: Deployed) {
  const state = await client.read(type, id, { inputs, outputs });
  expect(state?.inputs).toEqual(inputs);
  expect(state?.outputs).toEqual(outputs);
  const again = await client.check(type, "again", inputs, { olds: inputs });
  expect((await client.diff(type, { id, oldInputs: inputs, outputs, inputs: again.inputs })).changes).toEqual(
    {},
  );
}

test("a workload's resources are made, stay as they are, and go", async () => {
  const { tenantId, subscriptionId } = sandbox.context.account;
  const deployed: Deployed[] = [];
  const make = async (type: string, name: string, inputs: PropertyMap) => {
    const resource = await deploy(azure(type), name, inputs);
    deployed.push(resource);
    return resource;
  };
  const group = await make("resources:ResourceGroup", "shop", { resourceGroupName });
  const identity = await make("managedidentity:UserAssignedIdentity", "orders", {
    resourceGroupName,
    resourceName: "orders",
  });
  const vault = await make("keyvault:Vault", "app", {
    resourceGroupName,
    vaultName: "kv-shop-dev",
    properties: { tenantId, sku: { family: "A", name: "standard" }, enableRbacAuthorization: true },
  });
  const roleDefinitionId = `/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/4633458b-17de-408a-b874-0445c86b69e6`;
  const assignment = await make("authorization:RoleAssignment", "orders", {
    scope: vault.id,
    roleAssignmentName: "5f0c1a4e-7d53-5a4b-9d1b-0c6a3f4f1a11",
    roleDefinitionId,
    principalId: identity.outputs.principalId!,
    principalType: "ServicePrincipal",
  });
  const credential = await make("managedidentity:FederatedIdentityCredential", "orders", {
    resourceGroupName,
    resourceName: "orders",
    issuer: `https://westeurope.oic.prod-aks.azure.com/${tenantId}/5b1d1c1e-0000-4000-8000-000000000000/`,
    subject: "system:serviceaccount:shop:orders",
    audiences: ["api://AzureADTokenExchange"],
  });
  expect(group.id).toBe(`/subscriptions/${subscriptionId}/resourceGroups/${resourceGroupName}`);
  expect(identity.outputs.clientId).toMatch(/^[0-9a-f-]{36}$/);
  expect(assignment.outputs).toMatchObject({ scope: vault.id, principalType: "ServicePrincipal" });
  expect(credential.outputs.name).toBe("orders");
  for (const resource of deployed) await unchanged(resource);
  for (const { type, id } of [...deployed].reverse()) {
    await client.delete(type, id);
    expect(await client.read(type, id, { inputs: { x: 1 }, outputs: {} })).toBeUndefined();
  }
});

test("every other type is made, stays as it is, and goes", async () => {
  const { tenantId, deployer } = sandbox.context.account;
  const resourceGroupName = "everything";
  const deployed: Deployed[] = [];
  const make = async (type: string, inputs: PropertyMap) => {
    const resource = await deploy(azure(type), "x", inputs);
    deployed.push(resource);
    await unchanged(resource);
    return resource;
  };
  const group = await make("resources:ResourceGroup", { resourceGroupName });
  const identity = await make("managedidentity:UserAssignedIdentity", {
    resourceGroupName,
    resourceName: "cluster",
  });
  const accountName = "stshopeverything";
  const account = await make("storage:StorageAccount", {
    resourceGroupName,
    accountName,
    kind: "StorageV2",
    sku: { name: "Standard_LRS" },
    enableHttpsTrafficOnly: true,
    allowSharedKeyAccess: false,
    minimumTlsVersion: "TLS1_2",
    networkRuleSet: { defaultAction: "Allow", bypass: "AzureServices" },
  });
  const docs = { resourceGroupName, accountName };
  await make("storage:BlobServiceProperties", { ...docs, isVersioningEnabled: true });
  await make("storage:BlobContainer", { ...docs, containerName: "invoices" });
  await make("storage:Queue", { ...docs, queueName: "mail" });
  const serverName = "sql-shop-everything";
  const sql = { resourceGroupName, serverName };
  const server = await make("sql:Server", {
    ...sql,
    minimalTlsVersion: "1.2",
    administrators: {
      administratorType: "ActiveDirectory",
      azureADOnlyAuthentication: true,
      login: "deployer",
      principalType: "Application",
      sid: deployer.objectId,
      tenantId,
    },
  });
  await make("sql:Database", { ...sql, databaseName: "orders", sku: { name: "Basic" } });
  await make("sql:FirewallRule", { ...sql, startIpAddress: "10.0.0.1", endIpAddress: "10.0.0.2" });
  const registry = await make("containerregistry:Registry", {
    resourceGroupName,
    registryName: "crshopeverything",
    sku: { name: "Basic" },
    adminUserEnabled: false,
  });
  const cluster = await make("containerservice:ManagedCluster", {
    resourceGroupName,
    resourceName: "aks",
    dnsPrefix: "aks",
    identity: { type: "UserAssigned", userAssignedIdentities: [identity.id] },
    oidcIssuerProfile: { enabled: true },
    securityProfile: { workloadIdentity: { enabled: true } },
    aadProfile: { managed: true, enableAzureRBAC: true },
    disableLocalAccounts: true,
    agentPoolProfiles: [{ name: "system", mode: "System", count: 1, vmSize: "Standard_D2s_v5" }],
  });
  await make("containerservice:AgentPool", {
    resourceGroupName,
    resourceName: "aks",
    agentPoolName: "apps",
    mode: "User",
    count: 1,
    vmSize: "Standard_D2s_v5",
  });
  expect(account.outputs).toMatchObject({
    primaryEndpoints: { blob: `https://${accountName}.blob.core.windows.net/` },
    enableHttpsTrafficOnly: true,
  });
  expect(server.outputs.fullyQualifiedDomainName).toBe(`${serverName}.database.windows.net`);
  expect(registry.outputs.loginServer).toBe("crshopeverything.azurecr.io");
  expect(cluster.outputs).toMatchObject({
    oidcIssuerProfile: {
      issuerURL: expect.stringMatching(/^https:\/\/westeurope\.oic\.prod-aks\.azure\.com\/.*\/$/),
    },
    identity: { userAssignedIdentities: { [identity.id]: { clientId: identity.outputs.clientId } } },
  });
  const { kubeconfigs } = await client.invoke(
    "azure-native:containerservice:listManagedClusterUserCredentials",
    { resourceGroupName, resourceName: "aks" },
  );
  expect(kubeconfigs).toEqual([{ name: "clusterUser", value: expect.any(String) }]);
  for (const { type, id } of [...deployed].reverse()) await client.delete(type, id);
  expect(await client.read(group.type, group.id)).toBeUndefined();
});

test("drift shows, and imported inputs are those that made the resource", async () => {
  const group = await deploy(azure("resources:ResourceGroup"), "drift", { resourceGroupName: "drift" });
  const inputs = { resourceGroupName: "drift", resourceName: "orders", tags: { owner: "a" } };
  const identity = await deploy(azure("managedidentity:UserAssignedIdentity"), "orders", inputs);
  const imported = await client.read(identity.type, identity.id);
  expect(imported?.inputs).toEqual({ ...inputs, location: "westeurope" });
  expect(imported?.outputs).toEqual(identity.outputs);
  // Somebody else changes the tags.
  const changed = await client.update(identity.type, {
    id: identity.id,
    oldInputs: identity.inputs,
    outputs: identity.outputs,
    inputs: { ...identity.inputs, tags: { owner: "b" } },
  });
  expect(changed.tags).toEqual({ owner: "b" });
  const state = await client.read(identity.type, identity.id, identity);
  expect(state?.inputs.tags).toEqual({ owner: "b" });
  await client.delete(group.type, group.id);
  expect(await client.read(identity.type, identity.id)).toBeUndefined();
});

test("server errors and dropped connections are survived, with nothing made twice", async () => {
  const group = await deploy(azure("resources:ResourceGroup"), "rough", { resourceGroupName: "rough" });
  sandbox.context.faults.settings = { ...noFaults, seed: 7, serverErrorRate: 0.1, resetRate: 0.2 };
  try {
    const identities = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        deploy(azure("managedidentity:UserAssignedIdentity"), `id${index}`, {
          resourceGroupName: "rough",
          resourceName: `id-${index}`,
        }),
      ),
    );
    expect(new Set(identities.map(({ outputs }) => outputs.principalId)).size).toBe(20);
  } finally {
    sandbox.context.faults.settings = noFaults;
  }
  await client.delete(group.type, group.id);
});

test("a secret reaches the vault and not the state's plain text", async () => {
  const { tenantId } = sandbox.context.account;
  await deploy(azure("resources:ResourceGroup"), "secrets", { resourceGroupName: "secrets" });
  const vault = await deploy(azure("keyvault:Vault"), "secrets", {
    resourceGroupName: "secrets",
    vaultName: "kv-secrets-dev",
    properties: { tenantId, sku: { family: "A", name: "standard" }, enableRbacAuthorization: true },
  });
  const secret = await deploy(azure("keyvault:Secret"), "stripe", {
    resourceGroupName: "secrets",
    vaultName: "kv-secrets-dev",
    properties: { value: new Secret("sk_test_4711") },
  });
  expect(secret.inputs.properties).toEqual({ value: new Secret("sk_test_4711") });
  expect(secret.outputs.properties).toMatchObject({
    secretUri: "https://kv-secrets-dev.vault.azure.net/secrets/stripe",
  });
  await unchanged(secret);
  await expect(client.delete(secret.type, secret.id, secret)).rejects.toMatchObject({
    details: expect.stringContaining('Status=403 Code="Forbidden"'),
  });
  await client.delete(vault.type, vault.id);
  await client.delete(secret.type, secret.id, secret);
});
