import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createAzureNativeProvider } from "../../../sandbox/provider/azure-native";
import { type PropertyMap, Secret, unknownValue } from "../../../sandbox/provider/values";
import { type FakeAzure, startFakeAzure } from "./fake-azure";
import { connectProvider, type ProviderClient, partialFailureOf, serveAndConnect } from "./provider-client";

const subscriptionId = "11111111-1111-1111-1111-111111111111";
const vaultType = "azure-native:keyvault:Vault";
const secretType = "azure-native:keyvault:Secret";
const groupType = "azure-native:resources:ResourceGroup";
const assignmentType = "azure-native:authorization:RoleAssignment";
const credentialType = "azure-native:managedidentity:FederatedIdentityCredential";
const group = `/subscriptions/${subscriptionId}/resourceGroups/shop`;
const vaultId = `${group}/providers/Microsoft.KeyVault/vaults/app`;
const failure = (status: number, code: string) => ({
  status,
  body: { error: { code, message: `${code} it is.` } },
});

let azure: FakeAzure;
let client: ProviderClient;
let port: number;
let stop: () => Promise<void>;
let tokensIssued: string[];

const optionsFor = (fake: FakeAzure) => ({
  proxyUrl: fake.proxyUrl,
  caCertificate: fake.caCertificate,
  tenantId: "tenant",
  subscriptionId,
  clientId: "client",
  objectId: "object",
  credential: async (scope: string) => {
    tokensIssued.push(scope);
    return `token-${tokensIssued.length}`;
  },
});

beforeAll(async () => {
  azure = await startFakeAzure();
});
afterAll(() => azure.close());
beforeEach(async () => {
  azure.requests.length = 0;
  azure.resources.clear();
  tokensIssued = [];
  const provider = createAzureNativeProvider(optionsFor(azure));
  const served = await serveAndConnect(provider, { location: "westeurope" });
  ({ client, port } = served);
  stop = async () => {
    await served.stop();
    await provider.close();
  };
});
afterEach(() => stop());

const vaultInputs: PropertyMap = {
  resourceGroupName: "shop",
  vaultName: "app",
  location: "westeurope",
  properties: { tenantId: "tenant", sku: { name: "standard", family: "A" } },
  azureApiVersion: "2024-11-01",
};
const sent = () => azure.requests.map(({ method, path }) => `${method} ${path.split("/").at(-1)}`);

