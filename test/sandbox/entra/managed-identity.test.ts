import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { getResource, putResource, removeResource } from "../../../sandbox/arm/resource";
import type { Principal } from "../../../sandbox/entra/directory";
import { proxiedFetch } from "../core/requests";
import { type Client, startClient, startTestSandbox, type TestSandbox } from "../harness";
import { addIdentity } from "./identities";

type IdentityClient = typeof import("./identity-client");
const storageScope = "https://storage.azure.com/.default";

let sandbox: TestSandbox;
let mailer: Required<Principal>;
let orders: Required<Principal>;
const clients: Client<IdentityClient>[] = [];

interface Registered {
  key: string;
  principalId?: string;
  clientId?: string;
  environment: Record<string, string>;
}

async function register(registration: Record<string, unknown>): Promise<Registered> {
  const response = await fetch(`${sandbox.proxyUrl}/_sandbox/machines`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(registration),
  });
  expect(response.status).toBe(200);
  return (await response.json()) as Registered;
}

const resourceId = (type: string, name: string) =>
  `/subscriptions/${sandbox.context.account.subscriptionId}/resourceGroups/shop/providers/${type}/${name}`;
const vm = (name: string, more: Record<string, unknown> = {}) =>
  register({
    kind: "virtualMachine",
    resourceId: resourceId("Microsoft.Compute/virtualMachines", name),
    ...more,
  });
const on = ({ environment }: Registered) => {
  const client = startClient<IdentityClient>(join(__dirname, "identity-client.ts"), environment);
  clients.push(client);
  return client;
};

beforeAll(async () => {
  sandbox = await startTestSandbox();
  mailer = addIdentity(sandbox.context, "mailer");
  orders = addIdentity(sandbox.context, "orders");
});
afterAll(async () => {
  for (const client of clients) client.stop();
  await sandbox.stop();
});

describe("on a virtual machine", () => {
  test("both credentials are its system-assigned identity", async () => {
    const machine = await vm("vm-system", { systemAssigned: true });
    const client = on(machine);
    for (const credential of ["byDefault", "byManagedIdentity"] as const) {
      const { token, claims, secondsLeft } = await client.call(credential, storageScope);
      expect(claims).toMatchObject({ oid: machine.principalId, appid: machine.clientId, idtyp: "app" });
      expect(claims.xms_mirid).toBe(resourceId("Microsoft.Compute/virtualMachines", "vm-system"));
      expect(secondsLeft).toBeGreaterThan(86_000);
      await expect(
        sandbox.context.tokens.verify(token, ["https://storage.azure.com/"]),
      ).resolves.toBeDefined();
    }
  });

  test("one of its user-assigned identities is chosen by any of its ids", async () => {
    const userAssigned = [mailer.managedIdentityResourceId, orders.managedIdentityResourceId];
    const client = on(await vm("vm-users", { userAssigned }));
    for (const which of [
      { clientId: orders.clientId },
      { objectId: orders.objectId },
      { resourceId: orders.managedIdentityResourceId },
    ]) {
      expect((await client.call("byManagedIdentity", storageScope, which)).claims.oid).toBe(orders.objectId);
    }
    await expect(client.call("byManagedIdentity", storageScope)).rejects.toThrow(
      "Multiple user assigned identities exist",
    );
  });

  test("the only user-assigned identity needs no name", async () => {
    const client = on(await vm("vm-one", { userAssigned: [mailer.managedIdentityResourceId] }));
    expect((await client.call("byManagedIdentity", storageScope)).claims.oid).toBe(mailer.objectId);
  });

  test("an identity that is another machine's is not found", async () => {
    const client = on(await vm("vm-poor", { userAssigned: [mailer.managedIdentityResourceId] }));
    await expect(
      client.call("byManagedIdentity", storageScope, { clientId: orders.clientId }),
    ).rejects.toThrow("Identity not found");
  });

  test("ARM says which identities it has, from one request to the next", async () => {
    const id = resourceId("Microsoft.Compute/virtualMachines", "vm-arm");
    const body = { id, name: "vm-arm", type: "Microsoft.Compute/virtualMachines", properties: {} };
    const identity = {
      type: "UserAssigned",
      userAssignedIdentities: { [mailer.managedIdentityResourceId]: {} },
    };
    putResource(sandbox.context.store, { body: { ...body, identity } });
    const { environment } = await register({ kind: "virtualMachine", resourceId: id, systemAssigned: true });
    const ask = metadataRequest(environment);
    expect((await ask()).status).toBe(200);
    putResource(sandbox.context.store, { body });
    expect(await ask()).toMatchObject({ status: 400, body: { error_description: "Identity not found" } });
  });

  test("an identity that was deleted is not found", async () => {
    const gone = addIdentity(sandbox.context, "gone");
    const { environment } = await vm("vm-gone", { userAssigned: [gone.managedIdentityResourceId] });
    const ask = metadataRequest(environment);
    expect((await ask()).status).toBe(200);
    expect(getResource(sandbox.context.store, gone.managedIdentityResourceId)).toBeDefined();
    removeResource(sandbox.context.store, gone.managedIdentityResourceId);
    expect((await ask()).status).toBe(400);
  });
});

/** Asks the metadata service as `environment`'s machine would, and says what came back. */
function metadataRequest(environment: Record<string, string>) {
  const fetch = proxiedFetch({ ...sandbox, proxyUrl: environment.HTTP_PROXY! });
  return async (
    query = "api-version=2018-02-01&resource=https://storage.azure.com/",
    headers: Record<string, string> = { Metadata: "true" },
    path = "/metadata/identity/oauth2/token/",
  ) => {
    const response = await fetch(`http://169.254.169.254${path}?${query}`, { headers });
    return { status: response.status, body: (await response.json()) as any };
  };
}

