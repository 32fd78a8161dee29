import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { noFaults } from "../../../sandbox/core/faults";
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

describe("who may call Graph", () => {
  it("is the deployer, with a token for Graph", async () => {
    const { status, headers, body } = await graph.send("GET", "/applications", { headers: {} });
    expectFailure({ status, headers, body }, 401, "InvalidAuthenticationToken", "Access token is empty.");
    expect(headers.get("www-authenticate")).toContain("authorization_uri=");
    const elsewhere = await graph.tokenOf(undefined, "https://management.azure.com");
    const refused = await graph.call("GET", "/applications", undefined, elsewhere);
    expectFailure(refused, 401, "InvalidAuthenticationToken", "Invalid audience");
    expectFailure(
      await graph.call("GET", "/applications", undefined, "no.token"),
      401,
      "InvalidAuthenticationToken",
      "CompactToken parsing failed",
    );
  });

  it("is no workload", async () => {
    const token = await graph.tokenOf(addIdentity(sandbox.context, "curious").objectId);
    for (const method of ["GET", "POST"]) {
      const answer = await graph.call(
        method,
        "/applications",
        method === "POST" ? { displayName: "x" } : undefined,
        token,
      );
      expectFailure(answer, 403, "Authorization_RequestDenied", "Insufficient privileges");
    }
  });
});

