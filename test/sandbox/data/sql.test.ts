import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Client, startClient, startTestSandbox, type TestSandbox } from "../harness";
import { azureOf } from "./azure";
import { guidToSid } from "./sql-sid";

const audience = "https://database.windows.net/";
const server = "sql-shop";

let sandbox: TestSandbox;
let azure: ReturnType<typeof azureOf>;
let client: Client<typeof import("./sql-client")>;
let serverPath: string;
let administrator: ReturnType<typeof azure.identity>;
let dbo: number;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  azure = azureOf(sandbox);
  administrator = azure.identity("administrator");
  serverPath = `Microsoft.Sql/servers/${server}`;
  azure.put(serverPath);
  azure.put(`${serverPath}/administrators/ActiveDirectory`, {
    administratorType: "ActiveDirectory",
    sid: administrator.objectId,
  });
  azure.put(`${serverPath}/databases/orders`);
  client = startClient(join(__dirname, "sql-client.ts"), sandbox.networkEnv);
  dbo = await client.call("open", await loginOf(administrator));
});

afterAll(async () => {
  client?.stop();
  await sandbox?.stop();
});

const loginOf = async (identity: typeof administrator, database = "orders") => ({
  server,
  database,
  token: await azure.token(identity, audience),
});
const run = (sql: string, connection = dbo) => client.call("query", connection, sql);
const failed = { code: "18456", message: "Login failed for user '<token-identified principal>'." };

/** A user for a fresh identity, and a connection as it. */
async function userWith(name: string, ...roles: string[]) {
  const identity = azure.identity(name);
  await run(`CREATE USER [${name}] WITH SID = ${guidToSid(identity.clientId)}, TYPE = E`);
  for (const role of roles) await run(`ALTER ROLE ${role} ADD MEMBER [${name}]`);
  return { identity, connection: await client.call("open", await loginOf(identity)) };
}

describe.each([
  ["TDS 8, TLS outermost", true],
  ["TDS 7.4, TLS within", false],
])("%s", (_name, strict) => {
  it("lets the Entra administrator in as dbo", async () => {
    const connection = await client.call("open", { ...(await loginOf(administrator)), strict });
    const { rows } = await run(
      "SELECT SUSER_SNAME() AS login, ORIGINAL_LOGIN() AS original, USER_NAME() AS name, DB_NAME() AS db, IS_MEMBER('db_owner') AS owner",
      connection,
    );
    const login = `${administrator.clientId}@${sandbox.context.account.tenantId}`;
    expect(rows).toEqual([{ login, original: login, name: "dbo", db: "orders", owner: 1 }]);
    await client.call("close", connection);
  });

  it("carries values there and back", async () => {
    const connection = await client.call("open", { ...(await loginOf(administrator)), strict });
    expect(await client.call("roundTrip", connection)).toEqual({
      text: "grüße ✓",
      long: "x".repeat(70_000),
      narrow: "plain",
      int: -7,
      tiny: 200,
      small: -300,
      big: "9007199254740993",
      bit: true,
      float: 2.5,
      guid: "00112233-4455-6677-8899-AABBCCDDEEFF",
      bytes: "00ff10",
      time: "2026-11-21T10:20:30.123Z",
      nothing: null,
    });
    await client.call("reset", connection);
    expect((await run("SELECT 1 AS one", connection)).rows).toEqual([{ one: 1 }]);
  });

  it("refuses an identity without a user, or whose user has the wrong SID", async () => {
    const identity = azure.identity("stranger");
    const login = { ...(await loginOf(identity)), strict };
    await expect(client.call("open", login)).rejects.toMatchObject(failed);
    const name = `wrong-${strict}`;
    await run(`CREATE USER [${name}] WITH SID = ${guidToSid(identity.objectId)}, TYPE = E`);
    await expect(client.call("open", login)).rejects.toMatchObject(failed);
    await run(`DROP USER [${name}]`);
    await run(`CREATE USER [${name}] WITH SID = ${guidToSid(identity.clientId)}, TYPE = E`);
    const connection = await client.call("open", login);
    expect((await run("SELECT USER_NAME() AS name", connection)).rows).toEqual([{ name }]);
    await run(`DROP USER [${name}]`);
    await expect(client.call("open", login)).rejects.toMatchObject(failed);
  });
});

