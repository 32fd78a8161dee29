import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestSandbox, type TestSandbox } from "../harness";
import { type Sdk, startSdk } from "./arm-fixture";

let sandbox: TestSandbox;
let sdk: Sdk;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  sdk = startSdk(sandbox);
  await sdk.run("resources", "resourceGroups.createOrUpdate", "shop", { location: "westeurope" });
  await sdk.run("resources", "resourceGroups.createOrUpdate", "other", { location: "westeurope" });
});
afterAll(async () => {
  sdk.stop();
  await sandbox.stop();
});

const administrators = () => ({
  administratorType: "ActiveDirectory",
  principalType: "Application",
  login: "deployer",
  sid: sandbox.context.account.deployer.objectId,
  tenantId: sandbox.context.account.tenantId,
  azureADOnlyAuthentication: true,
});
const put = (
  name: string,
  more: Record<string, unknown> = { administrators: administrators() },
  group = "shop",
) => ["sql", "servers.createOrUpdate", group, name, { location: "westeurope", ...more }] as const;

describe("a server with Entra logins only", () => {
  test("has an administrator, and a login that nobody knows the password of", async () => {
    const created = await sdk.run(...put("shop-sql"));
    expect(created).toMatchObject({
      name: "shop-sql",
      kind: "v12.0",
      state: "Ready",
      version: "12.0",
      administratorLogin: expect.stringMatching(/^CloudSA[0-9a-f]{8}$/),
      fullyQualifiedDomainName: "shop-sql.database.windows.net",
      publicNetworkAccess: "Enabled",
      minimalTlsVersion: "1.2",
      administrators: administrators(),
    });
    expect(await sdk.run(...put("shop-sql"))).toEqual(created);
    expect(
      await sdk.run("sql", "serverAzureADAdministrators.get", "shop", "shop-sql", "ActiveDirectory"),
    ).toMatchObject({
      name: "ActiveDirectory",
      login: "deployer",
      sid: sandbox.context.account.deployer.objectId,
      azureADOnlyAuthentication: true,
    });
    expect(
      await sdk.run("sql", "serverAzureADOnlyAuthentications.get", "shop", "shop-sql", "Default"),
    ).toMatchObject({ azureADOnlyAuthentication: true });
    expect(await sdk.run("sql", "servers.listByResourceGroup", "shop")).toContainEqual(created);
    const updated = await sdk.run("sql", "servers.update", "shop", "shop-sql", {
      publicNetworkAccess: "Disabled",
      tags: { a: "b" },
    });
    expect(updated).toMatchObject({ publicNetworkAccess: "Disabled", administrators: administrators() });
  });

  test("changes its administrator through the child", async () => {
    await sdk.run(...put("admin-sql"));
    const sid = "11111111-2222-3333-4444-555555555555";
    await sdk.run(
      "sql",
      "serverAzureADAdministrators.createOrUpdate",
      "shop",
      "admin-sql",
      "ActiveDirectory",
      { administratorType: "ActiveDirectory", login: "group", sid },
    );
    expect((await sdk.run("sql", "servers.get", "shop", "admin-sql")).administrators).toMatchObject({
      login: "group",
      sid,
      azureADOnlyAuthentication: true,
    });
    expect(
      await sdk.fail("sql", "serverAzureADAdministrators.delete", "shop", "admin-sql", "ActiveDirectory"),
    ).toMatchObject({ status: 409 });
    await sdk.run("sql", "serverAzureADOnlyAuthentications.createOrUpdate", "shop", "admin-sql", "Default", {
      azureADOnlyAuthentication: false,
    });
    expect((await sdk.run("sql", "servers.get", "shop", "admin-sql")).administrators).toMatchObject({
      sid,
      azureADOnlyAuthentication: false,
    });
    await sdk.run("sql", "serverAzureADAdministrators.delete", "shop", "admin-sql", "ActiveDirectory");
    expect((await sdk.run("sql", "servers.get", "shop", "admin-sql")).administrators).toBeUndefined();
    expect(
      await sdk.fail(
        "sql",
        "serverAzureADOnlyAuthentications.createOrUpdate",
        "shop",
        "admin-sql",
        "Default",
        { azureADOnlyAuthentication: true },
      ),
    ).toMatchObject({ status: 400 });
  });
});

describe("a server with a password", () => {
  test("never shows it", async () => {
    const created = await sdk.run(
      ...put("pass-sql", { administratorLogin: "root1", administratorLoginPassword: "P4ss-word!" }),
    );
    expect(created).toMatchObject({ administratorLogin: "root1" });
    expect(JSON.stringify(created)).not.toContain("P4ss-word!");
    expect(await sdk.fail(...put("pass-sql", { administratorLogin: "root2" }))).toMatchObject({
      status: 400,
      code: "InvalidParameterValue",
    });
  });

  test.each([
    ["Login", {}],
    ["Password", { administratorLogin: "root1" }],
  ])("needs a %s", async (name, more) => {
    expect(await sdk.fail(...put("bad-sql", more))).toEqual({
      status: 400,
      code: "InvalidParameterValue",
      message: `Invalid value given for parameter ${name}. Specify a valid parameter value.`,
    });
  });
});

