import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  ArgumentError,
  Cluster,
  grantAccess,
  KeyVault,
  ResourceGroup,
  SqlServer,
  UserAssignedIdentity,
  WorkloadIdentity,
} from "../../components";
import { isExempt, proxyFor } from "../../components/dynamic/proxy-tunnel";
import { sqlDatabaseUser } from "../../components/resources/sql-database-user-provider";
import {
  changeRoles,
  createUser,
  dropUser,
  guidOf,
  quoteName,
  sidOf,
} from "../../components/resources/sql-database-user-statements";
import { find, type Registered, register } from "./mocks";

const userType = "pulumi-nodejs:dynamic/azure-keyless:SqlDatabaseUser";
const administrator = { login: "dba", objectId: "group-id", principalType: "Group" as const };

const shopOf = (resourceGroup: ResourceGroup) =>
  new SqlServer("shop", {
    resourceGroup,
    administrator,
    databases: { orders: {}, stock: {} },
    network: { allowedIpRanges: ["203.0.113.0/24"] },
  });
const users = (registered: Registered[]) => registered.filter(({ type }) => type === userType);

describe("permissions on a database", () => {
  it.each([
    ["readData", "shop-orders-data-read", ["db_datareader"]],
    ["writeData", "shop-orders-data-write", ["db_datareader", "db_datawriter"]],
    ["alterSchema", "shop-orders-schema-alter", ["db_ddladmin"]],
  ] as const)("%s is %s through %j, and no role assignment", async (method, name, roles) => {
    const registered = await register(() => {
      const resourceGroup = new ResourceGroup("shop");
      const permission = shopOf(resourceGroup).database("orders")[method]();
      expect(permission).toMatchObject({ name, databaseRoles: roles });
      new WorkloadIdentity("orders", {
        resourceGroup,
        cluster: new Cluster("main", { resourceGroup }),
        namespace: "shop",
        access: [permission],
      });
    });
    const { __provider: code, ...user } = find(registered, userType, "orders-shop-orders-user");
    expect(user).toEqual({
      server: expect.stringMatching(/^sql-shop-test-[a-z2-7]{6}\.database\.windows\.net$/),
      databaseName: "orders",
      userName: "id-orders-test",
      sidGuid: "client-id-orders-test",
      userType: "E",
      roles: [...roles],
    });
    expect(code).toMatch(/\("azure-keyless\/dynamic"\)\.sqlDatabaseUser;$/);
    const assignments = registered.filter(({ type }) => type.endsWith(":RoleAssignment"));
    expect(assignments.filter(({ name: assigned }) => assigned.startsWith("orders-"))).toEqual([]);
  });

  it("that one identity holds are one user for each database", async () => {
    const registered = await register(() => {
      const resourceGroup = new ResourceGroup("shop");
      const shop = shopOf(resourceGroup);
      const orders = shop.database("orders");
      new WorkloadIdentity("orders", {
        resourceGroup,
        cluster: new Cluster("main", { resourceGroup }),
        namespace: "shop",
        access: [
          orders.writeData(),
          orders.manage(),
          orders.alterSchema(),
          shop.database("stock").readData(),
          shop.database("orders").readData(),
        ],
      });
    });
    expect(users(registered).map(({ name, inputs }) => [name, inputs.databaseName, inputs.roles])).toEqual([
      ["orders-shop-orders-user", "orders", ["db_datareader", "db_datawriter", "db_ddladmin"]],
      ["orders-shop-stock-user", "stock", ["db_datareader"]],
    ]);
    find(registered, "azure-native:authorization:RoleAssignment", "orders-shop-orders-manage");
  });

  it("are shown to work by a login, which waits for the user", async () => {
    let proof: unknown;
    await register(() => {
      const resourceGroup = new ResourceGroup("shop");
      const identity = new WorkloadIdentity("orders", {
        resourceGroup,
        cluster: new Cluster("main", { resourceGroup }),
        namespace: "shop",
        access: [shopOf(resourceGroup).database("orders").readData()],
      });
      identity.proof.apply((known) => {
        proof = known;
      });
    });
    expect(proof).toMatchObject({
      touches: [
        { kind: "sqlDatabase", server: expect.stringContaining("sql-shop-test"), databaseName: "orders" },
      ],
      waitsFor: ["orders-shop-orders-user", expect.anything()],
    });
  });

  it("cannot be given to one identity in two places", async () => {
    await register(() => {
      const resourceGroup = new ResourceGroup("shop");
      const shop = shopOf(resourceGroup);
      const principal = new UserAssignedIdentity("both", { resourceGroup });
      const give = (name: string, database: string) =>
        grantAccess(name, { access: [shop.database(database).readData()], principal, holder: name }, {});
      give("a", "orders");
      give("b", "stock");
      expect(() => give("c", "orders")).toThrow(
        `Access of c: 'database shop/orders' must be given to one identity in one place, where its user gets all of its roles, got ["read data of database orders of SQL server shop"]`,
      );
    });
  });

  it("need an identity's client id and name", async () => {
    await register(() => {
      const access = [
        SqlServer.fromId("shop", "/subscriptions/s/servers/sql-shop").database("orders").readData(),
      ];
      const principal = { principalId: "object", principalType: "ServicePrincipal" as const };
      const give = (more: object) =>
        grantAccess("g", { access, principal: { ...principal, ...more }, holder: "pipeline" }, {});
      expect(() => give({ name: "n" })).toThrow(/^Access of pipeline: 'principal.clientId' must be/);
      expect(() => give({ clientId: "c" })).toThrow(/^Access of pipeline: 'principal.name' must be/);
    });
  });

  it("of another stack's server work the same, and a group is known by its object id", async () => {
    const registered = await register(() => {
      const shop = SqlServer.fromId("shop", "/subscriptions/s/resourceGroups/g/servers/sql-platform");
      const principal = { principalId: "group-object", principalType: "Group" as const, name: "analysts" };
      grantAccess(
        "analysts",
        { access: [shop.database("orders").readData()], principal, holder: "them" },
        {},
      );
    });
    expect(find(registered, userType, "analysts-shop-orders-user")).toMatchObject({
      server: "sql-platform.database.windows.net",
      userName: "analysts",
      sidGuid: "group-object",
      userType: "X",
    });
  });

  it("are for names that a database can have", async () => {
    await register(() => {
      const shop = SqlServer.fromId("shop", "/subscriptions/s/servers/sql-shop");
      expect(() => shop.database("a/b")).toThrow(ArgumentError);
      expect(() => shop.database("a/b")).toThrow(/^SqlServer shop: 'databaseName' must be 1 to 128/);
    });
  });

  it("stay plain data beside those of other services", async () => {
    await register(() => {
      const shop = SqlServer.fromId("shop", "/subscriptions/s/servers/sql-shop");
      const vault = KeyVault.fromId("app", "/subscriptions/s/vaults/kv");
      for (const permission of [shop.database("orders").readData(), vault.readSecrets()]) {
        expect(Object.getPrototypeOf(permission)).toBe(Object.prototype);
        expect(permission).not.toHaveProperty("database.resources");
      }
    });
  });
});

