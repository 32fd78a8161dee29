import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { getResource } from "../../../sandbox/arm/resource";
import { noFaults } from "../../../sandbox/core/faults";
import { startTestSandbox, type TestSandbox } from "../harness";
import { armRequests, type Sdk, startSdk } from "./arm-fixture";

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

const createIdentity = (name: string, location = "westeurope") =>
  sdk.run("msi", "userAssignedIdentities.createOrUpdate", "shop", name, { location });
const idOf = (name: string) =>
  `/subscriptions/${sandbox.context.account.subscriptionId}/resourceGroups/shop/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;

describe("a user-assigned identity", () => {
  test("has a service principal, the same for as long as it is there", async () => {
    const created = await createIdentity("orders");
    expect(created).toMatchObject({
      id: idOf("orders"),
      name: "orders",
      location: "westeurope",
      tenantId: sandbox.context.account.tenantId,
    });
    const { directory } = sandbox.context;
    expect(directory.byObjectId(created.principalId)).toMatchObject({
      clientId: created.clientId,
      displayName: "orders",
      type: "ServicePrincipal",
      managedIdentityResourceId: idOf("orders"),
    });
    expect(await createIdentity("orders")).toEqual(created);
    const tagged = await sdk.run("msi", "userAssignedIdentities.update", "shop", "orders", {
      location: "westeurope",
      tags: { a: "b" },
    });
    expect(tagged).toEqual({ ...created, tags: { a: "b" } });
    expect(await sdk.run("msi", "userAssignedIdentities.listByResourceGroup", "shop")).toContainEqual(tagged);
    expect(await sdk.run("msi", "userAssignedIdentities.listBySubscription")).toContainEqual(tagged);

    await sdk.run("msi", "userAssignedIdentities.delete", "shop", "orders");
    expect(directory.byObjectId(created.principalId)).toBeUndefined();
    await sdk.run("msi", "userAssignedIdentities.delete", "shop", "orders");
    expect((await createIdentity("orders")).principalId).not.toBe(created.principalId);
  });

  test.each(["ab", "-abc", "a.bc", "x".repeat(129)])("cannot be called %s", async (name) => {
    expect(
      await sdk.fail("msi", "userAssignedIdentities.createOrUpdate", "shop", name, {
        location: "westeurope",
      }),
    ).toMatchObject({
      status: 400,
      code: "InvalidResourceName",
    });
  });

  test("stays in its region", async () => {
    await createIdentity("settled");
    expect(
      await sdk.fail("msi", "userAssignedIdentities.createOrUpdate", "shop", "settled", {
        location: "northeurope",
      }),
    ).toEqual({
      status: 409,
      code: "InvalidResourceLocation",
      message:
        "The resource 'settled' already exists in location 'westeurope'. A resource with the same name cannot be created in location 'northeurope'. Please select a new resource name.",
    });
  });
});

const credential = (subject: string, more: Record<string, unknown> = {}) => ({
  issuer: "https://westeurope.oic.prod-aks.azure.com/t/g/",
  subject,
  audiences: ["api://AzureADTokenExchange"],
  ...more,
});
const putCredential = (identity: string, name: string, body: unknown) =>
  ["msi", "federatedIdentityCredentials.createOrUpdate", "shop", identity, name, body] as const;

describe("a federated identity credential", () => {
  beforeAll(() => createIdentity("federated"));

  test("is written, read, changed, listed and deleted", async () => {
    const created = await sdk.run(...putCredential("federated", "aks-1", credential("one")));
    expect(created).toEqual({
      id: `${idOf("federated")}/federatedIdentityCredentials/aks-1`,
      name: "aks-1",
      type: "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
      ...credential("one"),
    });
    expect(await sdk.run(...putCredential("federated", "aks-1", credential("one")))).toEqual(created);
    expect(await sdk.run(...putCredential("federated", "aks-1", credential("two")))).toEqual({
      ...created,
      subject: "two",
    });
    await sdk.run(...putCredential("federated", "aks-2", credential("Two")));
    const listed = await sdk.run("msi", "federatedIdentityCredentials.list", "shop", "federated", { top: 1 });
    expect(listed.map((each: { subject: string }) => each.subject)).toEqual(["two", "Two"]);
    await sdk.run("msi", "federatedIdentityCredentials.delete", "shop", "federated", "aks-1");
    await sdk.run("msi", "federatedIdentityCredentials.delete", "shop", "federated", "aks-1");
    expect(
      await sdk.fail("msi", "federatedIdentityCredentials.get", "shop", "federated", "aks-1"),
    ).toMatchObject({ status: 404, code: "ResourceNotFound" });
  });

  test.each([
    ["no properties", "aks", {}, "Federated Identity Credential from HTTP body has empty properties"],
    [
      "no subject",
      "aks",
      credential(""),
      "Federated Identity Credential from HTTP body has empty properties",
    ],
    [
      "no audience",
      "aks",
      credential("s", { audiences: [] }),
      "Federated identity credentials must have exactly one audience.",
    ],
    [
      "two audiences",
      "aks",
      credential("s", { audiences: ["a", "b"] }),
      "Federated identity credentials must have exactly one audience.",
    ],
    ["a short name", "ab", credential("s"), "Federated Identity Credential name 'ab' is invalid."],
    [
      "a long name",
      "x".repeat(121),
      credential("s"),
      `Federated Identity Credential name '${"x".repeat(121)}' is invalid.`,
    ],
    ["a name with a dot", "a.b", credential("s"), "Federated Identity Credential name 'a.b' is invalid."],
    [
      "a long subject",
      "aks",
      credential("s".repeat(601)),
      expect.stringContaining("subject has 601 characters; at most 600"),
    ],
    ["a wildcard", "aks", credential("repo:*"), expect.stringContaining("wildcards")],
    [
      "an issuer that is no URL",
      "aks",
      credential("s", { issuer: "issuer" }),
      expect.stringContaining("https"),
    ],
  ])("with %s is refused", async (_name, name, body, message) => {
    expect(await sdk.fail(...putCredential("federated", name, body))).toEqual({
      status: 400,
      code: "BadRequest",
      message,
    });
  });

  test("with issuer and subject of another is refused", async () => {
    await sdk.run(...putCredential("federated", "original", credential("same")));
    expect(await sdk.fail(...putCredential("federated", "copy", credential("same")))).toEqual({
      status: 400,
      code: "BadRequest",
      message: "Issuer and subject combination already exists for this Managed Identity.",
    });
  });

  test("takes a subject of 600 characters and a name of 120", async () => {
    expect(
      await sdk.run(...putCredential("federated", "x".repeat(120), credential("s".repeat(600)))),
    ).toMatchObject({ subject: "s".repeat(600) });
  });

  test("is refused as the 21st", async () => {
    await createIdentity("popular");
    for (let index = 1; index <= 20; index++)
      await sdk.run(...putCredential("popular", `aks-${index}`, credential(`s${index}`)));
    expect(await sdk.fail(...putCredential("popular", "aks-21", credential("s21")))).toMatchObject({
      status: 400,
      message: expect.stringContaining("maximum number is 20"),
    });
    expect(await sdk.run(...putCredential("popular", "aks-20", credential("changed")))).toMatchObject({
      subject: "changed",
    });
  });

  test("needs an identity", async () => {
    expect(await sdk.fail(...putCredential("nobody", "aks", credential("s")))).toMatchObject({
      status: 404,
      message: "The parent user-assigned identity doesn't exist.",
    });
  });

  test("needs a region that supports it", async () => {
    await createIdentity("far-away", "newzealandnorth");
    expect(await sdk.fail(...putCredential("far-away", "aks", credential("s")))).toMatchObject({
      status: 405,
      message: "The request format was unexpected: Support for federated identity credentials not enabled.",
    });
  });

  test("is not written or deleted together with another of the same identity", async () => {
    await createIdentity("busy");
    await createIdentity("busy2");
    await sdk.run(...putCredential("busy", "old", credential("old")));
    const outcomes = await sdk.runTogether([
      ["msi", "federatedIdentityCredentials.delete", "shop", "busy", "old"],
      [...putCredential("busy", "aks-1", credential("s1"))],
      [...putCredential("BUSY", "aks-2", credential("s2"))],
      [...putCredential("busy2", "aks-1", credential("s1"))],
    ]);
    expect(outcomes.toSorted()).toEqual([
      "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity",
      "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity",
      "ok",
      "ok",
    ]);
    expect(outcomes[3]).toBe("ok");
  });

  test("says in the conflict which identity it is, in lower case", async () => {
    await createIdentity("Clash");
    const arm = armRequests(sandbox);
    const put = (name: string) =>
      arm.request("PUT", `${idOf("Clash")}/federatedIdentityCredentials/${name}?api-version=2023-01-31`, {
        body: { properties: credential(name) },
      });
    const answers = await Promise.all([put("one"), put("two")]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 409]);
    expect(answers.find(({ status }) => status === 409)?.body.error.message).toBe(
      `Too many Federated Identity Credentials are written concurrently for the managed identity '${idOf("Clash").toLowerCase()}'. Concurrent Federated Identity Credentials writes under the same managed identity are not supported.`,
    );
  });

  test("is known everywhere when it has propagated", async () => {
    const { faults, clock, store } = sandbox.context;
    faults.settings = {
      ...noFaults,
      replicationSeconds: { ...noFaults.replicationSeconds, federatedCredential: [60, 60] },
    };
    const before = clock.now();
    const { id } = await sdk.run(...putCredential("federated", "slow", credential("slow")));
    faults.settings = noFaults;
    expect(getResource(store, id)?.visibleAt).toBeGreaterThanOrEqual(before + 60_000);
    await sdk.run(...putCredential("federated", "slow", credential("slow")));
    expect(getResource(store, id)?.visibleAt).toBeGreaterThanOrEqual(before + 60_000);
  });
});

describe("a system-assigned identity", () => {
  const read = (scope: string) => sdk.run("msi", "systemAssignedIdentities.getByScope", scope);
  const registry = (identity: unknown) =>
    sdk.run("containerRegistry", "registries.create", "shop", "shopregistry", {
      location: "westeurope",
      sku: { name: "Basic" },
      identity,
    });

  test("is made with its resource, read beneath it, and removed with it", async () => {
    const { directory } = sandbox.context;
    const { id, identity } = await registry({ type: "SystemAssigned" });
    expect(await read(id)).toMatchObject({
      name: "default",
      principalId: identity.principalId,
      clientId: directory.byObjectId(identity.principalId)?.clientId,
    });
    expect((await registry({ type: "SystemAssigned" })).identity).toEqual(identity);
    await registry({ type: "None" });
    expect(directory.byObjectId(identity.principalId)).toBeUndefined();
    expect(await sdk.fail("msi", "systemAssignedIdentities.getByScope", id)).toMatchObject({ status: 404 });
    const again = await registry({ type: "SystemAssigned" });
    await sdk.run("containerRegistry", "registries.delete", "shop", "shopregistry");
    expect(directory.byObjectId(again.identity.principalId)).toBeUndefined();
  });
});

describe("attaching an identity", () => {
  test("shows its ids, and needs it to be there", async () => {
    const { id, principalId, clientId } = await createIdentity("puller");
    const attach = (identity: unknown) =>
      [
        "containerRegistry",
        "registries.create",
        "shop",
        "otherregistry",
        { location: "westeurope", sku: { name: "Basic" }, identity },
      ] as const;
    const created = await sdk.run(
      ...attach({ type: "SystemAssigned, UserAssigned", userAssignedIdentities: { [id]: {} } }),
    );
    expect(created.identity).toMatchObject({
      principalId: expect.any(String),
      userAssignedIdentities: { [id]: { principalId, clientId } },
    });
    expect(
      await sdk.fail(...attach({ type: "UserAssigned", userAssignedIdentities: { [`${id}x`]: {} } })),
    ).toMatchObject({
      status: 400,
      code: "FailedIdentityOperation",
      message: expect.stringContaining(`Resource '${id}x' was not found.`),
    });
    expect(await sdk.fail(...attach({ type: "UserAssigned", userAssignedIdentities: {} }))).toMatchObject({
      status: 400,
      code: "MissingIdentityIds",
    });
    expect(await sdk.fail(...attach({ type: "Everything" }))).toMatchObject({
      status: 400,
      code: "InvalidIdentityType",
    });
  });
});