describe("logins", () => {
  it("finds the administrator by its client id as well", async () => {
    const other = azure.identity("other-administrator");
    azure.put("Microsoft.Sql/servers/sql-other", { administrators: { sid: other.clientId } });
    const login = { ...(await loginOf(other, "master")), server: "sql-other" };
    const connection = await client.call("open", login);
    expect((await run("SELECT DB_NAME() AS db", connection)).rows).toEqual([{ db: "master" }]);
    await expect(
      client.call("open", { ...(await loginOf(administrator, "master")), server: "sql-other" }),
    ).rejects.toMatchObject(failed);
  });

  it.each([
    [
      "of another service",
      "Incorrect or invalid token.",
      () => azure.token(administrator, "https://vault.azure.net"),
    ],
    ["that has expired", "Token is expired.", () => azure.token(administrator, audience, -10)],
    ["that is none", "Incorrect or invalid token.", async () => "nonsense"],
    ["that is empty", "Incorrect or invalid token.", async () => ""],
  ])("refuses a token %s", async (_what, reason, make) => {
    const login = { server, database: "orders", token: await make() };
    await expect(client.call("open", login)).rejects.toMatchObject({
      code: "18456",
      message: expect.stringContaining(reason),
    });
  });

  it("refuses a password", async () => {
    const login = { server, database: "orders", password: { userName: "sa", password: "Passw0rd!" } };
    await expect(client.call("open", login)).rejects.toMatchObject({
      code: "18456",
      message: expect.stringMatching(
        /^Login failed for user 'sa'\. Reason: Azure Active Directory only authentication/,
      ),
    });
  });

  it("names a database or a server that is not there", async () => {
    await expect(client.call("open", await loginOf(administrator, "absent"))).rejects.toMatchObject({
      code: "4060",
      message: 'Cannot open database "absent" requested by the login. The login failed.',
    });
    const elsewhere = { ...(await loginOf(administrator)), server: "sql-absent" };
    await expect(client.call("open", elsewhere)).rejects.toMatchObject({ code: "40532" });
  });

  it("keeps a server without public access shut", async () => {
    azure.put("Microsoft.Sql/servers/sql-closed", { publicNetworkAccess: "Disabled" });
    const login = { ...(await loginOf(administrator)), server: "sql-closed" };
    await expect(client.call("open", login)).rejects.toMatchObject({ code: "47073" });
  });

  it("forgets a database's users with the database", async () => {
    const id = azure.put(`${serverPath}/databases/passing`);
    const owner = await client.call("open", await loginOf(administrator, "passing"));
    const identity = azure.identity("passing");
    await run(`CREATE USER [passing] WITH SID = ${guidToSid(identity.clientId)}, TYPE = E`, owner);
    await client.call("close", await client.call("open", await loginOf(identity, "passing")));
    azure.remove(id);
    azure.put(`${serverPath}/databases/passing`);
    await expect(client.call("open", await loginOf(identity, "passing"))).rejects.toMatchObject(failed);
  });
});

