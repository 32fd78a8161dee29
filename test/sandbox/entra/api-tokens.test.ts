import { randomUUID } from "node:crypto";
import { createRemoteJWKSet, customFetch, jwtVerify } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { noFaults } from "../../../sandbox/core/faults";
import type { Principal } from "../../../sandbox/entra/directory";
import { advanceClock, proxiedFetch } from "../core/requests";
import { startTestSandbox, type TestSandbox } from "../harness";
import { appRole, graphClient } from "./graph-client";
import { addCredential, addIdentity } from "./identities";
import { exchangeAudience, startIssuer, type TestIssuer, workloadSubject } from "./issuer";
import { expectFailure, tokenRequests } from "./token-requests";

let sandbox: TestSandbox;
let issuer: TestIssuer;
let graph: ReturnType<typeof graphClient>;
let requests: ReturnType<typeof tokenRequests>;
let web: Required<Principal>;
beforeAll(async () => {
  sandbox = await startTestSandbox();
  issuer = await startIssuer(() => sandbox.context.clock.now());
  graph = graphClient(sandbox);
  requests = tokenRequests(sandbox);
  web = addIdentity(sandbox.context, "web");
  addCredential(sandbox.context, web, {
    issuer: issuer.issuer,
    subject: workloadSubject,
    audiences: [exchangeAudience],
  });
});
afterAll(async () => {
  issuer.close();
  await sandbox.stop();
});

/** An API in the tenant: an application with one role, and its service principal. */
async function addApi(change: { version?: 1 | 2; settings?: object } = {}) {
  const role = appRole(randomUUID(), "Orders.Read");
  const { version = 1, settings = {} } = change;
  const made = await graph.create("/applications", {
    displayName: "orders-api",
    appRoles: [role],
    api: { requestedAccessTokenVersion: version },
  });
  const identifierUri = `api://${made.appId}`;
  await graph.call("PATCH", `/applications/${made.id}`, { identifierUris: [identifierUri] });
  const principal = await graph.create("/servicePrincipals", { appId: made.appId, ...settings });
  const assign = () =>
    graph.create(`/servicePrincipals/${principal.id}/appRoleAssignedTo`, {
      appRoleId: role.id,
      principalId: web.objectId,
      resourceId: principal.id,
    });
  return { id: made.id, appId: made.appId, principalId: principal.id, identifierUri, role, assign };
}

const ask = async (resource: string) =>
  requests.exchange(web.clientId, await issuer.token(), { scope: `${resource}/.default` });

/** What a protected API does: keys from discovery, signature, issuer, audience. */
async function verify(token: string, version: 1 | 2, audience: string) {
  const { tenantId } = sandbox.context.account;
  const fetch = proxiedFetch(sandbox);
  const base = `https://login.microsoftonline.com/${tenantId}/${version === 2 ? "v2.0/" : ""}`;
  const discovery = (await (await fetch(`${base}.well-known/openid-configuration`)).json()) as {
    issuer: string;
    jwks_uri: string;
  };
  const keys = createRemoteJWKSet(new URL(discovery.jwks_uri), {
    [customFetch]: (url: string, init: object) => fetch(url, init) as never,
  });
  const currentDate = new Date(sandbox.context.clock.now());
  const verified = await jwtVerify(token, keys, { issuer: discovery.issuer, audience, currentDate });
  return verified.payload;
}