describe("check", () => {
  test("fills in location, API version and a name that preview and deployment share", async () => {
    const first = await client.check(groupType, "shop", {}, { seed: "seed" });
    expect(first).toEqual({
      failures: [],
      inputs: {
        resourceGroupName: expect.stringMatching(/^shop[0-9a-f]{8}$/),
        location: "westeurope",
        azureApiVersion: "2024-03-01",
        __createBeforeDelete: true,
      },
    });
    expect(await client.check(groupType, "shop", {}, { seed: "seed" })).toEqual(first);
    const other = await client.check(groupType, "shop", {}, { seed: "other" });
    expect(other.inputs.resourceGroupName).not.toBe(first.inputs.resourceGroupName);
    const again = await client.check(groupType, "shop", {}, { seed: "third", olds: first.inputs });
    expect(again).toEqual(first);
  });

  test.each([
    [
      assignmentType,
      "roleAssignmentName",
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    ],
    [credentialType, "federatedIdentityCredentialResourceName", /^orders$/],
    ["azure-native:sql:ServerAzureADAdministrator", "administratorName", /^ActiveDirectory$/],
    ["azure-native:storage:BlobServiceProperties", "blobServicesName", /^default$/],
  ])("names a %s", async (type, input, form) => {
    const { inputs } = await client.check(type, "orders", {}, { seed: "seed" });
    expect(inputs[input]).toMatch(form);
  });

  test("keeps unknowns, secrets and given names, and drops nulls", async () => {
    const { inputs, failures } = await client.check(secretType, "stripe", {
      resourceGroupName: unknownValue,
      vaultName: "app",
      secretName: "stripe-key",
      tags: null,
      properties: { value: new Secret("s3cr3t"), contentType: null },
    });
    expect(failures).toEqual([]);
    expect(inputs).toEqual({
      resourceGroupName: unknownValue,
      vaultName: "app",
      secretName: "stripe-key",
      azureApiVersion: "2024-11-01",
      properties: { value: new Secret("s3cr3t") },
    });
  });

  test("takes the location of the resource group when nothing else says it, and waits for an unknown group", async () => {
    const bare = connectProvider(port);
    await bare.configure({});
    azure.resources.set(group.toLowerCase(), { id: group, location: "northeurope" });
    const inputs = { properties: {} };
    const known = await bare.check(vaultType, "app", { ...inputs, resourceGroupName: "shop" });
    expect(known.inputs.location).toBe("northeurope");
    const unknown = await bare.check(vaultType, "app", { ...inputs, resourceGroupName: unknownValue });
    expect(unknown.inputs.location).toBe(unknownValue);
    const absent = await bare.check(vaultType, "app", { ...inputs, resourceGroupName: "nowhere" });
    expect(absent.failures).toEqual([expect.stringContaining("missing required property 'location'")]);
    bare.close();
  });

  test("says what is missing", async () => {
    const { failures } = await client.check(credentialType, "orders", { resourceGroupName: "shop" });
    expect(failures).toEqual(
      ["resourceName", "audiences", "issuer", "subject"].map((name) => `missing required property '${name}'`),
    );
  });

  test("an unknown type is an error that names it", async () => {
    await expect(client.check("azure-native:cdn:Profile", "x", {})).rejects.toMatchObject({
      details: expect.stringContaining("'azure-native:cdn:Profile'"),
    });
  });

  test("each connection has its own configuration", async () => {
    const other = connectProvider(port);
    await other.configure({ location: "eastus" });
    expect((await other.check(groupType, "a", {})).inputs.location).toBe("eastus");
    expect((await client.check(groupType, "a", {})).inputs.location).toBe("westeurope");
    other.close();
  });
});

describe("diff", () => {
  test("nothing changed", async () => {
    const result = await client.diff(vaultType, { oldInputs: vaultInputs, inputs: vaultInputs });
    expect(result).toEqual({ changes: {}, replaces: [], deleteBeforeReplace: false });
  });

  test("a property is updated in place", async () => {
    const inputs = { ...vaultInputs, tags: { owner: "a" } };
    expect(await client.diff(vaultType, { oldInputs: vaultInputs, inputs })).toMatchObject({
      changes: { tags: "ADD" },
      replaces: [],
    });
  });

  test("another spelling of the location is the same location", async () => {
    const inputs = { ...vaultInputs, location: "West Europe" };
    expect((await client.diff(vaultType, { oldInputs: vaultInputs, inputs })).changes).toEqual({});
  });

  test("a path input replaces, deleting first what has a fixed name", async () => {
    const inputs: PropertyMap = { ...vaultInputs, vaultName: unknownValue };
    expect(await client.diff(vaultType, { oldInputs: vaultInputs, inputs })).toEqual({
      changes: { vaultName: "UPDATE_REPLACE" },
      replaces: ["vaultName"],
      deleteBeforeReplace: true,
    });
  });

  test("a random name lets the new one exist beside the old one", async () => {
    const oldInputs = { resourceGroupName: "shop1", location: "westeurope", __createBeforeDelete: true };
    const inputs = { ...oldInputs, location: "eastus" };
    expect(await client.diff(groupType, { oldInputs, inputs })).toMatchObject({
      replaces: ["location"],
      deleteBeforeReplace: false,
    });
  });

  test("a change inside a part that cannot change replaces", async () => {
    const type = "azure-native:containerservice:ManagedCluster";
    const oldInputs = {
      resourceName: "c",
      networkProfile: { networkPlugin: "azure", loadBalancerSku: "standard" },
    };
    const inPlace = { ...oldInputs, networkProfile: { networkPlugin: "azure", loadBalancerSku: "basic" } };
    const replacing = {
      ...oldInputs,
      networkProfile: { networkPlugin: "kubenet", loadBalancerSku: "standard" },
    };
    expect(await client.diff(type, { oldInputs, inputs: inPlace })).toMatchObject({
      changes: { "networkProfile.loadBalancerSku": "UPDATE" },
    });
    expect(await client.diff(type, { oldInputs, inputs: replacing })).toMatchObject({
      changes: { "networkProfile.networkPlugin": "UPDATE_REPLACE" },
    });
  });

  test("saying what is already so replaces nothing", async () => {
    const oldInputs = { resourceName: "c" };
    const inputs = { resourceName: "c", dnsPrefix: "c-dns" };
    const outputs = { dnsPrefix: "c-dns" };
    const type = "azure-native:containerservice:ManagedCluster";
    expect(await client.diff(type, { oldInputs, inputs, outputs })).toMatchObject({
      changes: { dnsPrefix: "ADD" },
      replaces: [],
    });
  });

  test("an imported resource needs no API version among its inputs", async () => {
    const { azureApiVersion, ...oldInputs } = vaultInputs;
    const result = await client.diff(vaultType, {
      oldInputs,
      outputs: { azureApiVersion: azureApiVersion! },
      inputs: vaultInputs,
    });
    expect(result.changes).toEqual({});
  });
});

