import { describe, expect, test } from "vitest";
import { type PropertyMap, Secret, unknownValue } from "../../../sandbox/provider/values";
import {
  credentialType,
  failure,
  group,
  secretType,
  subscriptionId,
  useAzureNative,
  vaultId,
  vaultInputs,
  vaultType,
} from "./azure-native-setup";

const subject = useAzureNative();

describe("read", () => {
  test("what is gone is gone", async () => {
    expect(
      await subject.client.read(vaultType, vaultId, { inputs: vaultInputs, outputs: {} }),
    ).toBeUndefined();
  });

  test("takes over what changed, and nothing that was left to Azure", async () => {
    const { outputs } = await subject.client.create(vaultType, { ...vaultInputs, tags: { a: "1", b: "2" } });
    const live = subject.azure.resources.get(vaultId.toLowerCase())!;
    subject.azure.resources.set(vaultId.toLowerCase(), {
      ...live,
      tags: { a: "1", b: "3" },
      properties: {
        ...(live.properties as PropertyMap),
        softDeleteRetentionInDays: 90,
        accessPolicies: [{ objectId: "x" }],
      },
    } as never);
    const inputs = { ...vaultInputs, tags: { a: "1", b: new Secret("2") } };
    const state = await subject.client.read(vaultType, vaultId, { inputs, outputs });
    expect(state?.inputs).toEqual({
      ...vaultInputs,
      tags: { a: "1", b: new Secret("3") },
      properties: {
        tenantId: "tenant",
        sku: { name: "standard", family: "A" },
        softDeleteRetentionInDays: 90,
      },
    });
    const unchanged = await subject.client.read(vaultType, vaultId, {
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
    subject.azure.resources.set(id.toLowerCase(), shown("2"));
    const state = await subject.client.read(secretType, id, { inputs, outputs: shown("1") });
    expect(state?.inputs).toEqual(inputs);
    expect(state?.outputs.properties).toEqual({ secretUriWithVersion: "https://app/2" });
  });

  test("import has the inputs that the resource would be made of", async () => {
    subject.azure.resources.set(vaultId.toLowerCase(), {
      id: vaultId,
      name: "app",
      type: "Microsoft.KeyVault/vaults",
      location: "westeurope",
      tags: {},
      properties: { tenantId: "tenant", accessPolicies: [], privateEndpointConnections: [{ id: "x" }] },
    });
    const state = await subject.client.read(vaultType, vaultId);
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
    const preview = await subject.client.update(vaultType, {
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
    expect(subject.azure.requests).toEqual([]);
  });

  test("puts the new inputs and leaves lists alone that others fill", async () => {
    const accessPolicies = [{ objectId: "x" }];
    subject.azure.resources.set(vaultId.toLowerCase(), { id: vaultId, properties: { accessPolicies } });
    await subject.client.update(vaultType, { id: vaultId, oldInputs: {}, outputs: {}, inputs: vaultInputs });
    const put = subject.azure.requests.find(({ method }) => method === "PUT");
    expect(put?.body?.properties).toMatchObject({ accessPolicies, tenantId: "tenant" });
  });
});

describe("delete", () => {
  test("deletes, and what is gone already is fine", async () => {
    subject.azure.resources.set(vaultId.toLowerCase(), { id: vaultId });
    await subject.client.delete(vaultType, vaultId);
    expect(subject.azure.resources.size).toBe(0);
    subject.azure.script("DELETE", vaultId, failure(404, "ResourceNotFound"));
    await subject.client.delete(vaultType, vaultId);
    expect(subject.sent()).toEqual(["DELETE app", "DELETE app"]);
  });

  test("follows a deletion that takes its time", async () => {
    subject.azure.script("DELETE", vaultId, {
      status: 202,
      headers: { location: "https://management.azure.com/operations/2?api-version=x" },
    });
    subject.azure.script(
      "GET",
      "/operations/2",
      { status: 202, headers: { "retry-after-ms": "1" } },
      { status: 204 },
    );
    await subject.client.delete(vaultType, vaultId);
    expect(subject.sent()).toEqual(["DELETE app", "GET 2", "GET 2"]);
  });

  test("a Key Vault secret is deleted through its vault, with the vault's token", async () => {
    const state = { inputs: { vaultName: "app", secretName: "stripe" }, outputs: {} };
    for (const status of [200, 404, 405]) {
      subject.azure.script("DELETE", "/secrets/stripe", { status });
      await subject.client.delete(secretType, `${vaultId}/secrets/stripe`, state);
    }
    expect(subject.azure.requests[0]).toMatchObject({
      method: "DELETE",
      host: "app.vault.azure.net",
      path: "/secrets/stripe",
    });
    expect(subject.tokensIssued).toEqual(["https://vault.azure.net/.default"]);
    subject.azure.script("DELETE", "/secrets/stripe", failure(403, "Forbidden"));
    await expect(subject.client.delete(secretType, `${vaultId}/secrets/stripe`, state)).rejects.toMatchObject(
      {
        details: expect.stringContaining('Status=403 Code="Forbidden"'),
      },
    );
  });

  test("what exists with its parent is put back as it was", async () => {
    const id = `${group}/providers/Microsoft.Storage/storageAccounts/docs/blobServices/default`;
    await subject.client.delete("azure-native:storage:BlobServiceProperties", id);
    expect(subject.azure.requests).toMatchObject([{ method: "PUT", path: id, body: { properties: {} } }]);
  });
});

describe("functions", () => {
  test("getClientConfig says who deploys", async () => {
    expect(await subject.client.invoke("azure-native:authorization:getClientConfig", {})).toEqual({
      clientId: "client",
      objectId: "object",
      subscriptionId,
      tenantId: "tenant",
    });
  });

  test("getClientToken is a secret for the endpoint that is asked for", async () => {
    expect(
      await subject.client.invoke("azure-native:authorization:getClientToken", {
        endpoint: "https://vault.azure.net",
      }),
    ).toEqual({ token: new Secret("token-1") });
    expect(subject.tokensIssued).toEqual(["https://vault.azure.net/.default"]);
  });

  test("a resource is looked up by its name", async () => {
    subject.azure.resources.set(vaultId.toLowerCase(), { id: vaultId, name: "app", location: "westeurope" });
    const args = { resourceGroupName: "shop", vaultName: "app" };
    expect(await subject.client.invoke("azure-native:keyvault:getVault", args)).toEqual({
      id: vaultId,
      name: "app",
      location: "westeurope",
      azureApiVersion: "2024-11-01",
    });
    await expect(
      subject.client.invoke("azure-native:keyvault:getVault", { ...args, vaultName: "none" }),
    ).rejects.toMatchObject({ details: expect.stringContaining("there is no such resource") });
  });

  test("a cluster's credentials are asked for with POST", async () => {
    const path = `${group}/providers/Microsoft.ContainerService/managedClusters/aks/listClusterUserCredential`;
    const kubeconfigs = [{ name: "clusterUser", value: "YQ==" }];
    subject.azure.script("POST", path, { status: 200, body: { kubeconfigs } });
    const token = "azure-native:containerservice:listManagedClusterUserCredentials";
    const args = { resourceGroupName: "shop", resourceName: "aks", format: "exec" };
    expect(await subject.client.invoke(token, args)).toEqual({ kubeconfigs });
    expect(subject.azure.requests[0]!.query).toEqual({ "api-version": "2025-09-01", format: "exec" });
  });

  test("an unknown function is an error that names it", async () => {
    await expect(subject.client.invoke("azure-native:cdn:getProfile", {})).rejects.toMatchObject({
      details: expect.stringContaining("'azure-native:cdn:getProfile'"),
    });
  });
});

test("the schema names every type with its inputs", async () => {
  const { resources } = (await subject.client.schema()) as {
    resources: Record<string, { inputProperties: object }>;
  };
  expect(Object.keys(resources)).toContain(vaultType);
  expect(Object.keys(resources[credentialType]!.inputProperties)).toContain("subject");
});
