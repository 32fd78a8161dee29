import * as sql from "@pulumi/azure-native/sql";
import * as pulumi from "@pulumi/pulumi";
import { check } from "../core/errors";
import { isValidName, nameRules } from "../core/naming";
import { type NetworkAccess, networkRules } from "../core/network-access";
import { automaticName, checkName, type Placement } from "./resource-group";
import { type SqlDatabaseAccess, SqlServerAccess } from "./sql-server-access";

export interface SqlAdministrator {
  /** How the principal is called in the directory; shown, not compared. */
  login: pulumi.Input<string>;
  /** The object id of a user, group or application. */
  objectId: pulumi.Input<string>;
  principalType: pulumi.Input<"User" | "Group" | "Application">;
}

export interface SqlDatabaseArgs {
  /** A service objective: "Basic", "S0", "GP_S_Gen5_1". @default "S0" */
  sku?: string;
  /** Where backups are kept. @default "Zone" */
  backupRedundancy?: "Local" | "Zone" | "Geo" | "GeoZone";
}

export interface SqlServerArgs {
  resourceGroup: Placement;
  /**
   * The one Entra principal that is the server's administrator: whoever runs the program, or a group that they
   * are in, where workloads are given data, because their users are made as the administrator. A change is made
   * in place.
   */
  administrator: SqlAdministrator;
  /** Databases by name. */
  databases?: Record<string, SqlDatabaseArgs>;
  /**
   * Where workloads are given data, it has to let in whoever runs the program too, who makes their users over
   * port 1433.
   *
   * @default "public": a firewall rule lets in every address, and logging in still takes an Entra token of a user
   * @see https://learn.microsoft.com/azure/azure-sql/database/firewall-configure
   */
  network?: NetworkAccess;
  /**
   * 1 to 63 lower-case letters, digits or `-`, unique in Azure. A change replaces the server.
   *
   * @default `sql-<name>-<stack>-<hash>`
   */
  serverName?: string;
  tags?: pulumi.Input<Record<string, pulumi.Input<string>>>;
}

/**
 * A logical SQL server without passwords: only Entra principals log in.
 *
 * Roles manage the server and its databases; none of them gives access to data. That is for contained users,
 * which `database(…).readData()` and its like stand for.
 *
 * @see https://learn.microsoft.com/azure/azure-sql/database/authentication-azure-ad-only-authentication
 */
export class SqlServer extends pulumi.ComponentResource {
  readonly id: pulumi.Output<string>;
  readonly name: pulumi.Output<string>;
  /** `<name>.database.windows.net` */
  readonly fullyQualifiedDomainName: pulumi.Output<string>;

  readonly #access: SqlServerAccess;

  /** @throws ArgumentError when a name is out of range */
  constructor(name: string, args: SqlServerArgs, options: pulumi.ComponentResourceOptions = {}) {
    const { resourceGroup, administrator, databases = {} } = args;
    const component = `SqlServer ${name}`;
    checkName(component, "serverName", "sqlServer", args.serverName);
    check(
      component,
      Object.keys(databases).map((databaseName) => ({
        argument: "databases",
        holds: isValidName("sqlDatabase", databaseName),
        allowed: `named with ${nameRules.sqlDatabase.allowed}`,
        got: databaseName,
      })),
    );
    super("azure-keyless:resources:SqlServer", name, {}, options);
    const network = args.network ?? "public";
    const { publicNetworkAccess, ipRanges } = networkRules(network);
    const tags = args.tags === undefined ? {} : { tags: args.tags };
    const server = new sql.Server(
      name,
      {
        resourceGroupName: resourceGroup.name,
        location: resourceGroup.location,
        serverName: args.serverName ?? automaticName("sqlServer", name, resourceGroup.deployer),
        version: "12.0",
        minimalTlsVersion: "1.2",
        publicNetworkAccess,
        administrators: {
          administratorType: "ActiveDirectory",
          azureADOnlyAuthentication: true,
          login: administrator.login,
          sid: administrator.objectId,
          principalType: administrator.principalType,
          tenantId: resourceGroup.deployer.tenantId,
        },
        ...tags,
      },
      { parent: this },
    );
    // A server lets in no address until a rule does, also when its network access is public.
    const firewallRules = (network === "public" ? ["0.0.0.0/0"] : ipRanges).map((range) => {
      const [startIpAddress, endIpAddress] = addressRange(range);
      return new sql.FirewallRule(
        `${name}-${range.replace(/[^0-9]+/g, "-")}`,
        {
          resourceGroupName: resourceGroup.name,
          serverName: server.name,
          startIpAddress,
          endIpAddress,
        },
        { parent: this },
      );
    });
    const made: Record<string, sql.Database> = {};
    for (const [databaseName, database] of Object.entries(databases)) {
      made[databaseName] = new sql.Database(
        `${name}-${databaseName}`,
        {
          resourceGroupName: resourceGroup.name,
          location: resourceGroup.location,
          serverName: server.name,
          databaseName,
          sku: { name: database.sku ?? "S0" },
          requestedBackupStorageRedundancy: database.backupRedundancy ?? "Zone",
          ...tags,
        },
        { parent: this },
      );
    }
    this.id = server.id;
    this.name = server.name;
    this.fullyQualifiedDomainName = server.fullyQualifiedDomainName;
    this.#access = new SqlServerAccess(name, this.id, this.fullyQualifiedDomainName, {
      databases: made,
      firewallRules,
    });
    this.registerOutputs({
      id: this.id,
      name: this.name,
      fullyQualifiedDomainName: this.fullyQualifiedDomainName,
    });
  }

  /**
   * The permissions of a server that another stack owns. Users in its databases are made by whoever runs the
   * program, who must be the server's Entra administrator.
   *
   * @param name what it is called in permissions' names and intents
   * @param id its ARM id, for example an output of the other stack
   */
  static fromId(name: string, id: pulumi.Input<string>): SqlServerAccess {
    const known = pulumi.output(id);
    const domainName = known.apply((text) => `${text.split("/").at(-1)}.database.windows.net`);
    return new SqlServerAccess(name, known, domainName);
  }

  /** Manage the server and its databases; see no data, change no login. */
  manageServer() {
    return this.#access.manageServer();
  }

  /** Manage every database of the server, the later ones too; see no data. */
  manageDatabases() {
    return this.#access.manageDatabases();
  }

  /** Manage auditing, firewall rules and Entra-only authentication. */
  manageSecurity() {
    return this.#access.manageSecurity();
  }

  /** One database: `shop.database("orders").readData()`. */
  database(databaseName: string): SqlDatabaseAccess {
    return this.#access.database(databaseName);
  }
}

/** First and last address of `10.0.0.0/24` or `10.0.0.7`. */
export function addressRange(range: string): [string, string] {
  const [address = "", bits = "32"] = range.split("/");
  const size = 2 ** (32 - Number(bits));
  const number = address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  const first = Math.floor(number / size) * size;
  const text = (value: number) =>
    [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
  return [text(first), text(first + size - 1)];
}
