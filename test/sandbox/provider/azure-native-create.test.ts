import { describe, expect, test } from "vitest";
import { createAzureNativeProvider } from "../../../sandbox/provider/azure-native";
import { Secret, unknownValue } from "../../../sandbox/provider/values";
import {
  assignmentType,
  failure,
  group,
  useAzureNative,
  vaultId,
  vaultInputs,
  vaultType,
} from "./azure-native-setup";
import { serveAndConnect } from "./provider-client";

const subject = useAzureNative();

describe("create", () => {
  test("preview asks nobody and knows what was given", async () => {
    const { id, outputs } = await subject.client.create(
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
    expect(subject.azure.requests).toEqual([]);
  });

  test("looks, puts and reads, with the deployer's token and the type's API version", async () => {
    const { id, outputs } = await subject.client.create(vaultType, vaultInputs);
    expect(id).toBe(vaultId);
    expect(outputs).toMatchObject({ name: "app", location: "westeurope", azureApiVersion: "2024-11-01" });
    expect(subject.sent()).toEqual(["GET app", "PUT app", "GET app"]);
    expect(subject.azure.requests[1]).toMatchObject({
      host: "management.azure.com",
      query: { "api-version": "2024-11-01" },
      token: "token-1",
      body: {
        location: "westeurope",
        properties: { tenantId: "tenant", sku: { name: "standard", family: "A" }, accessPolicies: [] },
      },
    });
    expect(subject.tokensIssued).toEqual(["https://management.azure.com/.default"]);
  });

  test("secrets are sent in plain and stay secret in the state", async () => {
    const tags = { owner: new Secret("someone") };
    const { outputs } = await subject.client.create(vaultType, { ...vaultInputs, tags });
    expect(subject.azure.requests[1]!.body).toMatchObject({ tags: { owner: "someone" } });
    expect(outputs.tags).toEqual(tags);
  });

  test("refuses what is there already, as the real provider does", async () => {
    subject.azure.resources.set(vaultId.toLowerCase(), { id: vaultId });
    await expect(subject.client.create(vaultType, vaultInputs)).rejects.toMatchObject({
      details: `cannot create already existing resource '${vaultId}'`,
    });
    expect(subject.sent()).toEqual(["GET app"]);
  });

  test("takes over what is there already when it is told to", async () => {
    subject.azure.resources.set(vaultId.toLowerCase(), {
      id: vaultId,
      location: "westeurope",
      properties: {},
    });
    const provider = createAzureNativeProvider({ ...subject.options, adoptExisting: true });
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
    subject.azure.resources.set(id.toLowerCase(), { id, properties: { azureADOnlyAuthentication: false } });
    expect((await subject.client.create(type, inputs)).outputs).toMatchObject({
      azureADOnlyAuthentication: true,
    });
    await expect(subject.client.create(type, inputs)).rejects.toMatchObject({
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
    const { id } = await subject.client.create(assignmentType, inputs);
    expect(id).toBe(
      `${vaultId}/providers/Microsoft.Authorization/roleAssignments/${inputs.roleAssignmentName}`,
    );
    expect(subject.azure.requests[1]!.body).toEqual({
      properties: { principalId: "p", principalType: "ServicePrincipal", roleDefinitionId: "/r" },
    });
  });

  test("an error of ARM is told with its status, code and message", async () => {
    subject.azure.script("PUT", vaultId, failure(409, "VaultAlreadyExists"));
    await expect(subject.client.create(vaultType, vaultInputs)).rejects.toMatchObject({
      details: 'Status=409 Code="VaultAlreadyExists" Message="VaultAlreadyExists it is."',
    });
  });

  test("an unknown input is an error, not a request", async () => {
    await expect(
      subject.client.create(vaultType, { ...vaultInputs, tags: { a: unknownValue } }),
    ).rejects.toMatchObject({
      details: "A value is not known yet.",
    });
    expect(subject.azure.requests).toEqual([]);
  });
});
