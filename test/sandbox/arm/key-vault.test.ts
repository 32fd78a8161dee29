import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createClock } from "../../../sandbox/core/clock";
import { getSecret } from "../../../sandbox/data/key-vault/secret-store";
import { startTestSandbox, type TestSandbox } from "../harness";
import { armRequests, type Sdk, startSdk } from "./arm-fixture";

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

const parameters = (properties: Record<string, unknown> = {}) => ({
  location: "westeurope",
  properties: {
    tenantId: sandbox.context.account.tenantId,
    sku: { family: "A", name: "standard" },
    enableRbacAuthorization: true,
    ...properties,
  },
});
const put = (name: string, properties: Record<string, unknown> = {}, group = "shop") =>
  ["keyVault", "vaults.createOrUpdate", group, name, parameters(properties)] as const;

const inDeletedState = {
  status: 409,
  code: "ConflictError",
  message: expect.stringMatching(
    /^A vault with the same name already exists in deleted state\. You need to either recover or purge existing key vault\./,
  ),
};

describe("a vault", () => {
  test("is created with defaults, read, changed and listed", async () => {
    const created = await sdk.run(...put("shop-vault"));
    expect(created).toMatchObject({
      id: `/subscriptions/${sandbox.context.account.subscriptionId}/resourceGroups/shop/providers/Microsoft.KeyVault/vaults/shop-vault`,
      properties: {
        vaultUri: "https://shop-vault.vault.azure.net/",
        enableSoftDelete: true,
        softDeleteRetentionInDays: 90,
        enableRbacAuthorization: true,
        publicNetworkAccess: "Enabled",
        provisioningState: "Succeeded",
        accessPolicies: [],
      },
    });
    expect(created.properties.enablePurgeProtection).toBeUndefined();
    const updated = await sdk.run("keyVault", "vaults.update", "shop", "shop-vault", {
      tags: { a: "b" },
      properties: { publicNetworkAccess: "Disabled", networkAcls: { defaultAction: "Deny", bypass: "None" } },
    });
    expect(updated).toMatchObject({
      tags: { a: "b" },
      properties: {
        publicNetworkAccess: "Disabled",
        networkAcls: { defaultAction: "Deny", bypass: "None" },
        enableRbacAuthorization: true,
      },
    });
    expect(await sdk.run("keyVault", "vaults.get", "shop", "SHOP-vault")).toEqual(updated);
    expect(await sdk.run("keyVault", "vaults.listByResourceGroup", "shop")).toContainEqual(updated);
    expect(await sdk.run("keyVault", "vaults.listBySubscription")).toContainEqual(updated);
    expect(await sdk.run("keyVault", "vaults.list")).toContainEqual(
      expect.objectContaining({ id: created.id }),
    );
  });

  test("uses RBAC by default from version 2026-02-01 on", async () => {
    const arm = armRequests(sandbox);
    const { enableRbacAuthorization: _, ...properties } = parameters().properties;
    const byVersion = async (name: string, version: string) => {
      const path = `/subscriptions/${sandbox.context.account.subscriptionId}/resourceGroups/shop/providers/Microsoft.KeyVault/vaults/${name}`;
      const { body } = await arm.request("PUT", `${path}?api-version=${version}`, {
        body: { location: "westeurope", properties },
      });
      return body.properties.enableRbacAuthorization;
    };
    expect(await byVersion("rbac-new", "2026-02-01")).toBe(true);
    expect(await byVersion("rbac-old", "2024-11-01")).toBe(false);
    expect(await byVersion("rbac-new", "2024-11-01")).toBe(true);
  });

  test.each(["ab", "1abc", "a--b", "abc-", "x".repeat(25), "a_bc"])("cannot be called %s", async (name) => {
    expect(await sdk.fail(...put(name))).toMatchObject({
      status: 400,
      code: "VaultNameNotValid",
      message: expect.stringContaining(`The vault name '${name}' is invalid.`),
    });
  });

  test.each([
    ["enablePurgeProtection", false, 'The property "enablePurgeProtection" cannot be set to false.'],
    ["enableSoftDelete", false, 'The property "enableSoftDelete" cannot be set to false.'],
    ["softDeleteRetentionInDays", 6, 'The property "softDeleteRetentionInDays" must be between 7 and 90.'],
    ["softDeleteRetentionInDays", 91, 'The property "softDeleteRetentionInDays" must be between 7 and 90.'],
    ["sku", { family: "A", name: "cheap" }, "An invalid value was provided for 'sku'."],
    ["tenantId", "00000000-0000-0000-0000-000000000000", "An invalid value was provided for 'tenantId'."],
  ])("with %s %j is refused", async (property, value, message) => {
    expect(await sdk.fail(...put("refused-vault", { [property]: value }))).toMatchObject({
      status: 400,
      code: "BadRequest",
      message: expect.stringContaining(message),
    });
  });

  test("keeps its retention, and purge protection once it is on", async () => {
    await sdk.run(...put("kept-vault", { softDeleteRetentionInDays: 30, enablePurgeProtection: true }));
    expect(await sdk.fail(...put("kept-vault", { softDeleteRetentionInDays: 31 }))).toMatchObject({
      status: 400,
      message: 'The property "softDeleteRetentionInDays" has been set already and it can\'t be modified.',
    });
    expect((await sdk.run(...put("kept-vault"))).properties).toMatchObject({
      softDeleteRetentionInDays: 30,
      enablePurgeProtection: true,
    });
  });

  test("has a name that nobody else has", async () => {
    await sdk.run(...put("taken-vault"));
    expect(await sdk.fail(...put("TAKEN-vault", {}, "other"))).toMatchObject({
      status: 409,
      code: "VaultAlreadyExists",
      message: expect.stringMatching(/^The vault name 'TAKEN-vault' is already in use\./),
    });
    const check = (name: string) =>
      sdk.run("keyVault", "vaults.checkNameAvailability", { name, type: "Microsoft.KeyVault/vaults" });
    expect(await check("taken-vault")).toMatchObject({ nameAvailable: false, reason: "AlreadyExists" });
    expect(await check("a")).toMatchObject({ nameAvailable: false, reason: "AccountNameInvalid" });
    expect(await check("free-vault")).toMatchObject({ nameAvailable: true });
  });
});