describe("create", () => {
  test("preview asks nobody and knows what was given", async () => {
    const { id, outputs } = await client.create(
      "azure-native:managedidentity:UserAssignedIdentity",
      {
        resourceGroupName: "shop",
        resourceName: "orders",
        location: "westeurope",
        tags: { a: unknownValue },
      },
      { preview: true },
    );
    expect(id).toBe("");
    expect(outputs).toEqual({
      location: "westeurope",
      tags: { a: unknownValue },
      azureApiVersion: "2023-01-31",
      ...Object.fromEntries(
        ["clientId", "name", "principalId", "systemData", "tenantId", "type"].map((name) => [
          name,
          unknownValue,
        ]),
      ),
    });
    expect(azure.requests).toEqual([]);
  });

  test("looks, puts and reads, with the deployer's token and the type's API version", async () => {
    const { id, outputs } = await client.create(vaultType, vaultInputs);
    expect(id).toBe(vaultId);
    expect(outputs).toMatchObject({ name: "app", location: "westeurope", azureApiVersion: "2024-11-01" });
    expect(sent()).toEqual(["GET app", "PUT app", "GET app"]);
    expect(azure.requests[1]).toMatchObject({
      host: "management.azure.com",
      query: { "api-version": "2024-11-01" },
      token: "token-1",
      body: {
        location: "westeurope",
        properties: { tenantId: "tenant", sku: { name: "standard", family: "A" }, accessPolicies: [] },
      },
    });
    expect(tokensIssued).toEqual(["https://management.azure.com/.default"]);
  });

  test("secrets are sent in plain and stay secret in the state", async () => {
    const tags = { owner: new Secret("someone") };
    const { outputs } = await client.create(vaultType, { ...vaultInputs, tags });
    expect(azure.requests[1]!.body).toMatchObject({ tags: { owner: "someone" } });
    expect(outputs.tags).toEqual(tags);
  });

  test("refuses what is there already, as the real provider does", async () => {
    azure.resources.set(vaultId.toLowerCase(), { id: vaultId });
    await expect(client.create(vaultType, vaultInputs)).rejects.toMatchObject({
      details: `cannot create already existing resource '${vaultId}'`,
    });
    expect(sent()).toEqual(["GET app"]);
  });

  test("takes over what is there already when it is told to", async () => {
    azure.resources.set(vaultId.toLowerCase(), { id: vaultId, location: "westeurope", properties: {} });
    const provider = createAzureNativeProvider({ ...optionsFor(azure), adoptExisting: true });
    const adopting = await serveAndConnect(provider);
    const { outputs } = await adopting.client.create(vaultType, vaultInputs);
    expect(outputs.properties).toMatchObject({ tenantId: "tenant" });
    await adopting.stop();
    await provider.close();
  });

  test("what exists with its parent can be created, unless somebody changed it", async () => {
    const type = "azure-native:sql:ServerAzureADOnlyAuthentication";
    const inputs = {
      resourceGroupName: "shop",
      serverName: "sql",
      authenticationName: "Default",
      azureADOnlyAuthentication: true,
    };
    const id = `${group}/providers/Microsoft.Sql/servers/sql/azureADOnlyAuthentications/Default`;
    azure.resources.set(id.toLowerCase(), { id, properties: { azureADOnlyAuthentication: false } });
    expect((await client.create(type, inputs)).outputs).toMatchObject({ azureADOnlyAuthentication: true });
    await expect(client.create(type, inputs)).rejects.toMatchObject({
      details: `cannot create already existing subresource '${id}'`,
    });
  });

  test("a role assignment's scope may be any id", async () => {
    const inputs = {
      scope: vaultId,
      roleAssignmentName: "c5e6dbd4-6c3a-4d84-8d1e-4f4c2a3a0001",
      principalId: "p",
      principalType: "ServicePrincipal",
      roleDefinitionId: "/r",
    };
    const { id } = await client.create(assignmentType, inputs);
    expect(id).toBe(
      `${vaultId}/providers/Microsoft.Authorization/roleAssignments/${inputs.roleAssignmentName}`,
    );
    expect(azure.requests[1]!.body).toEqual({
      properties: { principalId: "p", principalType: "ServicePrincipal", roleDefinitionId: "/r" },
    });
  });

  test("an error of ARM is told with its status, code and message", async () => {
    azure.script("PUT", vaultId, failure(409, "VaultAlreadyExists"));
    await expect(client.create(vaultType, vaultInputs)).rejects.toMatchObject({
      details: 'Status=409 Code="VaultAlreadyExists" Message="VaultAlreadyExists it is."',
    });
  });

  test("an unknown input is an error, not a request", async () => {
    await expect(
      client.create(vaultType, { ...vaultInputs, tags: { a: unknownValue } }),
    ).rejects.toMatchObject({
      details: "A value is not known yet.",
    });
    expect(azure.requests).toEqual([]);
  });
});

