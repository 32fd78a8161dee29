import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { getResource, listResources, removeResource } from "../../../sandbox/arm/resource";
import { noFaults } from "../../../sandbox/core/faults";
import { startTestSandbox, type TestSandbox } from "../harness";
import { addPrincipal, armRequests, assignRole, roles, type Sdk, startSdk } from "./arm-fixture";

let sandbox: TestSandbox;
let sdk: Sdk;
let arm: ReturnType<typeof armRequests>;
let subscription: string;
let group: string;
let vault: string;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  sdk = startSdk(sandbox);
  arm = armRequests(sandbox);
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

interface Asked {
  principalId?: string;
  principalType?: string;
  roleDefinitionId?: string;
  condition?: string;
  conditionVersion?: string;
  description?: string;
}
const asked = (more: Asked = {}): Asked => ({ roleDefinitionId: roleId(roles.reader), ...more });
const assign = (scope: string, name: string, properties: Asked) =>
  ["authorization", "roleAssignments.create", scope, name, properties] as const;

describe("a role assignment", () => {
  test("is made, read by scope and by id, found and deleted", async () => {
    const { objectId } = addPrincipal(sandbox, "one");
    const name = randomUUID();
    const scope = `${vault}/secrets/stripe-key`;
    const created = await sdk.run(
      ...assign(scope, name, asked({ principalId: objectId, description: "for orders" })),
    );
    expect(created).toMatchObject({
      id: `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`,
      name,
      type: "Microsoft.Authorization/roleAssignments",
      scope,
      principalId: objectId,
      principalType: "ServicePrincipal",
      roleDefinitionId: roleId(roles.reader),
      description: "for orders",
      createdBy: sandbox.context.account.deployer.objectId,
    });
    expect(await sdk.run("authorization", "roleAssignments.get", scope, name)).toEqual(created);
    expect(await sdk.run("authorization", "roleAssignments.getById", created.id)).toEqual(created);
    expect(await sdk.run("authorization", "roleAssignments.delete", scope, name)).toEqual(created);
    // A deletion of nothing is answered with 204, of which the client makes an empty object.
    expect(await sdk.run("authorization", "roleAssignments.delete", scope, name)).toEqual({});
    expect(await sdk.fail("authorization", "roleAssignments.get", scope, name)).toMatchObject({
      status: 404,
    });
  });

  test("can be written again with the same properties, and with another description", async () => {
    const { objectId: principalId } = addPrincipal(sandbox, "two");
    const name = randomUUID();
    const first = await sdk.run(...assign(group, name, asked({ principalId })));
    expect(await sdk.run(...assign(group, name, asked({ principalId })))).toMatchObject({
      id: first.id,
      createdOn: first.createdOn,
    });
    expect(await sdk.run(...assign(group, name, asked({ principalId, description: "why" })))).toMatchObject({
      description: "why",
    });
    const answer = await arm.request("PUT", `${first.id}?api-version=2022-04-01`, {
      body: { properties: asked({ principalId }) },
    });
    expect(answer.status).toBe(200);
  });

  test("takes a role's id with and without subscription, in any case", async () => {
    const { objectId: principalId } = addPrincipal(sandbox, "three");
    const roleDefinitionId = `/providers/microsoft.authorization/ROLEDEFINITIONS/${roles.reader.toUpperCase()}`;
    expect(await sdk.run(...assign(group, randomUUID(), { principalId, roleDefinitionId }))).toMatchObject({
      roleDefinitionId: roleId(roles.reader),
    });
  });

  test("exists once for a principal, role and scope", async () => {
    const { objectId: principalId } = addPrincipal(sandbox, "four");
    await sdk.run(...assign(vault, randomUUID(), asked({ principalId })));
    expect(
      await sdk.fail(
        ...assign(vault.toUpperCase(), randomUUID(), asked({ principalId: principalId.toUpperCase() })),
      ),
    ).toEqual({
      status: 409,
      code: "RoleAssignmentExists",
      message: "The role assignment already exists.",
    });
    await sdk.run(...assign(`${vault}/secrets/a`, randomUUID(), asked({ principalId })));
    await sdk.run(
      ...assign(vault, randomUUID(), asked({ principalId, roleDefinitionId: roleId(roles.contributor) })),
    );
  });

  test.each([
    ["principal", (other: string) => asked({ principalId: other }), () => group],
    ["role", () => asked({ roleDefinitionId: roleId(roles.contributor) }), () => group],
    ["scope", () => asked(), () => vault],
  ])("keeps its %s", async (_name, change, scope) => {
    const { objectId: principalId } = addPrincipal(sandbox, "five");
    const other = addPrincipal(sandbox, "other");
    const name = randomUUID();
    await sdk.run(...assign(group, name, asked({ principalId })));
    expect(await sdk.fail(...assign(scope(), name, { principalId, ...change(other.objectId) }))).toEqual({
      status: 400,
      code: "RoleAssignmentUpdateNotPermitted",
      message: "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
    });
  });

  test("needs a GUID as name", async () => {
    const { objectId: principalId } = addPrincipal(sandbox, "six");
    expect(await sdk.fail(...assign(group, "orders", asked({ principalId })))).toEqual({
      status: 400,
      code: "InvalidRoleAssignmentId",
      message: "The role assignment ID 'orders' is not valid. The role assignment ID must be a GUID.",
    });
  });

  test("needs a role", async () => {
    const { objectId: principalId } = addPrincipal(sandbox, "seven");
    expect(
      await sdk.fail(...assign(group, randomUUID(), { principalId, roleDefinitionId: "Reader" })),
    ).toEqual({
      status: 400,
      code: "InvalidRoleDefinitionId",
      message: "The role definition ID 'Reader' is not valid.",
    });
    const unknown = randomUUID();
    expect(
      await sdk.fail(...assign(group, randomUUID(), { principalId, roleDefinitionId: roleId(unknown) })),
    ).toMatchObject({
      status: 404,
      code: "RoleDefinitionDoesNotExist",
    });
  });

  test("needs something to be at", async () => {
    const { objectId: principalId } = addPrincipal(sandbox, "eight");
    expect(
      await sdk.fail(...assign(`${subscription}/resourceGroups/none`, randomUUID(), asked({ principalId }))),
    ).toMatchObject({ status: 404, code: "ResourceGroupNotFound" });
    expect(
      await sdk.fail(...assign(`${vault}x/secrets/a`, randomUUID(), asked({ principalId }))),
    ).toMatchObject({ status: 404, code: "ResourceNotFound" });
    expect(await sdk.run(...assign(subscription, randomUUID(), asked({ principalId })))).toMatchObject({
      scope: subscription,
    });
  });
});

