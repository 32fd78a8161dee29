import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SqlDatabaseUserInputs } from "../../components/resources/sql-database-user-provider";
import { createUser } from "../../components/resources/sql-database-user-statements";
import { noFaults } from "../../sandbox/core/faults";
import { azureOf } from "../sandbox/data/azure";
import { type Client, startClient, startTestSandbox, type TestSandbox } from "../sandbox/harness";

const server = "sql-shop.database.windows.net";
const serverPath = "Microsoft.Sql/servers/sql-shop";

let sandbox: TestSandbox;
let azure: ReturnType<typeof azureOf>;
let client: Client<typeof import("./sql-database-user-client")>;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  azure = azureOf(sandbox);
  azure.put(serverPath, { administrators: { sid: sandbox.context.account.deployer.objectId } });
  azure.put(`${serverPath}/databases/orders`);
  client = startClient(join(__dirname, "sql-database-user-client.ts"), sandbox.env);
});

afterAll(async () => {
  client?.stop();
  await sandbox?.stop();
});

const inputsFor = (
  identity: { clientId: string },
  userName: string,
  roles: string[],
  databaseName = "orders",
) =>
  ({
    server,
    databaseName,
    userName,
    sidGuid: identity.clientId,
    userType: "E",
    roles,
  }) as SqlDatabaseUserInputs;
const run = (sql: string, databaseName = "orders") => client.call("query", server, databaseName, sql);
const tokenOf = (identity: ReturnType<typeof azure.identity>) =>
  azure.token(identity, "https://database.windows.net/");
const login = async (identity: ReturnType<typeof azure.identity>, databaseName = "orders") =>
  client.call("touch", server, databaseName, await tokenOf(identity));
const rolesOf = async (inputs: SqlDatabaseUserInputs) =>
  ((await client.call("read", inputs)) as { props: SqlDatabaseUserInputs }).props.roles;

describe("a contained user", () => {
  it("is made with the client id as its SID, and logs in", async () => {
    const identity = azure.identity("made");
    await expect(login(identity)).rejects.toMatchObject({
      name: "LinkFailure",
      message: "the database has no user whose SID is the identity's client id",
    });
    const inputs = inputsFor(identity, "made", ["db_datareader", "db_datawriter"]);
    const { id, outs } = await client.call("create", inputs);
    expect(id).toBe(`${server}/orders/${identity.clientId}`);
    expect(outs).toEqual(inputs);
    expect(await login(identity)).toBe(true);
    expect(await rolesOf(inputs)).toEqual(["db_datareader", "db_datawriter"]);
  });

  it.each([
    ["brackets", "a]b[c]]; DROP TABLE x--"],
    ["quotes", `it's "quoted"`],
    ["the longest name", "n".repeat(128)],
    ["letters beyond ASCII", "Grüße-✓"],
  ])("may be called anything: %s", async (_what, userName) => {
    const identity = azure.identity(`odd-${userName.length}`);
    await client.call("create", inputsFor(identity, userName, ["db_datareader"]));
    expect(await run("SELECT name FROM sys.database_principals")).toContainEqual({ name: userName });
    await client.call("remove", inputsFor(identity, userName, []));
    expect(await run("SELECT name FROM sys.database_principals")).not.toContainEqual({ name: userName });
  });

  it("gets and loses roles", async () => {
    const before = inputsFor(azure.identity("changes"), "changes", ["db_datareader"]);
    await client.call("create", before);
    const after = { ...before, roles: ["db_ddladmin", "db_datawriter"] };
    await client.call("update", before, after);
    expect(await rolesOf(before)).toEqual(["db_datawriter", "db_ddladmin"]);
  });

  it("is taken over by its SID, whatever it is called, and keeps no role that was not asked for", async () => {
    const identity = azure.identity("adopted");
    await run(createUser("older name", identity.clientId, "E"));
    await run("ALTER ROLE db_owner ADD MEMBER [older name]");
    const inputs = inputsFor(identity, "adopted", ["db_datareader"]);
    await client.call("create", inputs);
    expect(await rolesOf(inputs)).toEqual(["db_datareader"]);
    const names = await run("SELECT name FROM sys.database_principals");
    expect(names).toContainEqual({ name: "older name" });
    expect(names).not.toContainEqual({ name: "adopted" });
    await client.call("remove", inputs);
    expect(await run("SELECT name FROM sys.database_principals")).not.toContainEqual({ name: "older name" });
  });

  it("is refused where one of its name is somebody else, and both are shown", async () => {
    const [first, second] = [azure.identity("first"), azure.identity("second")];
    await client.call("create", inputsFor(first, "same-name", ["db_datareader"]));
    const failure = await client
      .call("create", inputsFor(second, "same-name", ["db_datareader"]))
      .catch((error: Error) => error.message);
    expect(failure).toContain(`database orders on ${server} has a user 'same-name' already`);
    expect(failure).toContain(`its SID is that of ${first.clientId}`);
    expect(failure).toContain(`the SID of this one would be that of ${second.clientId}`);
    await expect(login(second)).rejects.toThrow();
    expect(await login(first)).toBe(true);
  });

  it("that somebody dropped is found to be gone, and made again by an update", async () => {
    const inputs = inputsFor(azure.identity("dropped"), "dropped", ["db_datareader"]);
    await client.call("create", inputs);
    await run("DROP USER [dropped]");
    expect(await client.call("read", inputs)).toMatchObject({ id: "" });
    await client.call("remove", inputs);
    await client.call("update", inputs, inputs);
    expect(await rolesOf(inputs)).toEqual(["db_datareader"]);
  });

  it("that lost a role is found to have lost it", async () => {
    const inputs = inputsFor(azure.identity("drifted"), "drifted", ["db_datareader"]);
    await client.call("create", inputs);
    await run("ALTER ROLE db_datareader DROP MEMBER [drifted]");
    expect(await rolesOf(inputs)).toEqual([]);
  });

  it("is gone with its database, and with its server", async () => {
    const inputs = inputsFor(azure.identity("passing"), "passing", ["db_datareader"], "passing");
    const id = azure.put(`${serverPath}/databases/passing`);
    await client.call("create", inputs);
    azure.remove(id);
    expect(await client.call("read", inputs)).toMatchObject({ id: "" });
    await client.call("remove", inputs);
    const elsewhere = { ...inputs, server: "sql-gone.database.windows.net" };
    expect(await client.call("read", elsewhere)).toMatchObject({ id: "" });
    await client.call("remove", elsewhere);
  });
});