describe("what passes by itself", () => {
  const again = { "retry-after-ms": "1" };
  test.each([
    ["throttling", { ...failure(429, "TooManyRequests"), headers: again }],
    ["a server error", { ...failure(503, "ServiceUnavailable"), headers: again }],
    [
      "a concurrent write of credentials",
      {
        ...failure(409, "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity"),
        headers: again,
      },
    ],
    ["a reset before the effect", "resetBefore" as const],
    ["a reset after the effect", "resetAfter" as const],
  ])("%s is tried again", async (_, trouble) => {
    azure.script("PUT", vaultId, trouble, trouble);
    const { id } = await client.create(vaultType, vaultInputs);
    expect(id).toBe(vaultId);
    expect(sent()).toEqual(["GET app", "PUT app", "PUT app", "PUT app", "GET app"]);
    expect(azure.resources.size).toBe(1);
  });

  test("an expired token is replaced once", async () => {
    azure.script("GET", vaultId, failure(401, "ExpiredAuthenticationToken"));
    await client.create(vaultType, vaultInputs);
    expect(azure.requests.map(({ token }) => token)).toEqual(["token-1", "token-2", "token-2", "token-2"]);
    azure.script(
      "GET",
      vaultId,
      failure(401, "InvalidAuthenticationToken"),
      failure(401, "InvalidAuthenticationToken"),
    );
    await expect(client.read(vaultType, vaultId)).rejects.toMatchObject({
      details: expect.stringContaining("Status=401"),
    });
  });

  test("patience ends", async () => {
    azure.script(
      "GET",
      vaultId,
      ...Array.from({ length: 10 }, () => ({ ...failure(503, "Down"), headers: again })),
    );
    await expect(client.read(vaultType, vaultId)).rejects.toMatchObject({
      details: expect.stringContaining('Code="Down"'),
    });
    expect(azure.requests.length).toBe(10);
  });
});