test("the 4,001st role assignment of a subscription is refused", async () => {
  const { store } = sandbox.context;
  const { objectId: principalId } = addPrincipal(sandbox, "many");
  const before = listResources(store, "/").filter(({ body }) =>
    body.type.endsWith("/roleAssignments"),
  ).length;
  const added = store.transaction(() =>
    Array.from({ length: 4000 - before }, (_, index) =>
      assignRole(sandbox, randomUUID(), roles.reader, `${vault}/secrets/s${index}`),
    ),
  );
  const failure = await sdk.fail(...assign(vault, randomUUID(), asked({ principalId })));
  expect(failure).toMatchObject({
    code: "RoleAssignmentLimitExceeded",
    message: expect.stringContaining("No more role assignments can be created"),
  });
  removeResource(store, added.pop()!);
  await sdk.run(...assign(vault, randomUUID(), asked({ principalId })));
  store.transaction(() => added.forEach((id) => void removeResource(store, id)));
});

describe("the principal", () => {
  const notFound = (principalId: string) => ({
    status: 400,
    code: "PrincipalNotFound",
    message: `Principal ${principalId.replaceAll("-", "")} does not exist in the directory ${sandbox.context.account.tenantId}. Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, this error might be related to a replication delay. In this case, set the role assignment principalType property to a value, such as ServicePrincipal, User, or Group.  See https://aka.ms/docs-principaltype`,
  });

  test("must be in the directory, unless its type is stated", async () => {
    const principalId = randomUUID();
    expect(await sdk.fail(...assign(group, randomUUID(), asked({ principalId })))).toEqual(
      notFound(principalId),
    );
    await sdk.run(...assign(group, randomUUID(), asked({ principalId, principalType: "ServicePrincipal" })));
  });

  test("of a new identity is found when it has replicated", async () => {
    const { faults } = sandbox.context;
    faults.settings = {
      ...noFaults,
      replicationSeconds: { ...noFaults.replicationSeconds, principal: [3600, 3600] },
    };
    const { principalId } = await sdk.run("msi", "userAssignedIdentities.createOrUpdate", "shop", "fresh", {
      location: "westeurope",
    });
    faults.settings = noFaults;
    expect(await sdk.fail(...assign(group, randomUUID(), asked({ principalId })))).toEqual(
      notFound(principalId),
    );
    expect(
      await sdk.run(
        ...assign(group, randomUUID(), asked({ principalId, principalType: "ServicePrincipal" })),
      ),
    ).toMatchObject({ principalId });
  });

  test("must be of the stated type", async () => {
    const { objectId: principalId } = addPrincipal(sandbox, "nine");
    expect(
      await sdk.fail(...assign(group, randomUUID(), asked({ principalId, principalType: "User" }))),
    ).toMatchObject({
      status: 400,
      code: "UnmatchedPrincipalType",
      message: expect.stringMatching(
        /has type 'ServicePrincipal' , which is different from specified .* 'User'\.$/,
      ),
    });
    expect(
      await sdk.fail(...assign(group, randomUUID(), asked({ principalId, principalType: "Robot" }))),
    ).toMatchObject({ status: 400, code: "PrincipalTypeNotSupported" });
    expect(await sdk.fail(...assign(group, randomUUID(), asked({ principalId: "me" })))).toMatchObject({
      status: 400,
      code: "InvalidPrincipalId",
    });
  });

  test("that is deleted leaves its assignments behind", async () => {
    const { principalId } = await sdk.run("msi", "userAssignedIdentities.createOrUpdate", "shop", "passing", {
      location: "westeurope",
    });
    const { id } = await sdk.run(...assign(vault, randomUUID(), asked({ principalId })));
    await sdk.run("msi", "userAssignedIdentities.delete", "shop", "passing");
    expect(await sdk.run("authorization", "roleAssignments.getById", id)).toMatchObject({ principalId });
  });
});

