import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestSandbox, type TestSandbox } from "../harness";
import { addPrincipal, roles, type Sdk, startSdk } from "./arm-fixture";

let sandbox: TestSandbox;
let sdk: Sdk;
let subscription: string;
let group: string;
let vault: string;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  sdk = startSdk(sandbox);
  const { subscriptionId, tenantId } = sandbox.context.account;
  subscription = `/subscriptions/${subscriptionId}`;
  group = `${subscription}/resourceGroups/shop`;
  await sdk.run("resources", "resourceGroups.createOrUpdate", "shop", { location: "westeurope" });
  const properties = { tenantId, sku: { family: "A", name: "standard" } };
  ({ id: vault } = await sdk.run("keyVault", "vaults.createOrUpdate", "shop", "shop-vault", {
    location: "westeurope",
    properties,
  }));
});
afterAll(async () => {
  sdk.stop();
  await sandbox.stop();
});

const roleId = (guid: string) => `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${guid}`;

const assign = (scope: string, name: string, properties: { principalId: string; roleDefinitionId: string }) =>
  ["authorization", "roleAssignments.create", scope, name, properties] as const;

describe("role definitions", () => {
  test("are found by id and by name", async () => {
    const reader = await sdk.run("authorization", "roleDefinitions.get", subscription, roles.reader);
    expect(reader).toMatchObject({
      id: roleId(roles.reader),
      name: roles.reader,
      roleName: "Reader",
      roleType: "BuiltInRole",
    });
    expect(reader.permissions).toEqual([
      expect.objectContaining({ actions: ["*/read"], notActions: [], dataActions: [], notDataActions: [] }),
    ]);
    expect(
      await sdk.run("authorization", "roleDefinitions.list", group, {
        filter: "roleName eq 'Key Vault Secrets User'",
      }),
    ).toEqual([expect.objectContaining({ id: roleId(roles.keyVaultSecretsUser) })]);
    expect((await sdk.run("authorization", "roleDefinitions.list", subscription)).length).toBeGreaterThan(
      500,
    );
    expect(await sdk.fail("authorization", "roleDefinitions.get", subscription, randomUUID())).toMatchObject({
      status: 404,
    });
  });

  test("of one's own are made, used, and kept while they are used", async () => {
    const name = randomUUID();
    const role = {
      roleName: "Secret Lister",
      description: "Lists secrets",
      assignableScopes: [subscription],
      permissions: [{ actions: ["Microsoft.KeyVault/vaults/secrets/read"] }],
    };
    const created = await sdk.run(
      "authorization",
      "roleDefinitions.createOrUpdate",
      subscription,
      name,
      role,
    );
    expect(created).toMatchObject({ id: roleId(name), roleType: "CustomRole", roleName: "Secret Lister" });
    expect(
      await sdk.run("authorization", "roleDefinitions.list", group, { filter: "type eq 'CustomRole'" }),
    ).toEqual([created]);
    expect(
      await sdk.fail("authorization", "roleDefinitions.createOrUpdate", subscription, randomUUID(), role),
    ).toMatchObject({ status: 409, code: "RoleDefinitionWithSameNameExists" });

    const { objectId: principalId } = addPrincipal(sandbox, "fifteen");
    const assignment = await sdk.run(
      ...assign(vault, randomUUID(), { principalId, roleDefinitionId: roleId(name) }),
    );
    const { authorizer } = sandbox.context;
    expect(
      authorizer.decide({
        principalId,
        operation: "Microsoft.KeyVault/vaults/secrets/read",
        dataAction: false,
        scope: `${vault}/secrets/a`,
      }).allowed,
    ).toBe(true);
    expect(await sdk.fail("authorization", "roleDefinitions.delete", subscription, name)).toMatchObject({
      status: 400,
      code: "RoleDefinitionHasAssignments",
    });
    await sdk.run("authorization", "roleAssignments.deleteById", assignment.id);
    expect(await sdk.run("authorization", "roleDefinitions.delete", subscription, name)).toEqual(created);
    expect(await sdk.fail("authorization", "roleDefinitions.get", subscription, name)).toMatchObject({
      status: 404,
    });
  });

  test("that are built in stay as they are", async () => {
    const role = { roleName: "Mine", assignableScopes: [subscription], permissions: [{ actions: ["*"] }] };
    expect(
      await sdk.fail("authorization", "roleDefinitions.createOrUpdate", subscription, roles.reader, role),
    ).toMatchObject({ status: 400 });
    expect(
      await sdk.fail("authorization", "roleDefinitions.delete", subscription, roles.reader),
    ).toMatchObject({ status: 400 });
  });
});
