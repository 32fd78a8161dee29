import { describe, expect, test } from "vitest";
import { type PropertyMap, Secret, unknownValue } from "../../../sandbox/provider/values";
import {
  assignmentType,
  credentialType,
  group,
  groupType,
  secretType,
  useAzureNative,
  vaultInputs,
  vaultType,
} from "./azure-native-setup";
import { connectProvider } from "./provider-client";

const subject = useAzureNative();

describe("check", () => {
  test("fills in location, API version and a name that preview and deployment share", async () => {
    const first = await subject.client.check(groupType, "shop", {}, { seed: "seed" });
    expect(first).toEqual({
      failures: [],
      inputs: {
        resourceGroupName: expect.stringMatching(/^shop[0-9a-f]{8}$/),
        location: "westeurope",
        azureApiVersion: "2024-03-01",
        __createBeforeDelete: true,
      },
    });
    expect(await subject.client.check(groupType, "shop", {}, { seed: "seed" })).toEqual(first);
    const other = await subject.client.check(groupType, "shop", {}, { seed: "other" });
    expect(other.inputs.resourceGroupName).not.toBe(first.inputs.resourceGroupName);
    const again = await subject.client.check(groupType, "shop", {}, { seed: "third", olds: first.inputs });
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
    const { inputs } = await subject.client.check(type, "orders", {}, { seed: "seed" });
    expect(inputs[input]).toMatch(form);
  });

  test("keeps unknowns, secrets and given names, and drops nulls", async () => {
    const { inputs, failures } = await subject.client.check(secretType, "stripe", {
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
    const bare = connectProvider(subject.port);
    await bare.configure({});
    subject.azure.resources.set(group.toLowerCase(), { id: group, location: "northeurope" });
    const inputs = { properties: {} };
    const known = await bare.check(vaultType, "app", { ...inputs, resourceGroupName: "shop" });
    expect(known.inputs.location).toBe("northeurope");
    const unknown = await bare.check(vaultType, "app", { ...inputs, resourceGroupName: unknownValue });
    expect(unknown.inputs.location).toBe(unknownValue);
    const absent = await bare.check(vaultType, "app", { ...inputs, resourceGroupName: "nowhere" });
    expect(absent.failures).toEqual([expect.stringContaining("missing required property 'location'")]);
    bare.close();
  });

  test("leaves a resource where it is when the configuration says another location by now", async () => {
    const moved = connectProvider(subject.port);
    await moved.configure({ location: "northeurope" });
    const oldInputs = (await subject.client.check(groupType, "shop", {})).inputs;
    const { inputs } = await moved.check(groupType, "shop", {}, { olds: oldInputs });
    expect(inputs.location).toBe("westeurope");
    expect((await moved.diff(groupType, { oldInputs, inputs })).changes).toEqual({});
    const said = (await moved.check(groupType, "shop", { location: "northeurope" }, { olds: oldInputs }))
      .inputs;
    expect((await moved.diff(groupType, { oldInputs, inputs: said })).replaces).toEqual(["location"]);
    moved.close();
  });

  test("says what is missing", async () => {
    const { failures } = await subject.client.check(credentialType, "orders", { resourceGroupName: "shop" });
    expect(failures).toEqual(
      ["resourceName", "audiences", "issuer", "subject"].map((name) => `missing required property '${name}'`),
    );
  });

  test("an unknown type is an error that names it", async () => {
    await expect(subject.client.check("azure-native:cdn:Profile", "x", {})).rejects.toMatchObject({
      details: expect.stringContaining("'azure-native:cdn:Profile'"),
    });
  });

  test("each connection has its own configuration", async () => {
    const other = connectProvider(subject.port);
    await other.configure({ location: "eastus" });
    expect((await other.check(groupType, "a", {})).inputs.location).toBe("eastus");
    expect((await subject.client.check(groupType, "a", {})).inputs.location).toBe("westeurope");
    other.close();
  });
});

describe("diff", () => {
  test("nothing changed", async () => {
    const result = await subject.client.diff(vaultType, { oldInputs: vaultInputs, inputs: vaultInputs });
    expect(result).toEqual({ changes: {}, replaces: [], deleteBeforeReplace: false });
  });

  test("a property is updated in place", async () => {
    const inputs = { ...vaultInputs, tags: { owner: "a" } };
    expect(await subject.client.diff(vaultType, { oldInputs: vaultInputs, inputs })).toMatchObject({
      changes: { tags: "ADD" },
      replaces: [],
    });
  });

  test("another spelling of the location is the same location", async () => {
    const inputs = { ...vaultInputs, location: "West Europe" };
    expect((await subject.client.diff(vaultType, { oldInputs: vaultInputs, inputs })).changes).toEqual({});
  });

  test("a path input replaces, deleting first what has a fixed name", async () => {
    const inputs: PropertyMap = { ...vaultInputs, vaultName: unknownValue };
    expect(await subject.client.diff(vaultType, { oldInputs: vaultInputs, inputs })).toEqual({
      changes: { vaultName: "UPDATE_REPLACE" },
      replaces: ["vaultName"],
      deleteBeforeReplace: true,
    });
  });

  test("a random name lets the new one exist beside the old one", async () => {
    const oldInputs = { resourceGroupName: "shop1", location: "westeurope", __createBeforeDelete: true };
    const inputs = { ...oldInputs, location: "eastus" };
    expect(await subject.client.diff(groupType, { oldInputs, inputs })).toMatchObject({
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
    expect(await subject.client.diff(type, { oldInputs, inputs: inPlace })).toMatchObject({
      changes: { "networkProfile.loadBalancerSku": "UPDATE" },
    });
    expect(await subject.client.diff(type, { oldInputs, inputs: replacing })).toMatchObject({
      changes: { "networkProfile.networkPlugin": "UPDATE_REPLACE" },
    });
  });

  test("saying what is already so replaces nothing", async () => {
    const oldInputs = { resourceName: "c" };
    const inputs = { resourceName: "c", dnsPrefix: "c-dns" };
    const outputs = { dnsPrefix: "c-dns" };
    const type = "azure-native:containerservice:ManagedCluster";
    expect(await subject.client.diff(type, { oldInputs, inputs, outputs })).toMatchObject({
      changes: { dnsPrefix: "ADD" },
      replaces: [],
    });
  });

  test("an imported resource needs no API version among its inputs", async () => {
    const { azureApiVersion, ...oldInputs } = vaultInputs;
    const result = await subject.client.diff(vaultType, {
      oldInputs,
      outputs: { azureApiVersion: azureApiVersion! },
      inputs: vaultInputs,
    });
    expect(result.changes).toEqual({});
  });
});