describe("a condition", () => {
  const condition =
    "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals 'a'";

  test("comes with a version, which goes up only", async () => {
    const { objectId: principalId } = addPrincipal(sandbox, "ten");
    const name = randomUUID();
    const invalid = { status: 400, message: "The given role assignment condition is invalid." };
    expect(await sdk.fail(...assign(group, name, asked({ principalId, condition })))).toMatchObject(invalid);
    expect(
      await sdk.fail(...assign(group, name, asked({ principalId, condition: "x", conditionVersion: "2.0" }))),
    ).toMatchObject(invalid);
    await sdk.run(...assign(group, name, asked({ principalId, condition, conditionVersion: "1.0" })));
    expect(
      await sdk.run(...assign(group, name, asked({ principalId, condition, conditionVersion: "2.0" }))),
    ).toMatchObject({ condition, conditionVersion: "2.0" });
    expect(
      await sdk.fail(...assign(group, name, asked({ principalId, condition, conditionVersion: "1.0" }))),
    ).toMatchObject({ status: 400, code: "RoleAssignmentUpdateNotPermitted" });
  });

  test("limits which roles somebody may give and take", async () => {
    const { objectId } = addPrincipal(sandbox, "key vault administrator");
    const { objectId: principalId } = addPrincipal(sandbox, "eleven");
    assignRole(sandbox, objectId, roles.keyVaultDataAccessAdministrator, vault);
    const token = await arm.tokenFor(objectId);
    const put = (id: string, role: string) =>
      arm.request("PUT", `${id}?api-version=2022-04-01`, {
        token,
        body: { properties: { principalId, roleDefinitionId: roleId(role) } },
      });
    const id = () => `${vault}/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}`;
    const given = id();
    expect((await put(given, roles.keyVaultSecretsUser)).status).toBe(201);
    expect((await put(id(), roles.owner)).status).toBe(403);
    const owners = await sdk.run(
      ...assign(vault, randomUUID(), { principalId, roleDefinitionId: roleId(roles.owner) }),
    );
    expect((await arm.request("DELETE", `${owners.id}?api-version=2022-04-01`, { token })).status).toBe(403);
    expect((await arm.request("DELETE", `${given}?api-version=2022-04-01`, { token })).status).toBe(200);
  });
});