describe("permissions", () => {
  beforeAll(async () => {
    await run("CREATE TABLE dbo.items (id int IDENTITY PRIMARY KEY, name nvarchar(50) NOT NULL)");
    await run("INSERT INTO dbo.items (name) VALUES (N'one'), (N'two')");
  });

  const refused = (permission: string) => ({
    code: "229",
    message: `The ${permission} permission was denied on the object 'items', database 'orders', schema 'dbo'.`,
  });

  it("gives a user without roles nothing", async () => {
    const { connection } = await userWith("nobody");
    await expect(run("SELECT * FROM items", connection)).rejects.toMatchObject(refused("SELECT"));
    await expect(run("DELETE FROM items", connection)).rejects.toMatchObject(refused("DELETE"));
    await expect(run("CREATE TABLE mine (id int)", connection)).rejects.toMatchObject({
      code: "262",
      message: "CREATE TABLE permission denied in database 'orders'.",
    });
    await expect(run("DROP TABLE items", connection)).rejects.toMatchObject({ code: "3701" });
    const user = `CREATE USER [x] WITH SID = ${guidToSid(administrator.objectId)}, TYPE = E`;
    await expect(run(user, connection)).rejects.toMatchObject({ code: "15247" });
    await expect(run("ALTER ROLE db_owner ADD MEMBER [nobody]", connection)).rejects.toMatchObject({
      code: "15151",
    });
    await expect(run("GRANT SELECT TO [nobody]", connection)).rejects.toMatchObject({ code: "4613" });
    await expect(run("DROP USER [nobody]", connection)).rejects.toMatchObject({ code: "15151" });
  });

  it("reads with db_datareader and writes with db_datawriter", async () => {
    const { connection: reader } = await userWith("reads", "db_datareader");
    const { connection: writer } = await userWith("writes", "db_datawriter");
    expect((await run("SELECT name FROM items ORDER BY id", reader)).rows).toEqual([
      { name: "one" },
      { name: "two" },
    ]);
    await expect(run("INSERT INTO items (name) VALUES ('x')", reader)).rejects.toMatchObject(
      refused("INSERT"),
    );
    await expect(run("UPDATE items SET name = 'x'", reader)).rejects.toMatchObject(refused("UPDATE"));
    expect((await run("INSERT INTO items (name) VALUES ('three')", writer)).rowCount).toBe(1);
    await expect(run("SELECT * FROM items", writer)).rejects.toMatchObject(refused("SELECT"));
    // A condition reads, so it needs SELECT beside DELETE.
    await expect(run("DELETE FROM items WHERE name = 'three'", writer)).rejects.toMatchObject(
      refused("SELECT"),
    );
    await run("DELETE FROM items WHERE name = 'three'");
  });

  it("changes with the roles while a connection is open", async () => {
    const { connection } = await userWith("changes", "db_datareader");
    expect((await run("SELECT COUNT(*) AS n FROM items", connection)).rows).toEqual([{ n: 2 }]);
    await run("ALTER ROLE db_datareader DROP MEMBER [changes]");
    await expect(run("SELECT * FROM items", connection)).rejects.toMatchObject(refused("SELECT"));
    await run("GRANT SELECT ON dbo.items TO [changes]");
    expect((await run("SELECT COUNT(*) AS n FROM items", connection)).rows).toEqual([{ n: 2 }]);
    await run("DENY SELECT TO [changes]");
    await expect(run("SELECT * FROM items", connection)).rejects.toMatchObject(refused("SELECT"));
    await run("REVOKE SELECT FROM [changes]");
    await run("DROP USER [changes]");
    await expect(run("SELECT * FROM items", connection)).rejects.toMatchObject(refused("SELECT"));
  });

  it("does not give an open connection what a later user of the same name has", async () => {
    const { connection } = await userWith("namesake", "db_datareader");
    await run("DROP USER [namesake]");
    await run(
      `CREATE USER [namesake] WITH SID = ${guidToSid(azure.identity("namesake").clientId)}, TYPE = E`,
    );
    await run("ALTER ROLE db_owner ADD MEMBER [namesake]");
    await expect(run("SELECT * FROM items", connection)).rejects.toMatchObject(refused("SELECT"));
    await expect(run("DROP USER [namesake]", connection)).rejects.toMatchObject({ code: "15151" });
  });

  it("lets db_ddladmin make tables, db_accessadmin users, and db_owner everything", async () => {
    const { connection: ddl } = await userWith("ddl", "db_ddladmin");
    await run("CREATE TABLE made (id int)", ddl);
    await run("DROP TABLE made", ddl);
    const { connection: access } = await userWith("access", "db_accessadmin");
    await run(
      `CREATE USER [made] WITH SID = ${guidToSid(azure.identity("made").clientId)}, TYPE = E`,
      access,
    );
    await expect(run("ALTER ROLE db_owner ADD MEMBER [made]", access)).rejects.toMatchObject({
      code: "15151",
    });
    const { connection: owner } = await userWith("owner", "db_owner");
    await run("ALTER ROLE db_datareader ADD MEMBER [made]", owner);
    await run("DROP USER [made]", owner);
  });

  it("works through roles of one's own, and shows grants in the catalog", async () => {
    await run("CREATE ROLE clerks");
    await run("GRANT SELECT, INSERT ON SCHEMA::dbo TO clerks; GRANT EXECUTE TO clerks");
    const { connection } = await userWith("clerk", "clerks");
    expect((await run("SELECT COUNT(*) AS n FROM items", connection)).rows).toEqual([{ n: 2 }]);
    const permission = "SELECT HAS_PERMS_BY_NAME(NULL, 'DATABASE', 'EXECUTE') AS may";
    expect((await run(permission, connection)).rows).toEqual([{ may: 1 }]);
    const { rows } = await run(
      "SELECT p.permission_name, p.state_desc FROM sys.database_permissions p JOIN sys.database_principals g ON g.principal_id = p.grantee_principal_id WHERE g.name = 'clerks' ORDER BY p.permission_name",
    );
    expect(rows.map(({ permission_name }) => permission_name)).toEqual(["EXECUTE", "INSERT", "SELECT"]);
    await expect(run("DROP ROLE clerks")).rejects.toMatchObject({ code: "15144" });
  });

  it("shows a user itself, and not the others", async () => {
    const { connection } = await userWith("alone");
    const { rows } = await run("SELECT name FROM sys.database_principals WHERE type = 'E'", connection);
    expect(rows).toEqual([{ name: "alone" }]);
  });
});

