import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createLocalJWKSet, createRemoteJWKSet, customFetch, jwtVerify } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Principal } from "../../../sandbox/entra/directory";
import { proxiedFetch } from "../core/requests";
import { type Client, startClient, startTestSandbox, type TestSandbox } from "../harness";
import { addApplication, addCredential, addIdentity } from "./identities";
import { exchangeAudience, startIssuer, type TestIssuer, workloadSubject } from "./issuer";

type IdentityClient = typeof import("./identity-client");
const clientModule = join(__dirname, "identity-client.ts");
const vaultScope = "https://vault.azure.net/.default";

let sandbox: TestSandbox;
let issuer: TestIssuer;
let orders: Required<Principal>;
const clients: Client<IdentityClient>[] = [];
const clientWith = (env: Record<string, string>) => {
  const client = startClient<IdentityClient>(clientModule, env);
  clients.push(client);
  return client;
};

beforeAll(async () => {
  sandbox = await startTestSandbox();
  issuer = await startIssuer();
  orders = addIdentity(sandbox.context, "orders");
  const ours = { issuer: issuer.issuer, subject: workloadSubject, audiences: [exchangeAudience] };
  addCredential(sandbox.context, orders, ours);
});
afterAll(async () => {
  for (const client of clients) client.stop();
  issuer.close();
  await sandbox.stop();
});

describe("with the environment of the sandbox", () => {
  test("DefaultAzureCredential is the deployer", async () => {
    const { tenantId, deployer } = sandbox.context.account;
    const { claims, secondsLeft } = await clientWith(sandbox.env).call(
      "byDefault",
      "https://management.azure.com/.default",
    );
    expect(claims).toMatchObject({
      aud: "https://management.azure.com",
      appid: deployer.clientId,
      oid: deployer.objectId,
      tid: tenantId,
      idtyp: "app",
    });
    expect(secondsLeft).toBeGreaterThan(3500);
    expect(secondsLeft).toBeLessThan(5400);
  });

  test("a JWT library accepts the token by the tenant's published keys", async () => {
    const { tenantId } = sandbox.context.account;
    const { token } = await clientWith(sandbox.env).call("byDefault", vaultScope);
    const fetch = proxiedFetch(sandbox);
    const configuration = (await (
      await fetch(`https://login.microsoftonline.com/${tenantId}/.well-known/openid-configuration`)
    ).json()) as { issuer: string; jwks_uri: string };
    const keys = createRemoteJWKSet(new URL(configuration.jwks_uri), {
      [customFetch]: (url, { method, signal }) => fetch(url, { method, signal }) as never,
    });
    const expected = { issuer: configuration.issuer, audience: "https://vault.azure.net" };
    await expect(jwtVerify(token, keys, expected)).resolves.toBeDefined();
    const nobodys = createLocalJWKSet({ keys: [] });
    await expect(jwtVerify(token, nobodys, expected)).rejects.toThrow();
  });
});

describe("with a pod's variables", () => {
  let pod: Client<IdentityClient>;
  const variables = (clientId: string, tokenFile: string) => ({
    ...sandbox.networkEnv,
    AZURE_CLIENT_ID: clientId,
    AZURE_TENANT_ID: sandbox.context.account.tenantId,
    AZURE_FEDERATED_TOKEN_FILE: tokenFile,
    AZURE_AUTHORITY_HOST: "https://login.microsoftonline.com/",
  });
  const writeToken = async (name: string, subject: string) => {
    const file = join(sandbox.directory, name);
    writeFileSync(file, await issuer.token({ claims: { sub: subject } }), { mode: 0o600 });
    chmodSync(file, 0o600);
    return file;
  };
  beforeAll(async () => {
    pod = clientWith(variables(orders.clientId, await writeToken("pod-token", workloadSubject)));
  });

  test.each(["byDefault", "byWorkloadIdentity", "byManagedIdentity"] as const)(
    "%s is the workload's identity",
    async (credential) => {
      const { claims, secondsLeft } = await pod.call(credential, vaultScope);
      expect(claims).toMatchObject({
        aud: "https://vault.azure.net",
        appid: orders.clientId,
        oid: orders.objectId,
        xms_mirid: orders.managedIdentityResourceId,
      });
      expect(secondsLeft).toBeGreaterThan(86_000);
    },
  );

  test("a wrong subject is said by Entra's own number", async () => {
    const file = await writeToken("other-token", "system:serviceaccount:shop:Orders");
    await expect(
      clientWith(variables(orders.clientId, file)).call("byWorkloadIdentity", vaultScope),
    ).rejects.toThrow(
      "AADSTS7002138: No matching federated identity record found for presented assertion subject 'system:serviceaccount:shop:Orders'",
    );
  });
});

describe("with credentials in hand", () => {
  let anybody: Client<IdentityClient>;
  beforeAll(() => {
    anybody = clientWith(sandbox.networkEnv);
  });

  test("ClientAssertionCredential exchanges an assertion", async () => {
    const { tenantId } = sandbox.context.account;
    const { claims } = await anybody.call(
      "byAssertion",
      vaultScope,
      tenantId,
      orders.clientId,
      await issuer.token(),
    );
    expect(claims.oid).toBe(orders.objectId);
  });

  test("ClientSecretCredential proves an application", async () => {
    const { tenantId } = sandbox.context.account;
    const app = addApplication(sandbox.context, "s3cret", 4_000_000_000);
    const { claims } = await anybody.call("bySecret", vaultScope, tenantId, app.clientId, "s3cret");
    expect(claims).toMatchObject({ oid: app.objectId, appidacr: "1" });
    await expect(anybody.call("bySecret", vaultScope, tenantId, app.clientId, "guess")).rejects.toThrow(
      "AADSTS7000215",
    );
  });

  test("another tenant is not found", async () => {
    const tenantId = "11111111-2222-3333-4444-555555555555";
    await expect(anybody.call("bySecret", vaultScope, tenantId, orders.clientId, "x")).rejects.toThrow(
      /endpoints_resolution_error|AADSTS90002/,
    );
  });
});