describe("long-running operations", () => {
  const operation = "/operations/1";
  const address = `https://management.azure.com${operation}?api-version=x`;
  const soon = { "retry-after-ms": "1" };

  test("are followed by their status and read in the end", async () => {
    const body = { id: vaultId, name: "app", properties: { provisioningState: "Creating" } };
    azure.script("PUT", vaultId, {
      status: 201,
      headers: { "azure-asyncoperation": address, ...soon },
      body,
    });
    azure.script(
      "GET",
      operation,
      { status: 200, headers: soon, body: { status: "InProgress" } },
      { status: 200, body: { status: "Succeeded" } },
    );
    azure.script("GET", vaultId, failure(404, "ResourceNotFound"), {
      status: 200,
      body: { id: vaultId, name: "app", properties: { vaultUri: "https://app.vault.azure.net/" } },
    });
    const { outputs } = await client.create(vaultType, vaultInputs);
    expect(outputs.properties).toEqual({ vaultUri: "https://app.vault.azure.net/" });
    expect(sent()).toEqual(["GET app", "PUT app", "GET 1", "GET 1", "GET app"]);
  });

  test("are followed by their result's location", async () => {
    azure.script("PUT", vaultId, { status: 202, headers: { location: address } });
    azure.script(
      "GET",
      operation,
      { status: 202, headers: soon },
      { status: 200, body: { id: vaultId, name: "app", location: "westeurope" } },
    );
    const { outputs } = await client.create(vaultType, vaultInputs);
    expect(outputs).toMatchObject({ name: "app", location: "westeurope" });
  });

  test("are followed by the resource's own state", async () => {
    azure.script("PUT", vaultId, { status: 201, body: { properties: { provisioningState: "Creating" } } });
    const ready = { id: vaultId, name: "app", properties: { provisioningState: "Succeeded" } };
    azure.script(
      "GET",
      vaultId,
      failure(404, "ResourceNotFound"),
      { status: 200, body: { properties: { provisioningState: "Creating" } } },
      { status: 200, body: ready },
      { status: 200, body: ready },
    );
    const { outputs } = await client.create(vaultType, vaultInputs);
    expect(outputs.properties).toEqual({ provisioningState: "Succeeded" });
  });

  test("that fail leave a resource that the engine knows of", async () => {
    azure.script("PUT", vaultId, { status: 202, headers: { "azure-asyncoperation": address } });
    azure.script("GET", operation, {
      status: 200,
      body: { status: "Failed", error: { code: "QuotaExceeded", message: "No more." } },
    });
    azure.script("GET", vaultId, failure(404, "ResourceNotFound"), {
      status: 200,
      body: { id: vaultId, name: "app" },
    });
    const error = await client.create(vaultType, vaultInputs).catch((thrown) => thrown);
    expect(partialFailureOf(error)).toEqual({
      type: "pulumirpc.ErrorResourceInitFailed",
      id: vaultId,
      inputs: vaultInputs,
      outputs: { name: "app", azureApiVersion: "2024-11-01" },
      reasons: ['Status=200 Code="QuotaExceeded" Message="No more."'],
    });
  });

  test("end when the user's patience ends, and when the user stops", async () => {
    const slow = { status: 200, headers: { "retry-after": "60" }, body: { status: "InProgress" } };
    for (const end of ["timeout", "cancel"] as const) {
      azure.script("PUT", vaultId, { status: 202, headers: { "azure-asyncoperation": address } });
      azure.script("GET", operation, slow);
      azure.script("GET", vaultId, failure(404, "ResourceNotFound"), failure(404, "ResourceNotFound"));
      const creation = client
        .create(vaultType, vaultInputs, end === "timeout" ? { timeout: 1 } : {})
        .catch((error) => error);
      if (end === "cancel") {
        await expect.poll(() => sent().filter((request) => request === "GET 1").length).toBe(2);
        await client.cancel();
      }
      expect(partialFailureOf(await creation)).toMatchObject({ id: vaultId });
    }
  });
});

