import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestSandbox, type TestSandbox } from "../harness";
import { addPrincipal, armRequests, assignRole, roles, type Sdk, startSdk } from "./arm-fixture";

let sandbox: TestSandbox;
let sdk: Sdk;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  sdk = startSdk(sandbox);
  await sdk.run("resources", "resourceGroups.createOrUpdate", "shop", { location: "westeurope" });
});
afterAll(async () => {
  sdk.stop();
  await sandbox.stop();
});

const put = (name: string, more: Record<string, unknown> = {}, group = "shop") =>
  [
    "storage",
    "storageAccounts.create",
    group,
    name,
    { location: "westeurope", sku: { name: "Standard_LRS" }, kind: "StorageV2", ...more },
  ] as const;

describe("a storage account", () => {
  test("is created with Azure's defaults, changed, listed and deleted", async () => {
    const created = await sdk.run(
      ...put("shopdocs", { allowSharedKeyAccess: false, isHnsEnabled: true, minimumTlsVersion: "TLS1_2" }),
    );
    expect(created).toMatchObject({
      name: "shopdocs",
      kind: "StorageV2",
      sku: { name: "Standard_LRS", tier: "Standard" },
      provisioningState: "Succeeded",
      allowSharedKeyAccess: false,
      allowBlobPublicAccess: false,
      isHnsEnabled: true,
      minimumTlsVersion: "TLS1_2",
      enableHttpsTrafficOnly: true,
      primaryEndpoints: {
        blob: "https://shopdocs.blob.core.windows.net/",
        dfs: "https://shopdocs.dfs.core.windows.net/",
      },
      networkRuleSet: { defaultAction: "Allow" },
    });
    const updated = await sdk.run("storage", "storageAccounts.update", "shop", "shopdocs", {
      sku: { name: "Standard_ZRS" },
      tags: { a: "b" },
    });
    expect(updated).toMatchObject({
      sku: { name: "Standard_ZRS" },
      allowSharedKeyAccess: false,
      tags: { a: "b" },
    });
    expect(await sdk.run("storage", "storageAccounts.getProperties", "shop", "shopdocs")).toEqual(updated);
    expect(await sdk.run("storage", "storageAccounts.listByResourceGroup", "shop")).toContainEqual(updated);
    expect(await sdk.run("storage", "storageAccounts.list")).toContainEqual(updated);
    await sdk.run("storage", "storageAccounts.delete", "shop", "shopdocs");
    expect(await sdk.fail("storage", "storageAccounts.getProperties", "shop", "shopdocs")).toMatchObject({
      status: 404,
    });
    await sdk.run(...put("shopdocs"));
  });

  test.each(["ab", "Upper", "with-hyphen", "x".repeat(25)])("cannot be called %s", async (name) => {
    const path = `/subscriptions/${sandbox.context.account.subscriptionId}/resourceGroups/shop/providers/Microsoft.Storage/storageAccounts/${name}`;
    const body = { location: "westeurope", sku: { name: "Standard_LRS" }, kind: "StorageV2" };
    const answer = await armRequests(sandbox).request("PUT", `${path}?api-version=2024-01-01`, { body });
    expect(answer).toMatchObject({
      status: 400,
      body: {
        error: {
          code: "AccountNameInvalid",
          message: `${name} is not a valid storage account name. Storage account name must be between 3 and 24 characters in length and use numbers and lower-case letters only.`,
        },
      },
    });
  });

  test("has a name that nobody else has", async () => {
    await sdk.run(...put("takenname"));
    await sdk.run("resources", "resourceGroups.createOrUpdate", "other", { location: "westeurope" });
    expect(await sdk.fail(...put("takenname", {}, "other"))).toEqual({
      status: 409,
      code: "StorageAccountAlreadyTaken",
      message: "The storage account named takenname is already taken.",
    });
    const check = (name: string) =>
      sdk.run("storage", "storageAccounts.checkNameAvailability", {
        name,
        type: "Microsoft.Storage/storageAccounts",
      });
    expect(await check("takenname")).toMatchObject({ nameAvailable: false, reason: "AlreadyExists" });
    expect(await check("A")).toMatchObject({ nameAvailable: false, reason: "AccountNameInvalid" });
    expect(await check("freename")).toEqual({ nameAvailable: true });
  });

  test("stays with or without a hierarchical namespace", async () => {
    await sdk.run(...put("flatdocs"));
    expect(await sdk.fail(...put("flatdocs", { isHnsEnabled: true }))).toMatchObject({
      status: 409,
      code: "AccountPropertyCannotBeUpdated",
    });
  });

  test.each([
    ["sku.name", { sku: { name: "Gold" } }],
    ["kind", { kind: "Cupboard" }],
  ])("needs a valid %s", async (_name, change) => {
    expect(await sdk.fail(...put("invaliddocs", change))).toMatchObject({
      status: 400,
      code: "InvalidValuesForRequestParameters",
    });
  });

  test("shows its keys to those who may list them, whether it takes them or not, and makes new ones", async () => {
    const { id } = await sdk.run(...put("keydocs", { allowSharedKeyAccess: false }));
    const { keys } = await sdk.run("storage", "storageAccounts.listKeys", "shop", "keydocs");
    expect(keys).toMatchObject([
      { keyName: "key1", value: expect.stringMatching(/^[\w+/]{86}==$/) },
      { keyName: "key2" },
    ]);
    const renewed = await sdk.run("storage", "storageAccounts.regenerateKey", "shop", "keydocs", {
      keyName: "key2",
    });
    expect(renewed.keys[0].value).toBe(keys[0].value);
    expect(renewed.keys[1].value).not.toBe(keys[1].value);
    expect(
      JSON.stringify(await sdk.run("storage", "storageAccounts.getProperties", "shop", "keydocs")),
    ).not.toContain(keys[0].value);

    const arm = armRequests(sandbox);
    const { objectId } = addPrincipal(sandbox, "reader");
    assignRole(sandbox, objectId, roles.reader, id);
    const answer = await arm.request("POST", `${id}/listKeys?api-version=2024-01-01`, {
      token: await arm.tokenFor(objectId),
    });
    expect(answer).toMatchObject({
      status: 403,
      body: {
        error: {
          code: "AuthorizationFailed",
          message: expect.stringContaining("'Microsoft.Storage/storageAccounts/listKeys/action'"),
        },
      },
    });
  });
});