describe("while it may pass", () => {
  it("waits for a database that is not there yet", async () => {
    const inputs = inputsFor(azure.identity("early"), "early", ["db_datareader"], "late");
    const created = client.call("create", inputs);
    setTimeout(() => azure.put(`${serverPath}/databases/late`), 1500);
    expect((await created).outs).toEqual(inputs);
    expect(await rolesOf(inputs)).toEqual(["db_datareader"]);
  });

  it("waits for the administrator to be one", async () => {
    azure.put("Microsoft.Sql/servers/sql-fresh", {
      administrators: { sid: azure.identity("other").objectId },
    });
    azure.put("Microsoft.Sql/servers/sql-fresh/databases/orders");
    const fresh = "sql-fresh.database.windows.net";
    const inputs = { ...inputsFor(azure.identity("fresh"), "fresh", ["db_datareader"]), server: fresh };
    const created = client.call("create", inputs);
    setTimeout(
      () =>
        azure.put("Microsoft.Sql/servers/sql-fresh/administrators/ActiveDirectory", {
          sid: sandbox.context.account.deployer.objectId,
        }),
      1500,
    );
    expect((await created).outs).toEqual(inputs);
  });

  it("rides out a service that drops and throttles", async () => {
    const shaky = await startTestSandbox({
      faults: { ...noFaults, seed: 7, throttleRate: 0.2, serverErrorRate: 0.15, resetRate: 0.15 },
    });
    const shakyAzure = azureOf(shaky);
    shakyAzure.put(serverPath, { administrators: { sid: shaky.context.account.deployer.objectId } });
    shakyAzure.put(`${serverPath}/databases/orders`);
    const shakyClient = startClient<typeof import("./sql-database-user-client")>(
      join(__dirname, "sql-database-user-client.ts"),
      shaky.env,
    );
    try {
      for (let number = 1; number <= 10; number++) {
        const inputs = inputsFor(shakyAzure.identity(`u${number}`), `u${number}`, ["db_datareader"]);
        expect((await shakyClient.call("create", inputs)).outs).toEqual(inputs);
      }
    } finally {
      shakyClient.stop();
      await shaky.stop();
    }
  });
});

describe("a database that keeps this machine out", () => {
  it("says so when a user is to be made there, and cannot be touched", async () => {
    azure.put("Microsoft.Sql/servers/sql-closed", { publicNetworkAccess: "Disabled" });
    const closed = "sql-closed.database.windows.net";
    const identity = azure.identity("outside");
    const inputs = { ...inputsFor(identity, "outside", ["db_datareader"]), server: closed };
    await expect(client.call("create", inputs)).rejects.toThrow(
      /^database orders on sql-closed\..*error 47073: .* Let the address of whoever runs the program in through 'network'\.$/,
    );
    expect(await client.call("touch", closed, "orders", await tokenOf(identity))).toBe(false);
  });
});