describe("a list", () => {
  test("by principal reaches above and below; atScope() only above", async () => {
    const { objectId: principalId } = addPrincipal(sandbox, "twelve");
    const scopes = [subscription, group, vault, `${vault}/secrets/a`];
    for (const scope of scopes) await sdk.run(...assign(scope, randomUUID(), asked({ principalId })));
    const list = async (scope: string, filter: string) => {
      const found = await sdk.run("authorization", "roleAssignments.listForScope", scope, { filter });
      return found.map((each: { scope: string }) => each.scope).toSorted();
    };
    expect(await list(vault, `principalId eq '${principalId}'`)).toEqual(scopes);
    expect(await list(vault, `atScope() and assignedTo('${principalId}')`)).toEqual(scopes.slice(0, 3));
    expect(await list(subscription, `principalId eq '${randomUUID()}'`)).toEqual([]);
    const all = await sdk.run("authorization", "roleAssignments.listForSubscription");
    expect(all.filter((each: { principalId: string }) => each.principalId === principalId)).toHaveLength(4);
    expect(
      await sdk.fail("authorization", "roleAssignments.listForScope", vault, { filter: "colour eq 'red'" }),
    ).toMatchObject({ status: 400, code: "InvalidFilterInQueryString" });
  });
});

describe("effect", () => {
  test("comes when the assignment has propagated", async () => {
    const { faults, clock, store, authorizer } = sandbox.context;
    const { objectId: principalId } = addPrincipal(sandbox, "thirteen");
    faults.settings = {
      ...noFaults,
      replicationSeconds: { ...noFaults.replicationSeconds, roleAssignment: [300, 300] },
    };
    const before = clock.now();
    const { id } = await sdk.run(...assign(vault, randomUUID(), asked({ principalId })));
    faults.settings = noFaults;
    expect(getResource(store, id)?.visibleAt).toBeGreaterThanOrEqual(before + 300_000);
    const read = {
      principalId,
      operation: "Microsoft.KeyVault/vaults/read",
      dataAction: false,
      scope: vault,
    };
    expect(authorizer.decide(read)).toEqual({ allowed: false, notYetEffective: true });
  });

  test("goes with the vault", async () => {
    const properties = { tenantId: sandbox.context.account.tenantId, sku: { family: "A", name: "standard" } };
    const { id } = await sdk.run("keyVault", "vaults.createOrUpdate", "shop", "short-lived", {
      location: "westeurope",
      properties,
    });
    const { objectId: principalId } = addPrincipal(sandbox, "fourteen");
    const assignment = await sdk.run(...assign(`${id}/secrets/a`, randomUUID(), asked({ principalId })));
    await sdk.run("keyVault", "vaults.delete", "shop", "short-lived");
    expect(getResource(sandbox.context.store, assignment.id)).toBeUndefined();
  });
});
