import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Principal } from "../../../sandbox/entra/directory";
import { openSigningKey } from "../../../sandbox/entra/signing-key";
import { advanceClock } from "../core/requests";
import { startTestSandbox, type TestSandbox } from "../harness";
import { addIdentity } from "./identities";

const vault = "https://vault.azure.net";
let sandbox: TestSandbox;
let orders: Required<Principal>;
beforeAll(async () => {
  sandbox = await startTestSandbox();
  orders = addIdentity(sandbox.context, "orders");
});
afterAll(() => sandbox.stop());

const issue = (lifetimeSeconds = 3600) => sandbox.context.tokens.issue(orders, vault, lifetimeSeconds);
const verify = (token: string, audiences = [vault]) => sandbox.context.tokens.verify(token, audiences);

describe("a token is accepted", () => {
  test.each([vault, `${vault}/`, "https://VAULT.azure.net"])("for %s", async (audience) => {
    expect(await verify(await issue(), ["https://other", audience])).toMatchObject({
      aud: vault,
      oid: orders.objectId,
    });
  });

  test("of a user, who signed in through the Azure CLI", async () => {
    const user: Principal = {
      objectId: "11111111-0000-4000-8000-000000000001",
      displayName: "ada@example.org",
      type: "User",
      visibleAt: 0,
    };
    sandbox.context.directory.add(user);
    const claims = await verify(await sandbox.context.tokens.issue(user, vault, 3600));
    expect(claims).toMatchObject({
      idtyp: "user",
      oid: user.objectId,
      appid: "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
    });
  });
});

describe("a token is refused", () => {
  const sign = (claims: Record<string, unknown>, key: Parameters<SignJWT["sign"]>[0], alg = "RS256") =>
    new SignJWT({ ...claims }).setProtectedHeader({ alg }).sign(key);
  const claims = () => {
    const now = Math.floor(sandbox.context.clock.now() / 1000);
    const iss = `https://sts.windows.net/${sandbox.context.account.tenantId}/`;
    return { aud: vault, iss, nbf: now, exp: now + 600, oid: orders.objectId, appid: orders.clientId };
  };
  const foreign = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;

  test("for another audience", async () => {
    await expect(verify(await issue(), ["https://storage.azure.com"])).rejects.toMatchObject({
      reason: "audience",
    });
  });

  test("after its time", async () => {
    await expect(verify(await issue(0))).rejects.toMatchObject({ reason: "expired" });
  });

  test("after its time, also when it was accepted before", async () => {
    const token = await issue(5);
    await expect(verify(token)).resolves.toBeDefined();
    const { clock } = sandbox.context;
    await advanceClock(sandbox, 6);
    expect(clock.now()).toBeGreaterThan(Date.now());
    await expect(verify(token)).rejects.toMatchObject({ reason: "expired" });
  });

  test("before its time", async () => {
    const { privateKey } = await openSigningKey(sandbox.context.store, "entra");
    const early = await sign({ ...claims(), nbf: claims().exp - 1 }, privateKey);
    await expect(verify(early)).rejects.toMatchObject({ reason: "expired" });
  });

  test("of another issuer, though the tenant's key signed it", async () => {
    const { privateKey } = await openSigningKey(sandbox.context.store, "entra");
    const other = await sign({ ...claims(), iss: "https://sts.windows.net/other/" }, privateKey);
    await expect(verify(other)).rejects.toMatchObject({ reason: "issuer" });
  });

  test("of a principal that is gone", async () => {
    const gone = addIdentity(sandbox.context, "gone");
    const token = await sandbox.context.tokens.issue(gone, vault, 3600);
    await expect(verify(token)).resolves.toBeDefined();
    sandbox.context.directory.remove(gone.objectId);
    await expect(verify(token)).rejects.toMatchObject({ reason: "unknownPrincipal" });
    expect(sandbox.context.directory.byClientId(gone.clientId)).toBeUndefined();
  });

  test("signed by a foreign key", async () => {
    await expect(verify(await sign(claims(), foreign))).rejects.toMatchObject({ reason: "signature" });
  });

  test("signed with the public key as a shared secret", async () => {
    const { publicKey } = await openSigningKey(sandbox.context.store, "entra");
    const secret = Buffer.from(publicKey.export({ type: "spki", format: "pem" }));
    await expect(verify(await sign(claims(), secret, "HS256"))).rejects.toMatchObject({
      reason: "signature",
    });
  });

  test("not signed at all", async () => {
    const [, payload] = (await issue()).split(".");
    const unsigned = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${payload}.`;
    await expect(verify(unsigned)).rejects.toMatchObject({
      reason: expect.stringMatching(/signature|malformed/),
    });
  });

  test("that is too long", async () => {
    await expect(verify("x".repeat(40_000))).rejects.toMatchObject({ reason: "malformed" });
  });

  test("with any change to it", async () => {
    const token = await issue();
    await fc.assert(
      fc.asyncProperty(fc.nat(token.length - 1), fc.constantFrom("A", "z", ".", " "), async (at, letter) => {
        const changed = token.slice(0, at) + letter + token.slice(at + 1);
        // The last letter of base64 carries bits that mean nothing.
        fc.pre(changed !== token && at < token.length - 1);
        await expect(verify(changed)).rejects.toMatchObject({ name: "TokenRejected" });
      }),
      { numRuns: 200 },
    );
  });

  test("that is no token", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary" }), async (text) => {
        await expect(verify(text)).rejects.toMatchObject({ name: "TokenRejected" });
      }),
    );
  });
});