describe("statements", () => {
  it("quote every name so that it ends where it should", () => {
    const piece = fc.constantFrom("[", "]", "]]", "'", '"', ";", "--", "/*", " ", "\n", "a", "é", "𝒳");
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 60 }), (pieces) => {
        const name = pieces.join("");
        const quoted = quoteName(name);
        const inside = quoted.slice(1, -1);
        expect(inside.replaceAll("]]", "")).not.toContain("]");
        expect(inside.replaceAll("]]", "]")).toBe(name);
      }),
    );
    expect(() => quoteName("")).toThrow("a name in a database must be 1 to 128 characters, got 0");
    expect(() => quoteName("n".repeat(129))).toThrow("got 129");
  });

  it("write a SID as SQL Server stores a uniqueidentifier", () => {
    expect(sidOf("00112233-4455-6677-8899-aabbccddeeff").toString("hex")).toBe(
      "33221100554477668899aabbccddeeff",
    );
    fc.assert(
      fc.property(fc.uuid(), (guid) => {
        expect(guidOf(sidOf(guid.toUpperCase()))).toBe(guid);
      }),
    );
    expect(() => sidOf("orders")).toThrow("the SID of a user is made from a GUID, got 'orders'");
    expect(guidOf(Buffer.from("0105", "hex"))).toBe("0x0105");
  });

  it("make, change and drop a user", () => {
    expect(createUser("id]x", "00112233-4455-6677-8899-aabbccddeeff", "E")).toBe(
      "CREATE USER [id]]x] WITH SID = 0x33221100554477668899AABBCCDDEEFF, TYPE = E",
    );
    expect(changeRoles("u", ["db_owner", "db_datareader"], ["db_datareader", "db_datawriter"])).toEqual([
      "ALTER ROLE [db_datawriter] ADD MEMBER [u]",
      "ALTER ROLE [db_owner] DROP MEMBER [u]",
    ]);
    expect(changeRoles("u", ["db_datareader"], ["db_datareader"])).toEqual([]);
    expect(dropUser("u")).toBe("DROP USER [u]");
  });
});

describe("a user's differences", () => {
  const user = {
    server: "s",
    databaseName: "d",
    userName: "u",
    sidGuid: "g",
    userType: "E" as const,
    roles: ["db_datareader", "db_datawriter"],
  };
  it.each([
    ["nothing", {}, false, []],
    ["the order of roles", { roles: ["db_datawriter", "db_datareader"] }, false, []],
    ["its name", { userName: "other" }, false, []],
    ["a role", { roles: ["db_datareader"] }, true, []],
    ["the principal", { sidGuid: "other" }, true, ["sidGuid"]],
    ["the database", { server: "other", databaseName: "other" }, true, ["server", "databaseName"]],
  ])("in %s", async (_what, change, changes, replaces) => {
    expect(await sqlDatabaseUser.diff?.("id", user, { ...user, ...change })).toEqual({
      changes,
      replaces,
      deleteBeforeReplace: true,
    });
  });
});

describe("the way to a database", () => {
  it.each([
    ["sql.database.windows.net", "127.0.0.1,localhost", false],
    ["sql.database.windows.net", "*", true],
    ["sql.database.windows.net", ".windows.net", true],
    ["sql.database.windows.net", "*.windows.net", true],
    ["sql.database.windows.net", "windows.net:1433 other", true],
    ["sql.database.windows.net", "dows.net", false],
    ["sql.database.windows.net", "", false],
  ])("to %s with NO_PROXY '%s' is direct: %s", (host, noProxy, expected) => {
    expect(isExempt(host, noProxy)).toBe(expected);
    const env = { https_proxy: "http://proxy:3128", NO_PROXY: noProxy };
    expect(proxyFor(host, env)?.href).toBe(expected ? undefined : "http://proxy:3128/");
  });

  it("is direct where there is no proxy", () => {
    expect(proxyFor("sql.database.windows.net", {})).toBeUndefined();
  });
});
