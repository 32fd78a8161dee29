import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestSandbox, type TestSandbox } from "../harness";
import { addCredential, addIdentity } from "./identities";
import { exchangeAudience, startIssuer, type TestIssuer, workloadSubject } from "./issuer";
import { expectFailure, tokenRequests } from "./token-requests";

let sandbox: TestSandbox;
let requests: ReturnType<typeof tokenRequests>;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  requests = tokenRequests(sandbox);
});
afterAll(() => sandbox.stop());

describe("an issuer's metadata", () => {
  const withIssuer = async (change: (issuer: TestIssuer) => void) => {
    const broken = await startIssuer(() => sandbox.context.clock.now());
    const identity = addIdentity(sandbox.context, `of-${broken.issuer.replace(/\W/g, "-")}`);
    const trusted = { issuer: broken.issuer, subject: workloadSubject, audiences: [exchangeAudience] };
    addCredential(sandbox.context, identity, trusted);
    change(broken);
    const answer = await requests.exchange(identity.clientId, await broken.token());
    broken.close();
    return answer;
  };

  test("that cannot be reached", async () => {
    expectFailure(
      await withIssuer((broken) => broken.close()),
      400,
      "invalid_request",
      50166,
      "Request to External OIDC endpoint failed.",
    );
  });

  test.each<[string, string, unknown, number]>([
    ["without a discovery document", "/.well-known/openid-configuration", undefined, 50166],
    ["that is not JSON", "/.well-known/openid-configuration", "<html>", 90061],
    [
      "of another issuer",
      "/.well-known/openid-configuration",
      { issuer: "https://other/", jwks_uri: "https://other/keys" },
      90061,
    ],
    ["without keys", "/keys", undefined, 50166],
    ["with keys that are none", "/keys", { keys: "none" }, 90061],
    ["that never ends", "/keys", `{"keys":[],"x":"${"y".repeat(1_000_000)}"}`, 90061],
  ])("%s", async (_name, path, document, code) => {
    const answer = await withIssuer((broken) => {
      if (document === undefined) delete broken.documents[path];
      else broken.documents[path] = document;
    });
    expectFailure(answer, 400, "invalid_request", code, "Request to External OIDC endpoint failed.");
  });

  test("that sends to plain http elsewhere is not followed", async () => {
    const answer = await withIssuer((broken) => {
      const document = { issuer: broken.issuer, jwks_uri: "http://issuer.example/keys" };
      broken.documents["/.well-known/openid-configuration"] = document;
    });
    expectFailure(answer, 400, "invalid_request", 50166, "Request to External OIDC endpoint failed.");
  });

  test("is asked again when a key id is new", async () => {
    const rotating = await startIssuer(() => sandbox.context.clock.now());
    const identity = addIdentity(sandbox.context, "rotating");
    const trusted = { issuer: rotating.issuer, subject: workloadSubject, audiences: [exchangeAudience] };
    addCredential(sandbox.context, identity, trusted);
    expect((await requests.exchange(identity.clientId, await rotating.token())).status).toBe(200);
    const { keys } = rotating.documents["/keys"] as { keys: Record<string, unknown>[] };
    rotating.documents["/keys"] = { keys: [{ ...keys[0], kid: "key-2" }] };
    const next = () => rotating.token({ header: { kid: "key-2" } });
    await expect
      .poll(async () => (await requests.exchange(identity.clientId, await next())).status, { timeout: 4000 })
      .toBe(200);
    expect((await requests.exchange(identity.clientId, await rotating.token())).body.error_codes).toEqual([
      7000272,
    ]);
    rotating.close();
  });
});
