import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { noFaults } from "../../../sandbox/core/faults";
import type { Principal } from "../../../sandbox/entra/directory";
import { startTestSandbox, type TestSandbox } from "../harness";
import { addApplication, addIdentity } from "./identities";
import { expectFailure, tokenRequests } from "./token-requests";

let sandbox: TestSandbox;
let requests: ReturnType<typeof tokenRequests>;
let orders: Required<Principal>;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  requests = tokenRequests(sandbox);
  orders = addIdentity(sandbox.context, "orders");
});
afterAll(() => sandbox.stop());
beforeEach(() => {
  sandbox.context.faults.settings = noFaults;
});

describe("a client secret", () => {
  const inAnHour = () => Math.floor(sandbox.context.clock.now() / 1000) + 3600;

  test("becomes a token good for 60 to 90 minutes", async () => {
    const app = addApplication(sandbox.context, "s3cret", inAnHour());
    const { status, body } = await requests.post(requests.form(app.clientId, { client_secret: "s3cret" }));
    expect(status).toBe(200);
    expect(body.expires_in).toBeGreaterThanOrEqual(3599);
    expect(body.expires_in).toBeLessThan(5400);
    const claims = await sandbox.context.tokens.verify(body.access_token, ["https://vault.azure.net"]);
    expect(claims).toMatchObject({ appid: app.clientId, oid: app.objectId, appidacr: "1" });
    expect(claims).not.toHaveProperty("xms_mirid");
  });

  test("may come as a Basic credential", async () => {
    const app = addApplication(sandbox.context, "s3:cr&t", inAnHour());
    const credential = Buffer.from(`${app.clientId}:${encodeURIComponent("s3:cr&t")}`).toString("base64");
    const { client_id: _, ...form } = requests.form("", {});
    const answer = await requests.post(form, { headers: { authorization: `Basic ${credential}` } });
    expect(answer.status).toBe(200);
  });

  test("that is wrong is refused and not repeated", async () => {
    const app = addApplication(sandbox.context, "s3cret", inAnHour());
    const answer = await requests.post(requests.form(app.clientId, { client_secret: "gue55ed" }));
    expectFailure(answer, 401, "invalid_client", 7000215, "Invalid client secret provided.");
    expect(JSON.stringify(answer.body)).not.toContain("gue55ed");
  });

  test("that has expired is refused", async () => {
    const app = addApplication(sandbox.context, "s3cret", 1_700_000_000);
    const answer = await requests.post(requests.form(app.clientId, { client_secret: "s3cret" }));
    expectFailure(
      answer,
      401,
      "invalid_client",
      7000222,
      `The provided client secret keys for app '${app.clientId}' are expired.`,
    );
  });

  test("is nothing that an identity has", async () => {
    const answer = await requests.post(requests.form(orders.clientId, { client_secret: "x" }));
    expectFailure(answer, 401, "invalid_client", 7000215, "Invalid client secret provided.");
  });
});

