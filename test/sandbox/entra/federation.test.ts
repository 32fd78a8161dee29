import { generateKeyPairSync } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { noFaults } from "../../../sandbox/core/faults";
import type { Principal } from "../../../sandbox/entra/directory";
import { advanceClock } from "../core/requests";
import { startTestSandbox, type TestSandbox } from "../harness";
import { addCredential, addIdentity } from "./identities";
import { exchangeAudience, startIssuer, type TestIssuer, type TokenChange, workloadSubject } from "./issuer";
import { expectFailure, tokenRequests } from "./token-requests";

let sandbox: TestSandbox;
let requests: ReturnType<typeof tokenRequests>;
let issuer: TestIssuer;
let orders: Required<Principal>;
let lonely: Required<Principal>;
const foreign = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
const elliptic = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  requests = tokenRequests(sandbox);
  issuer = await startIssuer(() => sandbox.context.clock.now());
  orders = addIdentity(sandbox.context, "orders");
  lonely = addIdentity(sandbox.context, "lonely");
  const ours = { issuer: issuer.issuer, subject: workloadSubject, audiences: [exchangeAudience] };
  addCredential(sandbox.context, orders, ours);
});
afterAll(async () => {
  issuer.close();
  await sandbox.stop();
});
beforeEach(() => {
  sandbox.context.faults.settings = noFaults;
});

describe("an assertion that matches a federated credential", () => {
  test("becomes the identity's token, good for a day", async () => {
    const { status, body, headers } = await requests.exchange(orders.clientId, await issuer.token());
    expect(status).toBe(200);
    expect(body).toEqual({
      token_type: "Bearer",
      expires_in: 86399,
      ext_expires_in: 86399,
      access_token: expect.any(String),
    });
    expect(headers.get("cache-control")).toContain("no-store");
    const claims = await sandbox.context.tokens.verify(body.access_token, ["https://vault.azure.net"]);
    const { tenantId } = sandbox.context.account;
    expect(claims).toMatchObject({
      aud: "https://vault.azure.net",
      iss: `https://sts.windows.net/${tenantId}/`,
      idp: `https://sts.windows.net/${tenantId}/`,
      tid: tenantId,
      oid: orders.objectId,
      sub: orders.objectId,
      appid: orders.clientId,
      appidacr: "2",
      idtyp: "app",
      ver: "1.0",
      xms_mirid: orders.managedIdentityResourceId,
    });
    expect(claims.exp * 1000 - sandbox.context.clock.now()).toBeGreaterThan(86_390_000);
  });

  test("fetches the issuer's keys once, not each time", async () => {
    await requests.exchange(orders.clientId, await issuer.token());
    const before = issuer.keyRequests;
    for (let i = 0; i < 5; i++) await requests.exchange(orders.clientId, await issuer.token());
    expect(issuer.keyRequests).toBe(before);
  });

  test("works at the older endpoint, which speaks of a resource", async () => {
    const { status, body } = await requests.post(
      {
        grant_type: "client_credentials",
        client_id: orders.clientId,
        resource: "https://management.azure.com/",
        client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        client_assertion: await issuer.token(),
      },
      { version: "" },
    );
    expect(status).toBe(200);
    expect(body).toMatchObject({ resource: "https://management.azure.com/", expires_in: "86399" });
  });
});