describe("read", () => {
  test("what is gone is gone", async () => {
    expect(await client.read(vaultType, vaultId, { inputs: vaultInputs, outputs: {} })).toBeUndefined();
  });

  test("takes over what changed, and nothing that was left to Azure", async () => {
    const { outputs } = await client.create(vaultType, { ...vaultInputs, tags: { a: "1", b: "2" } });
    const live = azure.resources.get(vaultId.toLowerCase())!;
    azure.resources.set(vaultId.toLowerCase(), {
      ...live,
      tags: { a: "1", b: "3" },
      properties: {
        ...(live.properties as PropertyMap),
        softDeleteRetentionInDays: 90,
        accessPolicies: [{ objectId: "x" }],
      },
    } as never);
    const inputs = { ...vaultInputs, tags: { a: "1", b: new Secret("2") } };
    const state = await client.read(vaultType, vaultId, { inputs, outputs });
    expect(state?.inputs).toEqual({
      ...vaultInputs,
      tags: { a: "1", b: new Secret("3") },
      properties: {
        tenantId: "tenant",
        sku: { name: "standard", family: "A" },
        softDeleteRetentionInDays: 90,
      },
    });
    const unchanged = await client.read(vaultType, vaultId, {
      inputs: state!.inputs,
      outputs: state!.outputs,
    });
    expect(unchanged?.inputs).toEqual(state!.inputs);
  });

  test("a secret's value stays what it was, for ARM never shows it", async () => {
    const id = `${vaultId}/secrets/stripe`;
    const inputs = {
      resourceGroupName: "shop",
      vaultName: "app",
      secretName: "stripe",
      properties: { value: new Secret("v") },
    };
    const shown = (version: string) => ({
      id,
      name: "stripe",
      properties: { secretUriWithVersion: `https://app/${version}` },
    });
    azure.resources.set(id.toLowerCase(), shown("2"));
    const state = await client.read(secretType, id, { inputs, outputs: shown("1") });
    expect(state?.inputs).toEqual(inputs);
    expect(state?.outputs.properties).toEqual({ secretUriWithVersion: "https://app/2" });
  });

  test("import has the inputs that the resource would be made of", async () => {
    azure.resources.set(vaultId.toLowerCase(), {
      id: vaultId,
      name: "app",
      type: "Microsoft.KeyVault/vaults",
      location: "westeurope",
      tags: {},
      properties: { tenantId: "tenant", accessPolicies: [], privateEndpointConnections: [{ id: "x" }] },
    });
    const state = await client.read(vaultType, vaultId);
    expect(state?.inputs).toEqual({
      resourceGroupName: "shop",
      vaultName: "app",
      location: "westeurope",
      properties: { tenantId: "tenant" },
    });
  });
});

describe("update", () => {
  test("preview keeps name and location", async () => {
    const outputs = { name: "app", location: "westeurope", systemData: {} };
    const preview = await client.update(vaultType, {
      id: vaultId,
      oldInputs: vaultInputs,
      outputs,
      inputs: { ...vaultInputs, tags: { a: "1" } },
      preview: true,
    });
    expect(preview).toMatchObject({
      name: "app",
      location: "westeurope",
      tags: { a: "1" },
      systemData: unknownValue,
    });
    expect(azure.requests).toEqual([]);
  });

  test("puts the new inputs and leaves lists alone that others fill", async () => {
    const accessPolicies = [{ objectId: "x" }];
    azure.resources.set(vaultId.toLowerCase(), { id: vaultId, properties: { accessPolicies } });
    await client.update(vaultType, { id: vaultId, oldInputs: {}, outputs: {}, inputs: vaultInputs });
    const put = azure.requests.find(({ method }) => method === "PUT");
    expect(put?.body?.properties).toMatchObject({ accessPolicies, tenantId: "tenant" });
  });
});