describe("containers and queues", () => {
  beforeAll(() => sdk.run(...put("holder")));

  test("of blobs are created, listed with paging, changed by ETag and deleted", async () => {
    const container = await sdk.run("storage", "blobContainers.create", "shop", "holder", "invoices", {
      metadata: { a: "b" },
    });
    expect(container).toMatchObject({
      name: "invoices",
      publicAccess: "None",
      metadata: { a: "b" },
      etag: expect.any(String),
    });
    await sdk.run("storage", "blobContainers.create", "shop", "holder", "logs", {});
    const listed = await sdk.run("storage", "blobContainers.list", "shop", "holder", { maxpagesize: "1" });
    expect(listed.map((each: { name: string }) => each.name)).toEqual(["invoices", "logs"]);

    const arm = armRequests(sandbox);
    const path = `${container.id}?api-version=2024-01-01`;
    const change = (headers: Record<string, string>) =>
      arm.request("PUT", path, { body: { properties: {} }, headers });
    expect(await change({ "if-match": '"other"' })).toMatchObject({
      status: 412,
      body: { error: { code: "PreconditionFailed" } },
    });
    expect(await change({ "if-none-match": "*" })).toMatchObject({ status: 412 });
    const changed = await change({ "if-match": container.etag });
    expect(changed.status).toBe(200);
    expect(changed.body.etag).not.toBe(container.etag);

    await sdk.run("storage", "blobContainers.delete", "shop", "holder", "invoices");
    expect(await sdk.fail("storage", "blobContainers.get", "shop", "holder", "invoices")).toMatchObject({
      status: 404,
    });
  });

  test("are not public where the account does not permit it", async () => {
    expect(
      await sdk.fail("storage", "blobContainers.create", "shop", "holder", "public", {
        publicAccess: "Blob",
      }),
    ).toEqual({
      status: 409,
      code: "PublicAccessNotPermitted",
      message: "Public access is not permitted on this storage account.",
    });
    await sdk.run(...put("openholder", { allowBlobPublicAccess: true }));
    expect(
      await sdk.run("storage", "blobContainers.create", "shop", "openholder", "public", {
        publicAccess: "Blob",
      }),
    ).toMatchObject({ publicAccess: "Blob" });
  });

  test.each(["ab", "Upper", "a--b", "-abc", "x".repeat(64)])("are not called %s", async (name) => {
    const arm = armRequests(sandbox);
    const account = `/subscriptions/${sandbox.context.account.subscriptionId}/resourceGroups/shop/providers/Microsoft.Storage/storageAccounts/holder`;
    for (const child of [`blobServices/default/containers/${name}`, `queueServices/default/queues/${name}`]) {
      const answer = await arm.request("PUT", `${account}/${child}?api-version=2024-01-01`, { body: {} });
      expect(answer).toMatchObject({ status: 400, body: { error: { code: "InvalidResourceName" } } });
    }
  });

  test("of messages are created, listed and deleted", async () => {
    await sdk.run("storage", "queue.create", "shop", "holder", "mail", { metadata: {} });
    expect(await sdk.run("storage", "queue.list", "shop", "holder")).toMatchObject([{ name: "mail" }]);
    await sdk.run("storage", "queue.delete", "shop", "holder", "mail");
    expect(await sdk.run("storage", "queue.list", "shop", "holder")).toEqual([]);
  });

  test("belong to services that are there from the start and keep what they are told", async () => {
    expect(await sdk.run("storage", "blobServices.getServiceProperties", "shop", "holder")).toMatchObject({
      name: "default",
      sku: { name: "Standard_LRS" },
    });
    await sdk.run("storage", "blobServices.setServiceProperties", "shop", "holder", {
      deleteRetentionPolicy: { enabled: true, days: 7 },
    });
    expect(await sdk.run("storage", "blobServices.getServiceProperties", "shop", "holder")).toMatchObject({
      deleteRetentionPolicy: { enabled: true, days: 7 },
    });
  });

  test("need an account", async () => {
    expect(
      await sdk.fail("storage", "blobContainers.create", "shop", "nothing", "invoices", {}),
    ).toMatchObject({ status: 404, code: "ParentResourceNotFound" });
  });
});
