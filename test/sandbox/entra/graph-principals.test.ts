import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestSandbox, type TestSandbox } from "../harness";
import { appRole, expectGraphFailure as expectFailure, graphClient } from "./graph-client";
import { addIdentity } from "./identities";

let sandbox: TestSandbox;
let graph: ReturnType<typeof graphClient>;
beforeAll(async () => {
  sandbox = await startTestSandbox();
  graph = graphClient(sandbox);
});
afterAll(() => sandbox.stop());

const unknownId = "00000000-0000-4000-8000-00000000dead";
const newApplication = (more: object = {}) => graph.create("/applications", { displayName: "api", ...more });
const newPrincipal = (appId: string) => graph.create("/servicePrincipals", { appId });

describe("service principals", () => {
  it("are made once for an application, and go with it", async () => {
    const { id, appId } = await newApplication();
    const made = await newPrincipal(appId);
    expect(made).toMatchObject({
      appId,
      displayName: "api",
      accountEnabled: true,
      appRoleAssignmentRequired: false,
      appOwnerOrganizationId: sandbox.context.account.tenantId,
      servicePrincipalType: "Application",
      servicePrincipalNames: [appId],
    });
    expectFailure(
      await graph.call("POST", "/servicePrincipals", { appId }),
      409,
      "Request_MultipleObjectsWithSameKeyValue",
      "already in use",
    );
    expectFailure(
      await graph.call("POST", "/servicePrincipals", { appId: unknownId }),
      400,
      "NoBackingApplicationObject",
      unknownId,
    );
    const path = `/servicePrincipals/${made.id}`;
    expect(
      (await graph.call("PATCH", path, { appRoleAssignmentRequired: true, tags: ["HideApp"] })).status,
    ).toBe(204);
    await graph.call("PATCH", `/applications/${id}`, { displayName: "renamed" });
    expect((await graph.call("GET", `/servicePrincipals(appId='${appId}')`)).body).toMatchObject({
      id: made.id,
      displayName: "renamed",
      appRoleAssignmentRequired: true,
      tags: ["HideApp"],
    });
    await graph.call("DELETE", `/applications/${id}`);
    expectFailure(await graph.call("GET", path), 404, "Request_ResourceNotFound", made.id);
    expect(sandbox.context.directory.byObjectId(made.id)).toBeUndefined();
  });

  it("are there for managed identities, which Graph cannot remove", async () => {
    const identity = addIdentity(sandbox.context, "orders");
    const filter = encodeURIComponent(
      `displayName eq 'orders' and servicePrincipalType eq 'ManagedIdentity'`,
    );
    const { body } = await graph.call("GET", `/servicePrincipals?$filter=${filter}`);
    expect(body.value).toMatchObject([{ id: identity.objectId, appId: identity.clientId }]);
    expect((await graph.call("DELETE", `/servicePrincipals/${identity.objectId}`)).status).toBe(400);
    expect((await graph.call("GET", `/servicePrincipals/${identity.objectId}`)).status).toBe(200);
  });
});

describe("app role assignments", () => {
  it("are seen from both ends, and end with either", async () => {
    const role = appRole(randomUUID(), "Orders.Read");
    const api = await newPrincipal((await newApplication({ appRoles: [role] })).appId);
    const caller = addIdentity(sandbox.context, "caller");
    const body = { appRoleId: role.id, principalId: caller.objectId, resourceId: api.id };
    const path = `/servicePrincipals/${api.id}/appRoleAssignedTo`;
    const made = await graph.create(path, body);
    expect(made).toMatchObject({
      ...body,
      principalDisplayName: "caller",
      principalType: "ServicePrincipal",
      resourceDisplayName: "api",
    });
    const held = `/servicePrincipals/${caller.objectId}/appRoleAssignments`;
    expect((await graph.call("GET", held)).body.value).toMatchObject([{ id: made.id }]);
    for (const [wrong, status, code, message] of [
      [body, 400, "Request_BadRequest", "already exists on the object"],
      [{ ...body, appRoleId: unknownId }, 400, "Request_BadRequest", "was not found on application"],
      [{ ...body, principalId: unknownId }, 404, "Request_ResourceNotFound", unknownId],
      [{ ...body, resourceId: caller.objectId }, 400, "Request_BadRequest", "'resourceId'"],
      [{ ...body, appRoleId: "x" }, 400, "Request_BadRequest", "'appRoleId'"],
    ] as const) {
      expectFailure(await graph.call("POST", path, wrong), status, code, message);
    }
    expect((await graph.call("DELETE", `${path}/${made.id}`)).status).toBe(204);
    expect((await graph.call("GET", held)).body.value).toEqual([]);
    await graph.create(held, body);
    await graph.call("DELETE", `/servicePrincipals/${api.id}`);
    expect((await graph.call("GET", held)).body.value).toEqual([]);
  });

  it("give access itself where no roles are declared, and roles only to whom they are for", async () => {
    const caller = addIdentity(sandbox.context, "other-caller");
    const access = "00000000-0000-0000-0000-000000000000";
    const open = await newPrincipal((await newApplication()).appId);
    const ids = (resourceId: string, appRoleId: string) => ({
      appRoleId,
      principalId: caller.objectId,
      resourceId,
    });
    await graph.create(`/servicePrincipals/${open.id}/appRoleAssignedTo`, ids(open.id, access));
    const role = { ...appRole(randomUUID(), "People.Read"), allowedMemberTypes: ["User"] };
    const people = await newPrincipal((await newApplication({ appRoles: [role] })).appId);
    const path = `/servicePrincipals/${people.id}/appRoleAssignedTo`;
    expectFailure(
      await graph.call("POST", path, ids(people.id, role.id)),
      400,
      "Request_BadRequest",
      "'principalId'",
    );
    expectFailure(
      await graph.call("POST", path, ids(people.id, access)),
      400,
      "Request_BadRequest",
      "not found",
    );
  });
});