describe("users", () => {
  it.each([
    ["CREATE USER [twice] WITH SID = 0x00112233445566778899AABBCCDDEEFF, TYPE = E", "15023"],
    ["CREATE USER [same-sid] WITH SID = 0x000102030405060708090A0B0C0D0E0F, TYPE = E", "33131"],
    ["CREATE USER [short] WITH SID = 0x0011, TYPE = E", "15419"],
    ["CREATE USER [dbo] WITH SID = 0x00112233445566778899AABBCCDDEEFF, TYPE = E", "15023"],
    ["CREATE USER [db_owner] WITH SID = 0x00112233445566778899AABBCCDDEEFF, TYPE = E", "15023"],
    ["CREATE USER [x] FROM EXTERNAL PROVIDER", "33134"],
    ["CREATE USER [x] WITH PASSWORD = 'Passw0rd!'", "40514"],
    ["DROP USER [absent]", "15151"],
    ["DROP USER [dbo]", "15151"],
    ["ALTER ROLE absent ADD MEMBER [twice]", "15151"],
    ["ALTER ROLE db_datareader ADD MEMBER [absent]", "15151"],
    ["ALTER ROLE db_datareader ADD MEMBER [dbo]", "15151"],
    ["GRANT SELECT TO [absent]", "15151"],
    ["GRANT SELECT TO [dbo]", "4617"],
  ])("%s: %s", async (sql, code) => {
    await run("DROP USER IF EXISTS [twice]");
    await run("CREATE USER [twice] WITH SID = 0x000102030405060708090A0B0C0D0E0F, TYPE = E");
    await expect(run(sql)).rejects.toMatchObject({ code });
  });

  it("may have any name, quoted", async () => {
    const name = "we]ird ';-- [name]";
    await run(
      `CREATE USER [${name.replaceAll("]", "]]")}] WITH SID = 0x0F0E0D0C0B0A09080706050403020100, TYPE = E`,
    );
    const { rows } = await client.call(
      "query",
      dbo,
      "SELECT name, CONVERT(varchar(34), sid, 1) AS sid FROM sys.database_principals WHERE name = @name",
      { name },
    );
    expect(rows).toEqual([{ name, sid: "0x0F0E0D0C0B0A09080706050403020100" }]);
    await run(`DROP USER IF EXISTS [${name.replaceAll("]", "]]")}]`);
  });

  it("are made by statements that are put together", async () => {
    const identity = azure.identity("composed");
    const sql = `
      DECLARE @sql nvarchar(max);
      IF NOT EXISTS (SELECT 1 FROM sys.database_principals WHERE name = @name)
      BEGIN
        SET @sql = N'CREATE USER ' + QUOTENAME(@name) + N' WITH SID = '
          + CONVERT(varchar(64), CAST(CAST(@id AS uniqueidentifier) AS varbinary(16)), 1) + N', TYPE = E';
        EXEC (@sql);
      END`;
    for (const _again of [1, 2])
      await client.call("query", dbo, sql, { name: "composed", id: identity.clientId });
    await client.call("open", await loginOf(identity));
  });
});

describe("requests", () => {
  it("answers every statement of a batch", async () => {
    const { rows } = await client.call("batch", dbo, "SELECT 1 AS a;\nPRINT 'x'\nSELECT 2 AS b");
    expect(rows).toEqual([{ a: 1 }, { b: 2 }]);
  });

  it("names what it does not have, and goes on", async () => {
    const refusals: [string, string][] = [
      ["MERGE INTO a USING b ON 1 = 1", "'MERGE INTO' is not supported"],
      ["SELECT name, COUNT(*) FROM items GROUP BY name", "'SELECT … GROUP' is not supported"],
      ["SELECT SOUNDEX('x')", "'function SOUNDEX' is not supported"],
      ["SELECT * FROM sys.dm_exec_sessions", "'sys.dm_exec_sessions' is not supported"],
    ];
    for (const [sql, message] of refusals) {
      await expect(run(sql)).rejects.toMatchObject({
        code: "40514",
        message: expect.stringContaining(message),
      });
    }
    await expect(client.call("call", dbo, "sp_who")).rejects.toMatchObject({ code: "2812" });
    await expect(client.call("transaction", dbo)).rejects.toMatchObject({
      message: expect.stringContaining("'transactions' is not supported"),
    });
    expect((await run("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  });
});