describe("a request", () => {
  const form = (change: Record<string, string | undefined>) =>
    Object.fromEntries(
      Object.entries({ ...requests.form(orders.clientId, { client_secret: "x" }), ...change }).filter(
        (entry): entry is [string, string] => entry[1] !== undefined,
      ),
    );

  test.each<[string, Record<string, string | undefined>, number, string, number, string]>([
    [
      "without a grant",
      { grant_type: undefined },
      400,
      "invalid_request",
      900144,
      "The request body must contain the following parameter: 'grant_type'.",
    ],
    [
      "with an unknown grant",
      { grant_type: "magic" },
      400,
      "unsupported_grant_type",
      70003,
      "The app requested an unsupported grant type 'magic'.",
    ],
    [
      "without a client",
      { client_id: undefined },
      400,
      "invalid_request",
      900144,
      "The request body must contain the following parameter: 'client_id'.",
    ],
    [
      "of an unknown client",
      { client_id: "11111111-2222-3333-4444-555555555555" },
      400,
      "unauthorized_client",
      700016,
      "Application with identifier '11111111-2222-3333-4444-555555555555' was not found in the directory",
    ],
    [
      "of a client with an endless name",
      { client_id: "x".repeat(5000) },
      400,
      "unauthorized_client",
      700016,
      "Application with identifier",
    ],
    [
      "without a scope",
      { scope: undefined },
      400,
      "invalid_request",
      900144,
      "The request body must contain the following parameter: 'scope'.",
    ],
    [
      "for a single permission",
      { scope: "https://vault.azure.net/user_impersonation" },
      400,
      "invalid_scope",
      1002012,
      "The provided value for scope https://vault.azure.net/user_impersonation is not valid.",
    ],
    [
      "for two resources",
      { scope: "https://vault.azure.net/.default https://storage.azure.com/.default" },
      400,
      "invalid_scope",
      1002012,
      "The provided value for scope",
    ],
    [
      "for an unknown resource",
      { scope: "api://nobody/.default" },
      400,
      "invalid_resource",
      500011,
      "The resource principal named api://nobody was not found in the tenant named",
    ],
    [
      "without a credential",
      { client_secret: undefined },
      401,
      "invalid_client",
      7000218,
      "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    ],
  ])("%s is refused", async (_name, change, status, error, code, text) => {
    expectFailure(await requests.post(form(change)), status, error, code, text);
  });

  test("for an API of the tenant's own is granted", async () => {
    const app = addApplication(sandbox.context, "s3cret", 4_000_000_000);
    const answer = await requests.post(
      requests.form(app.clientId, { client_secret: "s3cret", scope: "api://legacy/.default" }),
    );
    expect(answer.status).toBe(200);
  });

  test("to another tenant is refused", async () => {
    const tenant = "11111111-2222-3333-4444-555555555555";
    expectFailure(
      await requests.post(form({}), { tenant }),
      400,
      "invalid_request",
      90002,
      `Tenant '${tenant}' not found.`,
    );
  });

  test("to no tenant in particular is refused", async () => {
    expectFailure(
      await requests.post(form({}), { tenant: "common" }),
      400,
      "invalid_request",
      50059,
      "No tenant-identifying information found",
    );
  });

  test("for a grant that the sandbox does not have is answered with 501, by name", async () => {
    const answer = await requests.post(form({ grant_type: "password" }));
    expect(answer.status).toBe(501);
    expect(answer.body.error.message).toContain("'password'");
  });

  test("that is throttled is told when to come back", async () => {
    sandbox.context.faults.settings = { ...noFaults, throttleRate: 1 };
    const answer = await requests.post(form({}));
    expectFailure(answer, 429, "temporarily_unavailable", 90055, "There are too many incoming requests.");
    expect(answer.headers.get("retry-after")).toBe("1");
  });

  test("with a body that is too large is refused", async () => {
    const answer = await requests.post(form({ client_secret: "x".repeat(100_000) }));
    expectFailure(answer, 400, "invalid_request", 9002313, "Invalid request.");
  });

  test("in JSON is refused", async () => {
    const answer = await requests.post("{}", { headers: { "content-type": "application/json" } });
    expectFailure(answer, 400, "invalid_request", 9002313, "Invalid request.");
  });

  test("keeps its own correlation id", async () => {
    const id = "0f8fad5b-d9cb-469f-a165-70867728950e";
    const answer = await requests.post(form({}), { headers: { "client-request-id": id } });
    expect(answer.body.correlation_id).toBe(id);
  });

  test("of any content is refused, and never brings it down", async () => {
    const part = fc.oneof(
      fc.string(),
      fc.constantFrom("client_credentials", orders.clientId, "https://vault.azure.net/.default"),
    );
    const body = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.record({
        grant_type: fc.constantFrom("client_credentials", "x"),
        client_id: part,
        scope: part,
        client_secret: part,
        client_assertion_type: fc.constant("urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        client_assertion: fc
          .tuple(fc.json(), fc.json(), fc.string())
          .map(([header, payload, signature]) =>
            [header, payload, signature].map((text) => Buffer.from(text).toString("base64url")).join("."),
          ),
      }),
    );
    await fc.assert(
      fc.asyncProperty(body, async (content) => {
        const { status } = await requests.post(content);
        expect([400, 401]).toContain(status);
      }),
      { numRuns: 150 },
    );
  });
});