describe("a token for an application's API", () => {
  it("of version 1 is for what was asked for, and names the caller's roles", async () => {
    const api = await addApi();
    await api.assign();
    for (const resource of [api.identifierUri, api.appId]) {
      const { status, body } = await ask(resource);
      expect(status).toBe(200);
      const claims = await verify(body.access_token, 1, resource);
      expect(claims).toMatchObject({
        ver: "1.0",
        appid: web.clientId,
        appidacr: "2",
        oid: web.objectId,
        sub: web.objectId,
        roles: ["Orders.Read"],
      });
      expect(claims).not.toHaveProperty("azp");
    }
  });

  it("of version 2 is for the API's client id", async () => {
    const api = await addApi({ version: 2 });
    await api.assign();
    const { body } = await ask(api.identifierUri);
    const claims = await verify(body.access_token, 2, api.appId);
    expect(claims).toMatchObject({ ver: "2.0", azp: web.clientId, azpacr: "2", roles: ["Orders.Read"] });
    expect(claims).not.toHaveProperty("appid");
    await expect(verify(body.access_token, 2, "api://other")).rejects.toThrow(/"aud"/);
    await expect(verify(body.access_token, 1, api.appId)).rejects.toThrow(/"iss"/);
  });

  it("names no roles that were not given, taken back or disabled", async () => {
    const api = await addApi();
    const roles = async () =>
      (await verify((await ask(api.identifierUri)).body.access_token, 1, api.identifierUri)).roles;
    expect(await roles()).toBeUndefined();
    const { id } = await api.assign();
    expect(await roles()).toEqual(["Orders.Read"]);
    await graph.call("PATCH", `/applications/${api.id}`, { appRoles: [{ ...api.role, isEnabled: false }] });
    expect(await roles()).toBeUndefined();
    await graph.call("PATCH", `/applications/${api.id}`, { appRoles: [api.role] });
    expect(await roles()).toEqual(["Orders.Read"]);
    await graph.call("DELETE", `/servicePrincipals/${api.principalId}/appRoleAssignedTo/${id}`);
    expect(await roles()).toBeUndefined();
  });

  it("is refused to those without a role where one is required, until the assignment has spread", async () => {
    const api = await addApi({ settings: { appRoleAssignmentRequired: true } });
    const refusal = [
      400,
      "invalid_grant",
      501051,
      `Application '${web.clientId}'(web) is not assigned`,
    ] as const;
    expectFailure(await ask(api.identifierUri), ...refusal);
    const { faults } = sandbox.context;
    const replicationSeconds = {
      ...noFaults.replicationSeconds,
      roleAssignment: [120, 120] as [number, number],
    };
    faults.settings = { ...noFaults, replicationSeconds };
    await api.assign();
    faults.settings = noFaults;
    expectFailure(await ask(api.identifierUri), ...refusal);
    await advanceClock(sandbox, 121);
    expect((await ask(api.identifierUri)).status).toBe(200);
  });

  it("needs the API to have a service principal in the tenant", async () => {
    const api = await addApi();
    await graph.call("DELETE", `/servicePrincipals/${api.principalId}`);
    expectFailure(
      await ask(api.identifierUri),
      400,
      "invalid_resource",
      500011,
      "The resource principal named",
    );
  });

  it("opens none of Azure's own doors", async () => {
    const api = await addApi();
    const { body } = await ask(api.identifierUri);
    await expect(
      sandbox.context.tokens.verify(body.access_token, ["https://management.azure.com"]),
    ).rejects.toMatchObject({ reason: "audience" });
  });
});

describe("an application", () => {
  it("is whoever holds a token that its federated credential trusts", async () => {
    const api = await addApi();
    const path = `/applications/${api.id}/federatedIdentityCredentials`;
    const subject = "system:serviceaccount:shop:api";
    const exchange = async () =>
      requests.exchange(api.appId, await issuer.token({ claims: { sub: subject } }));
    expectFailure(await exchange(), 401, "invalid_client", 70025, `The client '${api.appId}'(orders-api)`);
    const credential = { name: "api", issuer: issuer.issuer, subject, audiences: [exchangeAudience] };
    const { id } = await graph.create(path, credential);
    const { status, body } = await exchange();
    expect(status).toBe(200);
    const claims = await sandbox.context.tokens.verify(body.access_token, ["https://vault.azure.net"]);
    expect(claims).toMatchObject({ oid: api.principalId, appid: api.appId, idtyp: "app" });
    await graph.call("PATCH", `${path}/${id}`, { subject: "system:serviceaccount:Shop:api" });
    expectFailure(
      await exchange(),
      401,
      "invalid_client",
      7002138,
      "No matching federated identity record found",
    );
    await graph.call("PATCH", `/servicePrincipals/${api.principalId}`, { accountEnabled: false });
    expectFailure(
      await exchange(),
      400,
      "unauthorized_client",
      7000112,
      `Application '${api.appId}'(orders-api)`,
    );
  });
});