describe("delete", () => {
  test("deletes, and what is gone already is fine", async () => {
    azure.resources.set(vaultId.toLowerCase(), { id: vaultId });
    await client.delete(vaultType, vaultId);
    expect(azure.resources.size).toBe(0);
    azure.script("DELETE", vaultId, failure(404, "ResourceNotFound"));
    await client.delete(vaultType, vaultId);
    expect(sent()).toEqual(["DELETE app", "DELETE app"]);
  });

  test("follows a deletion that takes its time", async () => {
    azure.script("DELETE", vaultId, {
      status: 202,
      headers: { location: "https://management.azure.com/operations/2?api-version=x" },
    });
    azure.script(
      "GET",
      "/operations/2",
      { status: 202, headers: { "retry-after-ms": "1" } },
      { status: 204 },
    );
    await client.delete(vaultType, vaultId);
    expect(sent()).toEqual(["DELETE app", "GET 2", "GET 2"]);
  });

  test("a Key Vault secret is deleted through its vault, with the vault's token", async () => {
    const state = { inputs: { vaultName: "app", secretName: "stripe" }, outputs: {} };
    for (const status of [200, 404, 405]) {
      azure.script("DELETE", "/secrets/stripe", { status });
      await client.delete(secretType, `${vaultId}/secrets/stripe`, state);
    }
    expect(azure.requests[0]).toMatchObject({
      method: "DELETE",
      host: "app.vault.azure.net",
      path: "/secrets/stripe",
    });
    expect(tokensIssued).toEqual(["https://vault.azure.net/.default"]);
    azure.script("DELETE", "/secrets/stripe", failure(403, "Forbidden"));
    await expect(client.delete(secretType, `${vaultId}/secrets/stripe`, state)).rejects.toMatchObject({
      details: expect.stringContaining('Status=403 Code="Forbidden"'),
    });
  });

  test("what exists with its parent is put back as it was", async () => {
    const id = `${group}/providers/Microsoft.Storage/storageAccounts/docs/blobServices/default`;
    await client.delete("azure-native:storage:BlobServiceProperties", id);
    expect(azure.requests).toMatchObject([{ method: "PUT", path: id, body: { properties: {} } }]);
  });
});

describe("functions", () => {
  test("getClientConfig says who deploys", async () => {
    expect(await client.invoke("azure-native:authorization:getClientConfig", {})).toEqual({
      clientId: "client",
      objectId: "object",
      subscriptionId,
      tenantId: "tenant",
    });
  });

  test("getClientToken is a secret for the endpoint that is asked for", async () => {
    expect(
      await client.invoke("azure-native:authorization:getClientToken", {
        endpoint: "https://vault.azure.net",
      }),
    ).toEqual({ token: new Secret("token-1") });
    expect(tokensIssued).toEqual(["https://vault.azure.net/.default"]);
  });

  test("a resource is looked up by its name", async () => {
    azure.resources.set(vaultId.toLowerCase(), { id: vaultId, name: "app", location: "westeurope" });
    const args = { resourceGroupName: "shop", vaultName: "app" };
    expect(await client.invoke("azure-native:keyvault:getVault", args)).toEqual({
      id: vaultId,
      name: "app",
      location: "westeurope",
      azureApiVersion: "2024-11-01",
    });
    await expect(
      client.invoke("azure-native:keyvault:getVault", { ...args, vaultName: "none" }),
    ).rejects.toMatchObject({ details: expect.stringContaining("there is no such resource") });
  });

  test("a cluster's credentials are asked for with POST", async () => {
    const path = `${group}/providers/Microsoft.ContainerService/managedClusters/aks/listClusterUserCredential`;
    const kubeconfigs = [{ name: "clusterUser", value: "YQ==" }];
    azure.script("POST", path, { status: 200, body: { kubeconfigs } });
    const token = "azure-native:containerservice:listManagedClusterUserCredentials";
    const args = { resourceGroupName: "shop", resourceName: "aks", format: "exec" };
    expect(await client.invoke(token, args)).toEqual({ kubeconfigs });
    expect(azure.requests[0]!.query).toEqual({ "api-version": "2025-09-01", format: "exec" });
  });

  test("an unknown function is an error that names it", async () => {
    await expect(client.invoke("azure-native:cdn:getProfile", {})).rejects.toMatchObject({
      details: expect.stringContaining("'azure-native:cdn:getProfile'"),
    });
  });
});

test("the schema names every type with its inputs", async () => {
  const { resources } = (await client.schema()) as { resources: Record<string, { inputProperties: object }> };
  expect(Object.keys(resources)).toContain(vaultType);
  expect(Object.keys(resources[credentialType]!.inputProperties)).toContain("subject");
});