describe("a server's name", () => {
  test.each(["Upper", "-abc", "abc-", "a_b", "x".repeat(64)])("is not %s", async (name) => {
    expect(await sdk.fail(...put(name))).toMatchObject({ status: 400, code: "InvalidServerName" });
  });

  test("is nobody else's", async () => {
    await sdk.run(...put("taken-sql"));
    expect(await sdk.fail(...put("taken-sql", undefined, "other"))).toMatchObject({
      status: 409,
      code: "NameAlreadyExists",
    });
    const check = (name: string) =>
      sdk.run("sql", "servers.checkNameAvailability", { name, type: "Microsoft.Sql/servers" });
    expect(await check("taken-sql")).toMatchObject({ available: false, reason: "AlreadyExists" });
    expect(await check("free-sql")).toMatchObject({ available: true });
  });
});

describe("databases and firewall rules", () => {
  beforeAll(() => sdk.run(...put("data-sql")));

  test("are created, listed beside master, changed and deleted", async () => {
    const created = await sdk.run("sql", "databases.createOrUpdate", "shop", "data-sql", "orders", {
      location: "westeurope",
    });
    expect(created).toMatchObject({
      name: "orders",
      status: "Online",
      collation: "SQL_Latin1_General_CP1_CI_AS",
      sku: { name: "GP_Gen5", tier: "GeneralPurpose", family: "Gen5", capacity: 2 },
      kind: "v12.0,user,vcore",
      databaseId: expect.any(String),
    });
    const listed = await sdk.run("sql", "databases.listByServer", "shop", "data-sql");
    expect(listed.map((each: { name: string }) => each.name)).toEqual(["master", "orders"]);
    const scaled = await sdk.run("sql", "databases.createOrUpdate", "shop", "data-sql", "orders", {
      location: "westeurope",
      sku: { name: "GP_S_Gen5_1" },
    });
    expect(scaled).toMatchObject({
      databaseId: created.databaseId,
      sku: { name: "GP_S_Gen5", capacity: 1 },
      autoPauseDelay: 60,
    });
    await sdk.run("sql", "databases.delete", "shop", "data-sql", "orders");
    expect(await sdk.fail("sql", "databases.get", "shop", "data-sql", "orders")).toMatchObject({
      status: 404,
    });
    expect(await sdk.fail("sql", "databases.delete", "shop", "data-sql", "master")).toMatchObject({
      status: 400,
    });
  });

  test("with an unknown SKU are refused", async () => {
    const database = { location: "westeurope", sku: { name: "Huge" } };
    expect(
      await sdk.fail("sql", "databases.createOrUpdate", "shop", "data-sql", "huge", database),
    ).toMatchObject({ status: 400, code: "InvalidSkuName" });
  });

  test("need a server", async () => {
    expect(
      await sdk.fail("sql", "databases.createOrUpdate", "shop", "no-sql", "orders", {
        location: "westeurope",
      }),
    ).toMatchObject({
      status: 404,
      code: "ParentResourceNotFound",
    });
  });

  test("rules have two addresses in order", async () => {
    const rule = (startIpAddress: string, endIpAddress: string) =>
      [
        "sql",
        "firewallRules.createOrUpdate",
        "shop",
        "data-sql",
        "office",
        { startIpAddress, endIpAddress },
      ] as const;
    expect(await sdk.run(...rule("10.0.0.1", "10.0.0.9"))).toMatchObject({ startIpAddress: "10.0.0.1" });
    expect(await sdk.fail(...rule("10.0.0.9", "10.0.0.1"))).toMatchObject({ status: 400 });
    expect(await sdk.fail(...rule("everywhere", "10.0.0.1"))).toMatchObject({
      status: 400,
      code: "InvalidParameterValue",
    });
    expect(await sdk.run("sql", "firewallRules.listByServer", "shop", "data-sql")).toHaveLength(1);
    await sdk.run("sql", "firewallRules.delete", "shop", "data-sql", "office");
    expect(await sdk.run("sql", "firewallRules.listByServer", "shop", "data-sql")).toEqual([]);
  });

  test("go with their server, whose name is free again", async () => {
    await sdk.run(...put("passing-sql"));
    await sdk.run("sql", "databases.createOrUpdate", "shop", "passing-sql", "orders", {
      location: "westeurope",
    });
    await sdk.run("sql", "servers.delete", "shop", "passing-sql");
    expect(await sdk.fail("sql", "databases.get", "shop", "passing-sql", "orders")).toMatchObject({
      status: 404,
    });
    await sdk.run(...put("passing-sql", undefined, "other"));
  });
});