describe("a deleted vault", () => {
  test("blocks its name until it is purged", async () => {
    const { id } = await sdk.run(...put("old-vault"));
    await sdk.run("keyVault", "secrets.createOrUpdate", "shop", "old-vault", "key", {
      properties: { value: "v" },
    });
    await sdk.run("keyVault", "vaults.delete", "shop", "old-vault");
    expect(await sdk.fail("keyVault", "vaults.get", "shop", "old-vault")).toMatchObject({ status: 404 });
    expect(await sdk.fail(...put("old-vault"))).toMatchObject(inDeletedState);
    expect(await sdk.fail(...put("old-vault", {}, "other"))).toMatchObject(inDeletedState);
    const deleted = await sdk.run("keyVault", "vaults.getDeleted", "old-vault", "westeurope");
    expect(deleted).toMatchObject({ name: "old-vault", properties: { vaultId: id, location: "westeurope" } });
    const { deletionDate, scheduledPurgeDate } = deleted.properties;
    expect(Date.parse(scheduledPurgeDate) - Date.parse(deletionDate)).toBe(90 * 24 * 3600 * 1000);
    expect(await sdk.run("keyVault", "vaults.listDeleted")).toContainEqual(deleted);

    await sdk.run("keyVault", "vaults.purgeDeleted", "old-vault", "westeurope");
    expect(await sdk.fail("keyVault", "vaults.getDeleted", "old-vault", "westeurope")).toMatchObject({
      status: 404,
    });
    expect(getSecret(sandbox.context.store, "old-vault", "key")).toBeUndefined();
    await sdk.run(...put("old-vault", {}, "other"));
  });

  test("comes back with its settings and secrets", async () => {
    await sdk.run(...put("back-vault", { softDeleteRetentionInDays: 7 }));
    await sdk.run("keyVault", "secrets.createOrUpdate", "shop", "back-vault", "key", {
      properties: { value: "v" },
    });
    await sdk.run("keyVault", "vaults.delete", "shop", "back-vault");
    expect(await sdk.fail(...put("back-vault", { createMode: "recover" }, "other"))).toMatchObject(
      inDeletedState,
    );
    const recovered = await sdk.run("keyVault", "vaults.createOrUpdate", "shop", "back-vault", {
      location: "westeurope",
      properties: {
        tenantId: sandbox.context.account.tenantId,
        sku: { family: "A", name: "standard" },
        createMode: "recover",
      },
    });
    expect(recovered.properties).toMatchObject({
      softDeleteRetentionInDays: 7,
      enableRbacAuthorization: true,
    });
    expect(await sdk.run("keyVault", "secrets.get", "shop", "back-vault", "key")).toMatchObject({
      name: "key",
    });
    expect(await sdk.fail("keyVault", "vaults.getDeleted", "back-vault", "westeurope")).toMatchObject({
      status: 404,
    });
  });

  test("must be there to be recovered", async () => {
    expect(await sdk.fail(...put("never-vault", { createMode: "recover" }))).toMatchObject({
      status: 404,
      code: "SoftDeletedVaultDoesNotExist",
    });
  });

  test("that is protected is not purged by anybody", async () => {
    await sdk.run(...put("safe-vault", { enablePurgeProtection: true }));
    await sdk.run("keyVault", "vaults.delete", "shop", "safe-vault");
    expect(await sdk.fail("keyVault", "vaults.purgeDeleted", "safe-vault", "westeurope")).toMatchObject({
      message: "Operation 'DeletedVaultPurge' is not allowed.",
    });
  });

  test("remains of a vault that was deleted with its group", async () => {
    await sdk.run("resources", "resourceGroups.createOrUpdate", "short", { location: "northeurope" });
    await sdk.run("keyVault", "vaults.createOrUpdate", "short", "group-vault", {
      ...parameters(),
      location: "northeurope",
    });
    await sdk.run("resources", "resourceGroups.delete", "short");
    expect(await sdk.run("keyVault", "vaults.getDeleted", "group-vault", "northeurope")).toMatchObject({
      name: "group-vault",
    });
  });
});