describe("the metadata service", () => {
  let ask: ReturnType<typeof metadataRequest>;
  beforeAll(async () => {
    ask = metadataRequest((await vm("vm-rest", { systemAssigned: true })).environment);
  });
  const resource = "resource=https://storage.azure.com/";

  test("answers in strings", async () => {
    const { status, body } = await ask();
    expect(status).toBe(200);
    expect(body).toEqual({
      access_token: expect.any(String),
      client_id: expect.any(String),
      expires_in: "86399",
      expires_on: expect.stringMatching(/^\d{10}$/),
      ext_expires_in: "86399",
      not_before: expect.stringMatching(/^\d{10}$/),
      resource: "https://storage.azure.com/",
      token_type: "Bearer",
    });
  });

  test.each<[string, string, Record<string, string>, string, string]>([
    [
      "without its header",
      `api-version=2018-02-01&${resource}`,
      {},
      "invalid_request",
      "Required metadata header not specified",
    ],
    [
      "through a forwarder",
      `api-version=2018-02-01&${resource}`,
      { Metadata: "true", "X-Forwarded-For": "1.2.3.4" },
      "invalid_request",
      "X-Forwarded-For header is not allowed",
    ],
    [
      "without a version",
      resource,
      { Metadata: "true" },
      "invalid_request",
      "Required query variable 'api-version' is missing",
    ],
    [
      "without a resource",
      "api-version=2018-02-01",
      { Metadata: "true" },
      "invalid_request",
      "Required query variable 'resource' is missing",
    ],
    [
      "for an unknown resource",
      "api-version=2018-02-01&resource=api://nobody",
      { Metadata: "true" },
      "invalid_resource",
      "AADSTS500011",
    ],
  ])("refuses a request %s", async (_name, query, headers, error, text) => {
    const { status, body } = await ask(query, headers);
    expect(status).toBe(400);
    expect(body).toMatchObject({ error, error_description: expect.stringContaining(text) });
  });

  test("knows nobody who is on no machine", async () => {
    expect(await metadataRequest(sandbox.env)()).toMatchObject({
      status: 400,
      body: { error_description: "Identity not found" },
    });
    const stranger = sandbox.proxyUrl.replace("://", `://machine:${"0".repeat(32)}@`);
    expect((await metadataRequest({ HTTP_PROXY: stranger })()).status).toBe(400);
  });

  test("has tokens only, and says so", async () => {
    const { status, body } = await ask("api-version=2021-02-01", { Metadata: "true" }, "/metadata/instance");
    expect(status).toBe(501);
    expect(body.error.message).toContain("/metadata/instance");
  });

  test("knows a machine no longer that was removed", async () => {
    const { key, environment } = await vm("vm-removed", { systemAssigned: true });
    expect((await metadataRequest(environment)()).status).toBe(200);
    await fetch(`${sandbox.proxyUrl}/_sandbox/machines/remove`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ key }),
    });
    expect((await metadataRequest(environment)()).status).toBe(400);
  });
});

describe("in App Service", () => {
  const app = (name: string, more: Record<string, unknown>) =>
    register({ kind: "appService", resourceId: resourceId("Microsoft.Web/sites", name), ...more });

  test("both credentials are the app's system-assigned identity", async () => {
    const site = await app("site-system", { systemAssigned: true });
    const client = on(site);
    for (const credential of ["byDefault", "byManagedIdentity"] as const) {
      expect((await client.call(credential, storageScope)).claims.oid).toBe(site.principalId);
    }
  });

  test("a user-assigned identity must be named", async () => {
    const client = on(await app("site-user", { userAssigned: [mailer.managedIdentityResourceId] }));
    const { claims } = await client.call("byManagedIdentity", storageScope, { clientId: mailer.clientId });
    expect(claims.oid).toBe(mailer.objectId);
    const refused = client.call("byManagedIdentity", storageScope);
    await expect(refused).rejects.toThrow(
      "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.",
    );
  });

  test("the header is the key", async () => {
    const { environment } = await app("site-key", { systemAssigned: true });
    const url = `${environment.IDENTITY_ENDPOINT}?api-version=2019-08-01&resource=https://storage.azure.com`;
    const status = async (headers: Record<string, string>) => (await fetch(url, { headers })).status;
    expect(await status({ "X-IDENTITY-HEADER": environment.IDENTITY_HEADER! })).toBe(200);
    expect(await status({ "X-IDENTITY-HEADER": "guess" })).toBe(401);
    expect(await status({})).toBe(401);
  });
});

test("in Cloud Shell the credential is the shell's own identity", async () => {
  const shell = await register({
    kind: "cloudShell",
    resourceId: resourceId("Microsoft.Portal/consoles", "default"),
    systemAssigned: true,
  });
  expect((await on(shell).call("byManagedIdentity", storageScope)).claims.oid).toBe(shell.principalId);
  const guess = shell.environment.MSI_ENDPOINT!.replace(shell.key, "guess");
  const body = "resource=https://storage.azure.com";
  const headers = { Metadata: "true", "content-type": "application/x-www-form-urlencoded" };
  expect((await fetch(guess, { method: "POST", headers, body })).status).toBe(400);
});

test.each<[string, Record<string, unknown>]>([
  ["of an unknown kind", { kind: "toaster", resourceId: "/subscriptions/a/b" }],
  ["without an id", { kind: "appService" }],
  ["with another id", { kind: "appService", resourceId: "site" }],
  ["with a setting that is none", { kind: "appService", resourceId: "/subscriptions/a/b", colour: "red" }],
])("a machine %s is not registered", async (_name, registration) => {
  const response = await fetch(`${sandbox.proxyUrl}/_sandbox/machines`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(registration),
  });
  expect(response.status).toBe(400);
});