describe("an assertion is refused", () => {
  const cases: [string, TokenChange, number, string, number, string][] = [
    [
      "of an issuer that is not registered",
      { claims: { iss: "https://elsewhere.example/" } },
      401,
      "invalid_client",
      700211,
      "No matching federated identity record found for presented assertion issuer 'https://elsewhere.example/'. ",
    ],
    [
      "for another audience",
      { claims: { aud: "api://other" } },
      401,
      "invalid_client",
      700212,
      "No matching federated identity record found for presented assertion audience 'api://other'. ",
    ],
    [
      "without any audience",
      { claims: { aud: undefined } },
      401,
      "invalid_client",
      700212,
      "No matching federated identity record found for presented assertion audience ''. ",
    ],
    [
      "for another subject",
      { claims: { sub: "system:serviceaccount:shop:mail" } },
      401,
      "invalid_client",
      700213,
      "No matching federated identity record found for presented assertion subject 'system:serviceaccount:shop:mail'. ",
    ],
    [
      "whose subject differs in case",
      { claims: { sub: "system:serviceaccount:Shop:orders" } },
      401,
      "invalid_client",
      7002138,
      "No matching federated identity record found for presented assertion subject 'system:serviceaccount:Shop:orders'. The subject matches with case-insensitive comparison, but not with case-sensitive comparison.",
    ],
    [
      "that has expired",
      { claims: { exp: 1_700_000_000, nbf: 1_600_000_000 } },
      401,
      "invalid_client",
      700024,
      "Client assertion is not within its valid time range.",
    ],
    [
      "that is not valid yet",
      { claims: { nbf: 4_000_000_000, exp: 4_000_003_600 } },
      401,
      "invalid_client",
      700024,
      "Client assertion is not within its valid time range.",
    ],
    [
      "that is valid until after the end of time",
      { claims: { nbf: 1e300, exp: 1e301 } },
      401,
      "invalid_client",
      700024,
      "Client assertion is not within its valid time range.",
    ],
    [
      "signed by a key that the issuer does not publish",
      { header: { kid: "key-2" } },
      401,
      "invalid_client",
      7000272,
      "The certificate with identifier key-2 used to sign the federated credential could not be found in the metadata of identity provider http",
    ],
    [
      "signed by a foreign key under the issuer's key id",
      { key: foreign },
      401,
      "invalid_client",
      700027,
      "Client assertion failed signature validation.",
    ],
    [
      "signed with an elliptic curve",
      { header: { alg: "ES256" }, key: elliptic },
      400,
      "invalid_request",
      5002738,
      "Invalid JWT token. 'ES256' is not a supported signature algorithm.",
    ],
    [
      "signed with a shared secret",
      { header: { alg: "HS256" }, key: Buffer.alloc(32) },
      400,
      "invalid_request",
      5002738,
      "Invalid JWT token. 'HS256' is not a supported signature algorithm.",
    ],
    [
      "that Entra issued itself",
      { claims: { iss: "https://sts.windows.net/00000000-0000-0000-0000-000000000000/" } },
      401,
      "invalid_client",
      700222,
      "AAD-issued tokens may not be used for federated identity flows.",
    ],
    [
      "without a subject",
      { claims: { sub: undefined } },
      400,
      "invalid_request",
      50027,
      "JWT token is invalid or malformed.",
    ],
    [
      "without an expiry",
      { claims: { exp: undefined } },
      400,
      "invalid_request",
      50027,
      "JWT token is invalid or malformed.",
    ],
    [
      "without a key id",
      { header: { kid: undefined } },
      400,
      "invalid_request",
      50027,
      "JWT token is invalid or malformed.",
    ],
    [
      "that is too long",
      { claims: { padding: "x".repeat(20_000) } },
      400,
      "invalid_request",
      50027,
      "JWT token is invalid or malformed.",
    ],
  ];
  test.each(cases)("%s", async (_name, change, status, error, code, text) => {
    expectFailure(
      await requests.exchange(orders.clientId, await issuer.token(change)),
      status,
      error,
      code,
      text,
    );
  });

  test("that is not signed at all", async () => {
    const [, payload] = (await issuer.token()).split(".");
    const header = Buffer.from('{"alg":"none","kid":"key-1"}').toString("base64url");
    for (const signature of ["", "AAAA"]) {
      const answer = await requests.exchange(orders.clientId, `${header}.${payload}.${signature}`);
      expectFailure(answer, 400, "invalid_request", 5002738, "Invalid JWT token. 'none' is not");
    }
  });

  test("whose claims were changed after signing", async () => {
    const [header, , signature] = (await issuer.token({ claims: { sub: "somebody else" } })).split(".");
    const [, payload] = (await issuer.token()).split(".");
    const answer = await requests.exchange(orders.clientId, `${header}.${payload}.${signature}`);
    expectFailure(answer, 401, "invalid_client", 700027, "Client assertion failed signature validation.");
  });

  test.each(["", "x", "a.b.c", "....", "e30.e30.e30", "\u0000.\u0000.\u0000"])(
    "that is %j",
    async (assertion) => {
      const answer = await requests.exchange(orders.clientId, assertion);
      if (assertion === "") {
        expectFailure(answer, 401, "invalid_client", 7000218, "The request body must contain");
      } else {
        expect(answer.body.error_codes[0], answer.body.error_description).toBeOneOf([50027, 5002738]);
      }
    },
  );

  test("by an identity without credentials", async () => {
    const answer = await requests.exchange(lonely.clientId, await issuer.token());
    const text = `The client '${lonely.clientId}'(lonely) has no configured federated identity credentials.`;
    expectFailure(answer, 401, "invalid_client", 70025, text);
  });

  test("by another identity's credential", async () => {
    const mail = addIdentity(sandbox.context, "mail");
    const other = {
      issuer: issuer.issuer,
      subject: "system:serviceaccount:shop:mail",
      audiences: [exchangeAudience],
    };
    addCredential(sandbox.context, mail, other);
    const answer = await requests.exchange(mail.clientId, await issuer.token());
    expectFailure(answer, 401, "invalid_client", 700213, "No matching federated identity record found");
  });

  test("when the issuer differs by its trailing slash", async () => {
    const identity = addIdentity(sandbox.context, "slash");
    const withoutSlash = {
      issuer: issuer.issuer.slice(0, -1),
      subject: workloadSubject,
      audiences: [exchangeAudience],
    };
    addCredential(sandbox.context, identity, withoutSlash);
    const answer = await requests.exchange(identity.clientId, await issuer.token());
    expectFailure(answer, 401, "invalid_client", 700211, "No matching federated identity record found");
  });
});