describe("applications", () => {
  it("are made, read, changed and removed", async () => {
    const made = await newApplication({
      description: "Orders",
      web: { homePageUrl: "https://orders.example" },
    });
    expect(made).toMatchObject({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      appId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      displayName: "api",
      description: "Orders",
      identifierUris: [],
      signInAudience: "AzureADMyOrg",
      appRoles: [],
      passwordCredentials: [],
      api: { requestedAccessTokenVersion: null, oauth2PermissionScopes: [] },
      web: { homePageUrl: "https://orders.example", redirectUris: [] },
    });
    expect(made.id).not.toBe(made.appId);
    const path = `/applications/${made.id}`;
    const changed = await graph.call("PATCH", path, {
      displayName: "orders",
      description: null,
      identifierUris: [`api://${made.appId}`],
      api: { requestedAccessTokenVersion: 2 },
      web: { redirectUris: ["https://orders.example/signin"] },
    });
    expect(changed).toMatchObject({ status: 204, body: undefined });
    const { body } = await graph.call("GET", `/applications(appId='${made.appId}')`);
    expect(body).toMatchObject({
      id: made.id,
      displayName: "orders",
      description: null,
      identifierUris: [`api://${made.appId}`],
      api: { requestedAccessTokenVersion: 2, knownClientApplications: [] },
      web: { homePageUrl: "https://orders.example", redirectUris: ["https://orders.example/signin"] },
    });
    expect((await graph.call("DELETE", path)).status).toBe(204);
    expectFailure(await graph.call("GET", path), 404, "Request_ResourceNotFound", made.id);
    expectFailure(await graph.call("DELETE", path), 404, "Request_ResourceNotFound", made.id);
  });

  it("are found by filters, page by page, with the properties that are asked for", async () => {
    const prefix = `page-${randomUUID().slice(0, 8)}`;
    for (const number of [1, 2, 3])
      await newApplication({ displayName: `${prefix}-${number}`, tags: [`tag'${number}`] });
    const names: string[] = [];
    let path = `/applications?$filter=${encodeURIComponent(`startswith(displayName,'${prefix}')`)}&$top=2&$select=id,displayName`;
    const sizes: number[] = [];
    while (path) {
      const { body } = await graph.call("GET", path);
      sizes.push(body.value.length);
      for (const found of body.value) {
        expect(Object.keys(found).sort()).toEqual(["displayName", "id"]);
        names.push(found.displayName);
      }
      path = body["@odata.nextLink"]?.replace("https://graph.microsoft.com/v1.0", "") ?? "";
    }
    expect(sizes).toEqual([2, 1]);
    expect(names.sort()).toEqual([1, 2, 3].map((number) => `${prefix}-${number}`));
    for (const [filter, expected] of [
      [`displayName eq '${prefix.toUpperCase()}-2'`, ["2"]],
      [`startswith(displayName, '${prefix}') and displayName ne '${prefix}-2'`, ["1", "3"]],
      [`startswith(displayName,'${prefix}') and tags/any(t:t eq 'tag''3')`, ["3"]],
      [`startswith(displayName,'${prefix}') and description eq null and signInAudience eq 'none'`, []],
    ] as const) {
      const { body } = await graph.call("GET", `/applications?$filter=${encodeURIComponent(filter)}`);
      const found = body.value.map((one: any) => one.displayName.slice(prefix.length + 1));
      expect(found.sort(), filter).toEqual(expected);
    }
    for (const filter of [
      "displayName",
      "displayName eq 'x' or id eq 'y'",
      "displayName eq 'x' and ",
      "((",
    ]) {
      const answer = await graph.call("GET", `/applications?$filter=${encodeURIComponent(filter)}`);
      expectFailure(answer, 400, "Request_UnsupportedQuery", "filter");
    }
    expectFailure(await graph.call("GET", "/applications?$top=0"), 400, "Request_BadRequest", "page size");
  });

  it("refuse what cannot be, and stay as they were", async () => {
    const { id, appId } = await newApplication();
    const { tenantId } = sandbox.context.account;
    const other = await newApplication();
    await graph.call("PATCH", `/applications/${other.id}`, { identifierUris: [`api://${tenantId}/shared`] });
    for (const [change, code, message] of [
      [{ colour: "red" }, "Request_BadRequest", "Invalid property 'colour'"],
      [{ displayName: "" }, "Request_BadRequest", "'displayName' of resource 'Application'"],
      [{ displayName: 7 }, "Request_BadRequest", "'displayName'"],
      [[], "Request_BadRequest", "payload"],
      [
        { api: { requestedAccessTokenVersion: 3 } },
        "Request_BadRequest",
        "'api.requestedAccessTokenVersion'",
      ],
      [{ appRoles: [appRole("no-guid", "A")] }, "Request_BadRequest", "'appRoles.0.id'"],
      [{ appRoles: [appRole(randomUUID(), "has space")] }, "Request_BadRequest", "'appRoles.0.value'"],
      [
        { appRoles: [appRole(randomUUID(), "Twice"), appRole(randomUUID(), "Twice")] },
        "Request_BadRequest",
        "'appRoles'",
      ],
      [{ identifierUris: ["not a uri"] }, "Request_BadRequest", "'identifierUris'"],
      [{ identifierUris: ["https://contoso.example"] }, "HostNameNotOnVerifiedDomain", "verified domain"],
      [{ identifierUris: [`api://${unknownId}`] }, "HostNameNotOnVerifiedDomain", "verified domain"],
      [{ identifierUris: [`api://${tenantId}/shared`] }, "Request_BadRequest", "already exists"],
    ] as const) {
      expectFailure(await graph.call("PATCH", `/applications/${id}`, change), 400, code, message);
    }
    expectFailure(await graph.call("POST", "/applications", {}), 400, "Request_BadRequest", "'displayName'");
    const { body } = await graph.call("GET", `/applications/${id}`);
    expect(body).toMatchObject({ appId, displayName: "api", identifierUris: [], appRoles: [] });
  });

  it("may have any identifier URI once they take tokens of version 2", async () => {
    const { id } = await newApplication({ api: { requestedAccessTokenVersion: 2 } });
    const uri = `https://${randomUUID()}.example`;
    expect((await graph.call("PATCH", `/applications/${id}`, { identifierUris: [uri] })).status).toBe(204);
  });

  it("let go of a role only after it was disabled", async () => {
    const role = appRole(randomUUID(), "Orders.Read");
    const { id } = await newApplication({ appRoles: [role] });
    const path = `/applications/${id}`;
    const refused = await graph.call("PATCH", path, { appRoles: [] });
    expectFailure(refused, 400, "CannotDeleteOrUpdateEnabledEntitlement", "disabled first");
    expect((await graph.call("PATCH", path, { appRoles: [{ ...role, isEnabled: false }] })).status).toBe(204);
    expect((await graph.call("PATCH", path, { appRoles: [] })).status).toBe(204);
    expect((await graph.call("GET", path)).body.appRoles).toEqual([]);
  });
});

