import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { getResource, listResources } from "../../../sandbox/arm/resource";
import { startTestSandbox, type TestSandbox } from "../harness";
import { type Sdk, startSdk } from "./arm-fixture";

let sandbox: TestSandbox;
let sdk: Sdk;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  sdk = startSdk(sandbox);
});
afterAll(async () => {
  sdk.stop();
  await sandbox.stop();
});

const create = (name: string, parameters: unknown = { location: "westeurope" }) =>
  sdk.run("resources", "resourceGroups.createOrUpdate", name, parameters);

test("is created, read, changed and listed", async () => {
  const created = await create("shop", { location: "West Europe", tags: { team: "shop" } });
  expect(created).toEqual({
    id: `/subscriptions/${sandbox.context.account.subscriptionId}/resourceGroups/shop`,
    name: "shop",
    type: "Microsoft.Resources/resourceGroups",
    location: "westeurope",
    tags: { team: "shop" },
    properties: { provisioningState: "Succeeded" },
  });
  expect(await sdk.run("resources", "resourceGroups.get", "SHOP")).toEqual(created);
  const updated = await sdk.run("resources", "resourceGroups.update", "shop", { tags: { team: "other" } });
  expect(updated).toEqual({ ...created, tags: { team: "other" } });
  await create("untagged");
  const filtered = await sdk.run("resources", "resourceGroups.list", {
    filter: "tagName eq 'team' and tagValue eq 'other'",
  });
  expect(filtered.map((group: { name: string }) => group.name)).toEqual(["shop"]);
  expect(await sdk.run("resources", "resourceGroups.checkExistence", "shop")).toMatchObject({ body: true });
  expect(await sdk.run("resources", "resourceGroups.checkExistence", "none")).toMatchObject({ body: false });
});

describe("a name", () => {
  test.each(["with (brackets)._-", "ümläut", "x".repeat(90), "7"].map((name) => name.replaceAll(" ", "")))(
    "%s is taken",
    async (name) => {
      expect(await create(name)).toMatchObject({ name });
    },
  );

  test("with other characters is refused by naming them", async () => {
    expect(
      await sdk.fail("resources", "resourceGroups.createOrUpdate", "a b$b", { location: "westeurope" }),
    ).toEqual({
      status: 400,
      code: "InvalidResourceGroup",
      message:
        "The provided resource group name 'a b$b' has these invalid characters: ' $'. The name can only be a letter, digit, '-', '.', '(', ')' or '_'.",
    });
  });

  test.each(["ends.", "x".repeat(91)])("%s is refused", async (name) => {
    expect(
      await sdk.fail("resources", "resourceGroups.createOrUpdate", name, { location: "westeurope" }),
    ).toMatchObject({
      status: 400,
      code: "InvalidResourceGroup",
    });
  });
});

describe("a region", () => {
  test("must be given", async () => {
    expect(await sdk.fail("resources", "resourceGroups.createOrUpdate", "nowhere", { location: "" })).toEqual(
      {
        status: 400,
        code: "LocationRequired",
        message: "The location property is required for this definition.",
      },
    );
  });

  test("must be one of Azure's", async () => {
    expect(
      await sdk.fail("resources", "resourceGroups.createOrUpdate", "nowhere", { location: "atlantis" }),
    ).toMatchObject({
      status: 400,
      code: "LocationNotAvailableForResourceType",
      message: expect.stringContaining("The provided location 'atlantis' is not available"),
    });
  });

  test("stays", async () => {
    await create("settled");
    expect(
      await sdk.fail("resources", "resourceGroups.createOrUpdate", "settled", { location: "northeurope" }),
    ).toEqual({
      status: 409,
      code: "InvalidResourceGroupLocation",
      message:
        "Invalid resource group location 'northeurope'. The Resource group already exists in location 'westeurope'.",
    });
  });
});

describe("deletion", () => {
  test("of a group that is not there: 404", async () => {
    expect(await sdk.fail("resources", "resourceGroups.delete", "none")).toMatchObject({
      status: 404,
      code: "ResourceGroupNotFound",
    });
  });

  test("takes everything beneath with it: identities' principals, role assignments, and nothing of other groups", async () => {
    const { store, directory, account } = sandbox.context;
    await create("gone");
    await create("gone2");
    const identity = await sdk.run("msi", "userAssignedIdentities.createOrUpdate", "gone", "orders", {
      location: "westeurope",
    });
    const other = await sdk.run("msi", "userAssignedIdentities.createOrUpdate", "gone2", "orders", {
      location: "westeurope",
    });
    await sdk.run("msi", "federatedIdentityCredentials.createOrUpdate", "gone", "orders", "aks", {
      issuer: "https://issuer.example/",
      subject: "system:serviceaccount:shop:orders",
      audiences: ["api://AzureADTokenExchange"],
    });
    const assign = (scope: string) =>
      sdk.run("authorization", "roleAssignments.create", scope, randomUUID(), {
        principalId: other.principalId,
        principalType: "ServicePrincipal",
        roleDefinitionId: `/subscriptions/${account.subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7`,
      });
    const onGroup = await assign(`/subscriptions/${account.subscriptionId}/resourceGroups/gone`);
    const onIdentity = await assign(identity.id);
    const elsewhere = await assign(other.id);

    await sdk.run("resources", "resourceGroups.delete", "gone");
    expect(listResources(store, `/subscriptions/${account.subscriptionId}/resourceGroups/gone/`)).toEqual([]);
    expect([onGroup.id, onIdentity.id].map((id) => getResource(store, id))).toEqual([undefined, undefined]);
    expect(directory.byObjectId(identity.principalId)).toBeUndefined();
    expect(getResource(store, elsewhere.id)).toBeDefined();
    expect(directory.byObjectId(other.principalId)).toBeDefined();
    expect(await sdk.fail("resources", "resourceGroups.get", "gone")).toMatchObject({ status: 404 });
  });
});
