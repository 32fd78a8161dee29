import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type AccessRequest, createAuthorizer } from "../../../sandbox/arm/authorizer";
import { putResource, removeResource } from "../../../sandbox/arm/resource";
import { type AdjustableClock, createClock } from "../../../sandbox/core/clock";
import { openStore, type Store } from "../../../sandbox/core/store";
import { temporaryDirectory } from "../harness";
import { roles } from "./arm-fixture";

const tenantId = randomUUID();
const subscription = `/subscriptions/${randomUUID()}`;
const group = `${subscription}/resourceGroups/shop`;
const vault = `${group}/providers/Microsoft.KeyVault/vaults/app`;
const account = `${group}/providers/Microsoft.Storage/storageAccounts/docs`;
const container = `${account}/blobServices/default/containers/invoices`;
const principalId = randomUUID();

const readSecret: AccessRequest = {
  principalId,
  operation: "Microsoft.KeyVault/vaults/secrets/getSecret/action",
  dataAction: true,
  scope: `${vault}/secrets/stripe-key`,
};
const writeVault: AccessRequest = {
  principalId,
  operation: "Microsoft.KeyVault/vaults/write",
  dataAction: false,
  scope: vault,
};

let directory: string;
let store: Store;
let clock: AdjustableClock;
let authorizer: ReturnType<typeof createAuthorizer>;

beforeEach(() => {
  directory = temporaryDirectory();
  store = openStore(directory);
  clock = createClock();
  const deployer = { displayName: "deployer", objectId: randomUUID(), clientId: randomUUID() };
  const account = {
    tenantId,
    subscriptionId: subscription.split("/")[2]!,
    subscriptionName: "Sandbox",
    deployer,
  };
  authorizer = createAuthorizer({ store, clock, account });
});
afterEach(async () => {
  await store.close();
  rmSync(directory, { recursive: true });
});

interface Given {
  principal?: string;
  role: string;
  scope: string;
  visibleAt?: number;
  condition?: string;
}

function give({ principal = principalId, role, scope, visibleAt, condition }: Given): string {
  const name = randomUUID();
  const id = `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`;
  const roleDefinitionId = `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${role}`;
  const properties = { principalId: principal, roleDefinitionId, scope, ...(condition ? { condition } : {}) };
  putResource(store, {
    body: { id, name, type: "Microsoft.Authorization/roleAssignments", properties },
    ...(visibleAt === undefined ? {} : { visibleAt }),
  });
  return id;
}

const allowed = (request: AccessRequest) => authorizer.decide(request).allowed;

describe("scope", () => {
  test("without any assignment, nothing is allowed", () => {
    expect(authorizer.decide(readSecret)).toEqual({ allowed: false });
  });

  test.each([
    ["the tenant", ""],
    ["the root management group", `/providers/Microsoft.Management/managementGroups/${tenantId}`],
    ["the subscription", subscription],
    ["the group", group],
    ["the group in another case", group.toUpperCase()],
    ["the vault", vault],
    ["the secret", `${vault}/secrets/stripe-key`],
  ])("a role at %s reaches the secret", (_name, scope) => {
    const assignmentId = give({ role: roles.keyVaultSecretsUser, scope });
    expect(authorizer.decide(readSecret)).toEqual({ allowed: true, assignmentId });
  });

  test.each([
    ["another subscription", `/subscriptions/${randomUUID()}`],
    ["another management group", "/providers/Microsoft.Management/managementGroups/other"],
    ["a group whose name begins alike", `${subscription}/resourceGroups/sho`],
    ["a vault whose name begins alike", `${vault}x`],
    ["another secret", `${vault}/secrets/stripe`],
    ["something beneath the secret", `${vault}/secrets/stripe-key/versions/1`],
  ])("a role at %s does not", (_name, scope) => {
    give({ role: roles.keyVaultSecretsUser, scope });
    expect(allowed(readSecret)).toBe(false);
  });

  test("a role of somebody else does not", () => {
    give({ principal: randomUUID(), role: roles.keyVaultSecretsUser, scope: vault });
    expect(allowed(readSecret)).toBe(false);
  });

  test("goes down to a blob", () => {
    give({ role: roles.storageBlobDataReader, scope: container });
    const operation = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read";
    const read = { principalId, operation, dataAction: true };
    expect(allowed({ ...read, scope: `${container}/blobs/2026/a.pdf` })).toBe(true);
    expect(allowed({ ...read, scope: `${account}/blobServices/default/containers/logs/blobs/a` })).toBe(
      false,
    );
  });
});