test("a deleted vault is purged by Azure when its time is over", async () => {
  const clock = createClock();
  const aging = await startTestSandbox({ clock });
  try {
    const arm = armRequests(aging);
    const { subscriptionId, tenantId } = aging.context.account;
    const group = `/subscriptions/${subscriptionId}/resourceGroups/shop`;
    const path = `${group}/providers/Microsoft.KeyVault/vaults/aging-vault?api-version=2024-11-01`;
    const properties = { tenantId, sku: { family: "A", name: "standard" }, softDeleteRetentionInDays: 7 };
    await arm.request("PUT", `${group}?api-version=2024-03-01`, { body: { location: "westeurope" } });
    await arm.request("PUT", path, { body: { location: "westeurope", properties } });
    await arm.request("DELETE", path);
    const list = async () => {
      const deleted = `/subscriptions/${subscriptionId}/providers/Microsoft.KeyVault/deletedVaults?api-version=2024-11-01`;
      const { body } = await arm.request("GET", deleted);
      return body.value.map((vault: { name: string }) => vault.name);
    };
    expect(await list()).toEqual(["aging-vault"]);
    clock.advance(7 * 24 * 3600 * 1000);
    expect(await list()).toEqual([]);
  } finally {
    await aging.stop();
  }
});

describe("a secret through ARM", () => {
  beforeAll(() => sdk.run(...put("secret-vault")));
  const putSecret = (name: string, properties: Record<string, unknown>, more: Record<string, unknown> = {}) =>
    ["keyVault", "secrets.createOrUpdate", "shop", "secret-vault", name, { properties, ...more }] as const;

  test("is written and shows everything but its value", async () => {
    const created = await sdk.run(
      ...putSecret("stripe-key", { value: "top-secret", contentType: "text/plain" }, { tags: { a: "b" } }),
    );
    expect(created).toMatchObject({
      name: "stripe-key",
      type: "Microsoft.KeyVault/vaults/secrets",
      location: "westeurope",
      tags: { a: "b" },
      properties: {
        contentType: "text/plain",
        attributes: { enabled: true },
        secretUri: "https://secret-vault.vault.azure.net/secrets/stripe-key",
        secretUriWithVersion: expect.stringMatching(
          /^https:\/\/secret-vault\.vault\.azure\.net\/secrets\/stripe-key\/[0-9a-f]{32}$/,
        ),
      },
    });
    expect(JSON.stringify(created)).not.toContain("top-secret");
    expect(await sdk.run("keyVault", "secrets.get", "shop", "secret-vault", "STRIPE-key")).toEqual(created);
    expect(await sdk.run("keyVault", "secrets.list", "shop", "secret-vault")).toEqual([created]);
    expect(
      getSecret(sandbox.context.store, "secret-vault", "stripe-key")?.versions.map(({ value }) => value),
    ).toEqual(["top-secret"]);
  });

  test("gets a new version with each value, and changes its newest without one", async () => {
    const first = await sdk.run(...putSecret("versions", { value: "1" }));
    const second = await sdk.run(...putSecret("versions", { value: "2" }));
    expect(second.properties.secretUriWithVersion).not.toBe(first.properties.secretUriWithVersion);
    const patched = await sdk.run("keyVault", "secrets.update", "shop", "secret-vault", "versions", {
      properties: { attributes: { enabled: false } },
    });
    expect(patched.properties).toMatchObject({
      attributes: { enabled: false },
      secretUriWithVersion: second.properties.secretUriWithVersion,
    });
    expect(getSecret(sandbox.context.store, "secret-vault", "versions")?.versions).toMatchObject([
      { value: "1", enabled: true },
      { value: "2", enabled: false },
    ]);
  });

  test("cannot be deleted", async () => {
    await sdk.run(...putSecret("lasting", { value: "1" }));
    const path = `/subscriptions/${sandbox.context.account.subscriptionId}/resourceGroups/shop/providers/Microsoft.KeyVault/vaults/secret-vault/secrets/lasting?api-version=2024-11-01`;
    expect(await armRequests(sandbox).request("DELETE", path)).toMatchObject({ status: 405 });
  });

  test.each([
    ["a_b", { value: "x" }, 400],
    ["x".repeat(128), { value: "x" }, 400],
    ["no-value", {}, 400],
    ["large", { value: "x".repeat(25 * 1024 + 1) }, 400],
    ["wrong-type", { value: 5 }, 400],
  ])("that breaks a rule is refused: %#", async (name, properties, status) => {
    const path = `/subscriptions/${sandbox.context.account.subscriptionId}/resourceGroups/shop/providers/Microsoft.KeyVault/vaults/secret-vault/secrets/${name}?api-version=2024-11-01`;
    expect(await armRequests(sandbox).request("PUT", path, { body: { properties } })).toMatchObject({
      status,
    });
  });

  test("needs a vault", async () => {
    expect(
      await sdk.fail("keyVault", "secrets.createOrUpdate", "shop", "no-vault", "s", {
        properties: { value: "x" },
      }),
    ).toMatchObject({
      status: 404,
      code: "ParentResourceNotFound",
    });
    expect(await sdk.fail("keyVault", "secrets.list", "shop", "no-vault")).toMatchObject({
      status: 404,
      code: "ResourceNotFound",
    });
  });
});