describe("propagation", () => {
  const waiting = () => {
    const { clock } = sandbox.context;
    const identity = addIdentity(sandbox.context, `late-${clock.now()}`);
    const ours = { issuer: issuer.issuer, subject: workloadSubject, audiences: [exchangeAudience] };
    addCredential(sandbox.context, identity, ours, clock.now() + 90_000);
    return identity;
  };
  test("of a federated credential: it does not match until it has arrived", async () => {
    const identity = waiting();
    const early = await requests.exchange(identity.clientId, await issuer.token());
    expectFailure(
      early,
      400,
      "invalid_request",
      70021,
      `No matching federated identity record found for presented assertion. Assertion Issuer: '${issuer.issuer}'. Assertion Subject: '${workloadSubject}'. Assertion Audience: '${exchangeAudience}'.`,
    );
    await advanceClock(sandbox, 91);
    expect((await requests.exchange(identity.clientId, await issuer.token())).status).toBe(200);
  });

  test("of a principal: it is unknown until it has arrived", async () => {
    sandbox.context.faults.settings = {
      ...noFaults,
      replicationSeconds: { ...noFaults.replicationSeconds, principal: [30, 30] },
    };
    const identity = addIdentity(sandbox.context, "fresh");
    const ours = { issuer: issuer.issuer, subject: workloadSubject, audiences: [exchangeAudience] };
    addCredential(sandbox.context, identity, ours);
    const early = await requests.exchange(identity.clientId, await issuer.token());
    expectFailure(
      early,
      400,
      "unauthorized_client",
      700016,
      `Application with identifier '${identity.clientId}' was not found`,
    );
    await advanceClock(sandbox, 31);
    expect((await requests.exchange(identity.clientId, await issuer.token())).status).toBe(200);
  });
});