describe("roles", () => {
  test("actions give no data access, and data actions no control", () => {
    give({ role: roles.owner, scope: subscription });
    expect([allowed(writeVault), allowed(readSecret)]).toEqual([true, false]);
    give({
      principal: "00000000-0000-0000-0000-000000000001",
      role: roles.keyVaultSecretsUser,
      scope: subscription,
    });
    const other = { principalId: "00000000-0000-0000-0000-000000000001" };
    expect([allowed({ ...writeVault, ...other }), allowed({ ...readSecret, ...other })]).toEqual([
      false,
      true,
    ]);
  });

  test("what notActions take away stays away, unless another role gives it", () => {
    give({ role: roles.contributor, scope: subscription });
    const assign = { ...writeVault, operation: "Microsoft.Authorization/roleAssignments/write" };
    expect([allowed(writeVault), allowed(assign)]).toEqual([true, false]);
    give({ role: roles.owner, scope: group });
    expect(allowed(assign)).toBe(true);
  });

  test("operations are compared without regard to case", () => {
    give({ role: roles.reader, scope: group });
    expect(allowed({ ...writeVault, operation: "MICROSOFT.KEYVAULT/VAULTS/READ" })).toBe(true);
  });

  test("a custom role counts, with notDataActions, and as it is now", () => {
    const name = randomUUID();
    const put = (dataActions: string[], notDataActions: string[]) =>
      putResource(store, {
        body: {
          id: `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${name}`,
          name,
          type: "Microsoft.Authorization/roleDefinitions",
          properties: {
            roleName: "Own",
            type: "CustomRole",
            permissions: [{ actions: [], notActions: [], dataActions, notDataActions }],
          },
        },
      });
    put(["Microsoft.KeyVault/vaults/*"], []);
    give({ role: name, scope: vault });
    expect(allowed(readSecret)).toBe(true);
    put(["Microsoft.KeyVault/vaults/*"], ["Microsoft.KeyVault/vaults/secrets/getSecret/*"]);
    expect(allowed(readSecret)).toBe(false);
  });

  test("a role that is not there gives nothing", () => {
    give({ role: randomUUID(), scope: subscription });
    expect(allowed(writeVault)).toBe(false);
  });
});

describe("time", () => {
  test("an assignment counts from when it has propagated", () => {
    give({ role: roles.keyVaultSecretsUser, scope: vault, visibleAt: clock.now() + 60_000 });
    expect(authorizer.decide(readSecret)).toEqual({ allowed: false, notYetEffective: true });
    expect(
      authorizer.decide({ ...readSecret, operation: "Microsoft.KeyVault/vaults/secrets/setSecret/action" }),
    ).toEqual({ allowed: false });
    clock.advance(60_000);
    expect(allowed(readSecret)).toBe(true);
  });

  test("a removed one no longer counts", () => {
    const id = give({ role: roles.keyVaultSecretsUser, scope: vault });
    removeResource(store, id);
    expect(authorizer.decide(readSecret)).toEqual({ allowed: false });
  });
});

describe("conditions", () => {
  const read = {
    principalId,
    operation: "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read",
    dataAction: true,
    scope: `${container}/blobs/a`,
  };
  const nameIs = (name: string) =>
    `@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals '${name}'`;
  const attributes = { "Microsoft.Storage/storageAccounts/blobServices/containers:name": "invoices" };

  test("must hold", () => {
    give({ role: roles.storageBlobDataReader, scope: account, condition: nameIs("invoices") });
    expect(allowed({ ...read, attributes })).toBe(true);
    expect(
      allowed({
        ...read,
        attributes: {
          ...attributes,
          "Microsoft.Storage/storageAccounts/blobServices/containers:name": "logs",
        },
      }),
    ).toBe(false);
    expect(allowed(read)).toBe(false);
  });

  test("that cannot be read never hold", () => {
    give({ role: roles.storageBlobDataReader, scope: account, condition: "whatever" });
    expect(authorizer.decide({ ...read, attributes })).toEqual({ allowed: false });
  });
});