describe("federated credentials of an application", () => {
  const credential = (name: string, more: object = {}) => ({
    name,
    issuer: "https://issuer.example/",
    subject: `system:serviceaccount:shop:${name}`,
    audiences: ["api://AzureADTokenExchange"],
    ...more,
  });

  it("are made, read, changed and removed", async () => {
    const path = `/applications/${(await newApplication()).id}/federatedIdentityCredentials`;
    const made = await graph.create(path, credential("orders", { description: "pods" }));
    expect(made).toMatchObject({ ...credential("orders"), description: "pods", id: expect.any(String) });
    expect(made).not.toHaveProperty("visibleAt");
    const change = { subject: "system:serviceaccount:shop:others", description: null };
    expect((await graph.call("PATCH", `${path}/${made.id}`, change)).status).toBe(204);
    const { body: read } = await graph.call("GET", `${path}/orders`);
    expect(read).toMatchObject({ ...credential("orders"), ...change, id: made.id });
    expect((await graph.call("GET", path)).body.value).toHaveLength(1);
    expect((await graph.call("DELETE", `${path}/${made.id}`)).status).toBe(204);
    expect((await graph.call("GET", path)).body.value).toEqual([]);
    expectFailure(await graph.call("GET", `${path}/${made.id}`), 404, "Request_ResourceNotFound", made.id);
  });

  it("refuse what Graph refuses", async () => {
    const path = `/applications/${(await newApplication()).id}/federatedIdentityCredentials`;
    await graph.create(path, credential("orders"));
    for (const [body, status, code, message] of [
      [
        credential("orders", { subject: "other" }),
        409,
        "Request_MultipleObjectsWithSameKeyValue",
        "name orders already exists",
      ],
      [
        credential("twice", { subject: credential("orders").subject }),
        400,
        "InvalidFederatedIdentityCredentialValue",
        "issuer and subject must be unique",
      ],
      [credential("a b"), 400, "Request_BadRequest", "'name'"],
      [credential("two-audiences", { audiences: ["a", "b"] }), 400, "Request_BadRequest", "'audiences'"],
      [credential("long", { subject: "s".repeat(601) }), 400, "Request_BadRequest", "'subject'"],
      [credential("issuer", { issuer: "issuer.example" }), 400, "Request_BadRequest", "'issuer'"],
      [{ name: "nothing" }, 400, "Request_BadRequest", "'issuer'"],
    ] as const) {
      expectFailure(await graph.call("POST", path, body), status, code, message);
    }
    const renamed = await graph.call("PATCH", `${path}/orders`, { name: "else" });
    expectFailure(renamed, 400, "Request_BadRequest", "'name'");
    for (let number = 1; number < 20; number++) await graph.create(path, credential(`more-${number}`));
    expect((await graph.call("POST", path, credential("the-21st"))).status).toBe(403);
    expect((await graph.call("GET", path)).body.value).toHaveLength(20);
  });
});

describe("anything else", () => {
  it("is answered with 501 and its name, or as a bad request", async () => {
    for (const [method, path] of [
      ["GET", "/users"],
      ["POST", `/applications/${unknownId}/addPassword`],
      ["PUT", `/applications/${unknownId}`],
      ["GET", "/"],
      ["GET", `/applications/${unknownId}/federatedIdentityCredentials/x/y`],
    ] as const) {
      expectFailure(
        await graph.call(method, path),
        501,
        "NotImplemented",
        `does not implement ${method} /v1.0`,
      );
    }
    const headers = { authorization: `Bearer ${await graph.tokenOf()}`, "content-type": "application/json" };
    const post = (body: string, more: Record<string, string> = {}) =>
      graph.send("POST", "/applications", { body, headers: { ...headers, ...more } });
    expectFailure(await post("{"), 400, "BadRequest", "Unable to read JSON");
    expectFailure(await post("null"), 400, "Request_BadRequest", "payload");
    expectFailure(
      await post(`{"displayName":"${"x".repeat(300_000)}"}`),
      413,
      "RequestEntityTooLarge",
      "bytes",
    );
    expectFailure(
      await post("{}", { "content-type": "text/plain" }),
      415,
      "Request_UnsupportedMediaType",
      "JSON",
    );
    expectFailure(await graph.call("GET", "/applications/%E0%A4%A"), 400, "Request_BadRequest", "address");
    expectFailure(
      await graph.call("GET", `/applications/${"x".repeat(3000)}`),
      404,
      "Request_ResourceNotFound",
      "xxx",
    );
    expectFailure(
      await graph.call("GET", "/servicePrincipals/__proto__"),
      404,
      "Request_ResourceNotFound",
      "__proto__",
    );
  });

  it("fails in Graph's form where faults strike", async () => {
    const { faults } = sandbox.context;
    faults.settings = { ...noFaults, throttleRate: 1 };
    const answer = await graph.call("GET", "/applications");
    faults.settings = noFaults;
    expectFailure(answer, 429, "TooManyRequests", "throttled");
    expect(answer.headers.get("retry-after")).toBe("1");
  });
});
