import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestSandbox, type TestSandbox } from "../harness";
import { addPrincipal, armRequests, assignRole, roles } from "./arm-fixture";

let sandbox: TestSandbox;
let arm: ReturnType<typeof armRequests>;
let subscription: string;
const groupVersion = "api-version=2024-03-01";

beforeAll(async () => {
  sandbox = await startTestSandbox();
  arm = armRequests(sandbox);
  subscription = `/subscriptions/${sandbox.context.account.subscriptionId}`;
  await arm.request("PUT", `${subscription}/resourceGroups/Shop?${groupVersion}`, {
    body: { location: "West Europe", tags: { team: "shop" } },
  });
});
afterAll(() => sandbox.stop());

const error = (code: string, message: unknown = expect.any(String)) => ({
  error: expect.objectContaining({ code, message }),
});

describe("who asks", () => {
  const challenge = () =>
    `Bearer authorization_uri="https://login.microsoftonline.com/${sandbox.context.account.tenantId}"`;

  test("without a token: 401 with a challenge", async () => {
    const { status, body, headers } = await arm.request("GET", `${subscription}?${groupVersion}`, {
      token: undefined,
    });
    expect({ status, body }).toEqual({
      status: 401,
      body: error("AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing."),
    });
    expect(headers["www-authenticate"]).toBe(challenge());
  });

  test("with another scheme: 401", async () => {
    const answer = await arm.request("GET", `${subscription}?${groupVersion}`, {
      token: undefined,
      headers: { authorization: "Basic eDp5" },
    });
    expect(answer).toMatchObject({ status: 401, body: error("AuthenticationFailedInvalidHeader") });
  });

  test("with a token for another resource: 401 that names it", async () => {
    const { tokens, directory, account } = sandbox.context;
    const token = await tokens.issue(
      directory.byObjectId(account.deployer.objectId)!,
      "https://vault.azure.net",
      60,
    );
    const answer = await arm.request("GET", `${subscription}?${groupVersion}`, { token });
    expect(answer).toMatchObject({
      status: 401,
      body: error("InvalidAuthenticationTokenAudience", expect.stringContaining("'https://vault.azure.net'")),
    });
    expect(answer.headers["www-authenticate"]).toContain(`${challenge()}, error="invalid_token"`);
  });

  test("with an expired token: 401 that says since when", async () => {
    const { tokens, directory, account } = sandbox.context;
    const token = await tokens.issue(
      directory.byObjectId(account.deployer.objectId)!,
      "https://management.azure.com",
      -7200,
    );
    const answer = await arm.request("GET", `${subscription}?${groupVersion}`, { token });
    expect(answer).toMatchObject({ status: 401, body: error("ExpiredAuthenticationToken") });
  });

  test.each(["x", "a.b.c", "eyJhbGciOiJub25lIn0.eyJvaWQiOiJ4In0."])(
    "with %s as token: 401",
    async (token) => {
      const answer = await arm.request("GET", `${subscription}?${groupVersion}`, { token });
      expect(answer).toMatchObject({
        status: 401,
        body: error("InvalidAuthenticationToken", "The access token is invalid."),
      });
      expect(JSON.stringify(answer.body)).not.toContain("eyJ");
    },
  );

  test("without a role: 403 with client, action and scope", async () => {
    const nobody = addPrincipal(sandbox, "nobody");
    const answer = await arm.request("GET", `${subscription}/resourceGroups/Shop?${groupVersion}`, {
      token: await arm.tokenFor(nobody.objectId),
    });
    expect({ status: answer.status, body: answer.body }).toEqual({
      status: 403,
      body: error(
        "AuthorizationFailed",
        `The client '${nobody.clientId}' with object id '${nobody.objectId}' does not have authorization to perform action 'Microsoft.Resources/subscriptions/resourceGroups/read' over scope '${subscription}/resourceGroups/Shop' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
      ),
    });
  });

  test("a reader reads and does not write, not even what is not there", async () => {
    const reader = addPrincipal(sandbox, "reader");
    assignRole(sandbox, reader.objectId, roles.reader, `${subscription}/resourceGroups/Shop`);
    const token = await arm.tokenFor(reader.objectId);
    const group = `${subscription}/resourceGroups/Shop`;
    expect(await arm.request("GET", `${group}?${groupVersion}`, { token })).toMatchObject({ status: 200 });
    expect(await arm.request("DELETE", `${group}?${groupVersion}`, { token })).toMatchObject({ status: 403 });
    const put = await arm.request(
      "PUT",
      `${group}/providers/Microsoft.KeyVault/vaults/some-vault?api-version=2024-11-01`,
      { token, body: {} },
    );
    expect(put).toMatchObject({
      status: 403,
      body: error("AuthorizationFailed", expect.stringContaining("'Microsoft.KeyVault/vaults/write'")),
    });
  });
});

describe("API versions", () => {
  test("must be given", async () => {
    expect(await arm.request("GET", `${subscription}/resourceGroups/Shop`)).toMatchObject({
      status: 400,
      body: error(
        "MissingApiVersionParameter",
        "The api-version query parameter (?api-version=) is required for all requests.",
      ),
    });
  });

  test("that no group ever had are answered with those it had", async () => {
    expect(
      await arm.request("GET", `${subscription}/resourceGroups/Shop?api-version=2099-01-01`),
    ).toMatchObject({
      status: 400,
      body: error(
        "InvalidApiVersionParameter",
        expect.stringMatching(
          /^The api-version '2099-01-01' is invalid\. The supported versions are '.*2024-03-01.*'\.$/,
        ),
      ),
    });
  });

  test("that no vault ever had are answered with versions and regions", async () => {
    const path = `${subscription}/resourceGroups/Shop/providers/Microsoft.KeyVault/vaults/v?api-version=2099-01-01`;
    expect(await arm.request("PUT", path, { body: { location: "westeurope" } })).toMatchObject({
      status: 400,
      body: error(
        "NoRegisteredProviderFound",
        expect.stringMatching(
          /^No registered resource provider found for location 'westeurope' and API version '2099-01-01' for type 'vaults'\. The supported api-versions are '.*2024-11-01.*'\. The supported locations are '.*westeurope.*'\.$/,
        ),
      ),
    });
  });

  test("are found whatever the case of the parameter's name", async () => {
    expect(
      await arm.request("GET", `${subscription}/resourceGroups/Shop?Api-Version=2024-03-01`),
    ).toMatchObject({ status: 200 });
  });
});

describe("what is not there", () => {
  test.each([
    [
      "a group",
      "/resourceGroups/none?api-version=2024-03-01",
      "ResourceGroupNotFound",
      "Resource group 'none' could not be found.",
    ],
    [
      "a vault's group",
      "/resourceGroups/none/providers/Microsoft.KeyVault/vaults/v?api-version=2024-11-01",
      "ResourceGroupNotFound",
      "Resource group 'none' could not be found.",
    ],
    [
      "a vault",
      "/resourceGroups/Shop/providers/Microsoft.KeyVault/vaults/v?api-version=2024-11-01",
      "ResourceNotFound",
      "The Resource 'Microsoft.KeyVault/vaults/v' under resource group 'Shop' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
    ],
    [
      "a provider",
      "/providers/Microsoft.Nothing?api-version=2024-03-01",
      "InvalidResourceNamespace",
      "The resource namespace 'Microsoft.Nothing' is invalid.",
    ],
  ])("%s: 404", async (_name, path, code, message) => {
    const { status, body } = await arm.request("GET", `${subscription}${path}`);
    expect({ status, body }).toEqual({ status: 404, body: error(code, message) });
  });

  test("a subscription: 404", async () => {
    const id = randomUUID();
    for (const path of ["", "/resourceGroups", "/resourceGroups/x/providers/Microsoft.KeyVault/vaults/v"]) {
      const { status, body } = await arm.request("GET", `/subscriptions/${id}${path}?api-version=2024-03-01`);
      expect({ status, body }).toEqual({
        status: 404,
        body: error("SubscriptionNotFound", `The subscription '${id}' could not be found.`),
      });
    }
  });

  test.each([
    [
      "GET",
      "/resourceGroups/Shop/providers/Microsoft.Network/virtualNetworks/x",
      "GET {scope}/providers/Microsoft.Network/virtualNetworks/{name}",
    ],
    [
      "POST",
      "/resourceGroups/Shop/providers/Microsoft.Web/sites/x/restart",
      "POST {scope}/providers/Microsoft.Web/sites/{name}/restart",
    ],
    ["GET", "/nothing", "GET"],
  ])("an implementation of %s %s: 501 that names the route", async (method, path, route) => {
    const answer = await arm.request(
      method,
      `${subscription}${path}?api-version=2024-01-01`,
      method === "POST" ? { body: {} } : {},
    );
    expect(answer).toMatchObject({
      status: 501,
      body: error("NotImplemented", expect.stringContaining(route)),
    });
  });

  test("a resource at the wrong level: 501", async () => {
    const answer = await arm.request(
      "GET",
      `${subscription}/providers/Microsoft.KeyVault/vaults/v?api-version=2024-11-01`,
    );
    expect(answer.status).toBe(501);
  });
});

describe("what cannot be read", () => {
  const group = () => `${subscription}/resourceGroups/broken?${groupVersion}`;

  test.each([
    ["{"],
    ["[]"],
    ["null"],
    ['"x"'],
    ['{"location":5}'],
    ['{"location":"westeurope","tags":[]}'],
    ['{"location":"westeurope","tags":{"a":1}}'],
    ["[".repeat(50_000)],
    [`{"a":${"[".repeat(200)}${"]".repeat(200)}}`],
  ])("body %#: 400", async (text) => {
    expect(await arm.request("PUT", group(), { text })).toMatchObject({
      status: 400,
      body: error("InvalidRequestContent"),
    });
  });

  test("a body of more than 4 MB: 413", async () => {
    const answer = await arm.request("PUT", group(), { text: `"${"x".repeat(4 * 1024 * 1024)}"` });
    expect(answer.status).toBe(413);
  });

  test.each(["%zz", "a%00b", "a%2Fb", "x".repeat(3000)])("path %#: 400", async (name) => {
    expect(await arm.request("GET", `${subscription}/resourceGroups/${name}?${groupVersion}`)).toMatchObject({
      status: 400,
    });
  });

  test("members that would reach into objects' prototypes stay plain members", async () => {
    const text =
      '{"location":"westeurope","__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}';
    expect(await arm.request("PUT", group(), { text })).toMatchObject({ status: 201 });
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(
      await arm.request("PATCH", group(), { text: '{"tags":{"__proto__":"x","toString":"y"}}' }),
    ).toMatchObject({ status: 200 });
  });

  test.each(["PUT", "PATCH", "POST", "DELETE"])("%s of a collection: refused", async (method) => {
    const answer = await arm.request(method, `${subscription}/resourceGroups?${groupVersion}`, { body: {} });
    expect([405, 501]).toContain(answer.status);
  });
});

describe("ids", () => {
  test("are found in any case and keep the one of their creation", async () => {
    const asked = `${subscription.toUpperCase()}/RESOURCEGROUPS/sHOP/PROVIDERS/microsoft.managedidentity/USERASSIGNEDIDENTITIES`;
    const put = await arm.request("PUT", `${asked}/Orders?api-version=2023-01-31`, {
      body: { location: "westeurope" },
    });
    const id = `${subscription}/resourceGroups/Shop/providers/Microsoft.ManagedIdentity/userAssignedIdentities/Orders`;
    expect(put.body).toMatchObject({
      id,
      name: "Orders",
      type: "Microsoft.ManagedIdentity/userAssignedIdentities",
    });
    expect((await arm.request("GET", `${asked}/ORDERS?api-version=2023-01-31`)).body).toEqual(put.body);
    expect(
      (
        await arm.request("PUT", `${asked}/ORDERS?api-version=2023-01-31`, {
          body: { location: "West Europe" },
        })
      ).body,
    ).toEqual(put.body);
  });

  test("HEAD says whether something is there", async () => {
    expect(await arm.request("HEAD", `${subscription}/resourceGroups/shop?${groupVersion}`)).toMatchObject({
      status: 204,
      body: undefined,
    });
    expect(await arm.request("HEAD", `${subscription}/resourceGroups/none?${groupVersion}`)).toMatchObject({
      status: 404,
      body: undefined,
    });
  });
});
