import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Client, startClient, startTestSandbox, type TestSandbox } from "../harness";

type IdentityClient = typeof import("./identity-client");
let sandbox: TestSandbox;
let deployer: Client<IdentityClient>;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  deployer = startClient<IdentityClient>(join(__dirname, "identity-client.ts"), sandbox.env);
});
afterAll(async () => {
  deployer.stop();
  await sandbox.stop();
});

test("DefaultAzureCredential is the deployer with nothing but the environment", async () => {
  const { claims } = await deployer.call("defaultToken", "https://management.azure.com/.default");
  expect(claims).toMatchObject({
    aud: "https://management.azure.com",
    appid: sandbox.context.account.deployer.clientId,
    oid: sandbox.context.account.deployer.objectId,
    tid: sandbox.context.account.tenantId,
    idtyp: "app",
  });
});
