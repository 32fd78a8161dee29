import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestSandbox, type TestSandbox } from "../harness";
import { type Sdk, startSdk } from "./arm-fixture";

let sandbox: TestSandbox;
let sdk: Sdk;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  sdk = startSdk(sandbox);
  await sdk.run("resources", "resourceGroups.createOrUpdate", "shop", { location: "westeurope" });
  await sdk.run("resources", "resourceGroups.createOrUpdate", "other", { location: "westeurope" });
});
afterAll(async () => {
  sdk.stop();
  await sandbox.stop();
});

const put = (name: string, properties: Record<string, unknown> = {}, group = "shop", sku = "Standard") =>
  [
    "containerRegistry",
    "registries.create",
    group,
    name,
    { location: "westeurope", sku: { name: sku }, ...properties },
  ] as const;

test("is created with defaults, changed, listed and deleted", async () => {
  const created = await sdk.run(...put("shopImages"));
  expect(created).toMatchObject({
    name: "shopImages",
    loginServer: "shopimages.azurecr.io",
    sku: { name: "Standard", tier: "Standard" },
    adminUserEnabled: false,
    anonymousPullEnabled: false,
    publicNetworkAccess: "Enabled",
    roleAssignmentMode: "LegacyRegistryPermissions",
    provisioningState: "Succeeded",
  });
  const updated = await sdk.run("containerRegistry", "registries.update", "shop", "shopimages", {
    roleAssignmentMode: "AbacRepositoryPermissions",
    tags: { a: "b" },
  });
  expect(updated).toMatchObject({ roleAssignmentMode: "AbacRepositoryPermissions", tags: { a: "b" } });
  expect(await sdk.run("containerRegistry", "registries.get", "shop", "SHOPIMAGES")).toEqual(updated);
  expect(await sdk.run("containerRegistry", "registries.list")).toEqual([updated]);
  expect(await sdk.run("containerRegistry", "registries.listByResourceGroup", "shop")).toEqual([updated]);
  await sdk.run("containerRegistry", "registries.delete", "shop", "shopimages");
  expect(await sdk.run("containerRegistry", "registries.list")).toEqual([]);
});

test.each(["four", "with-hyphen", "x".repeat(51)])("cannot be called %s", async (name) => {
  expect(await sdk.fail(...put(name))).toMatchObject({ status: 400, code: "InvalidResourceName" });
});

test("has a name that nobody else has", async () => {
  await sdk.run(...put("takenimages"));
  expect(await sdk.fail(...put("takenImages", {}, "other"))).toMatchObject({
    status: 409,
    code: "AlreadyInUse",
    message: expect.stringMatching(/^The registry DNS name takenimages\.azurecr\.io is already in use\./),
  });
  const check = (name: string) =>
    sdk.run("containerRegistry", "registries.checkNameAvailability", {
      name,
      type: "Microsoft.ContainerRegistry/registries",
    });
  expect(await check("takenimages")).toMatchObject({ nameAvailable: false });
  expect(await check("freeimages")).toMatchObject({ nameAvailable: true });
});

test.each([
  ["sku.name", {}, "Gold"],
  ["properties.roleAssignmentMode", { roleAssignmentMode: "Anarchy" }, "Basic"],
  ["properties.publicNetworkAccess", { publicNetworkAccess: "Sometimes" }, "Basic"],
])("needs a valid %s", async (_name, properties, sku) => {
  expect(await sdk.fail(...put("invalidimages", properties, "shop", sku))).toMatchObject({
    status: 400,
    code: "InvalidParameter",
  });
});

test("has passwords while it has an admin user", async () => {
  const { id } = await sdk.run(...put("adminimages"));
  expect(
    await sdk.fail("containerRegistry", "registries.listCredentials", "shop", "adminimages"),
  ).toMatchObject({
    status: 400,
    code: "UnAuthorizedForCredentialOperations",
    message: expect.stringContaining(
      `Cannot perform credential operations for ${id} as admin user is disabled.`,
    ),
  });
  await sdk.run("containerRegistry", "registries.update", "shop", "adminimages", { adminUserEnabled: true });
  expect(
    await sdk.run("containerRegistry", "registries.listCredentials", "shop", "adminimages"),
  ).toMatchObject({
    username: "adminimages",
    passwords: [{ name: "password" }, { name: "password2" }],
  });
});
