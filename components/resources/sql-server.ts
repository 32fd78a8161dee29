import * as sql from "@pulumi/azure-native/sql";
import * as pulumi from "@pulumi/pulumi";
import { check } from "../core/errors";
import { isValidName, nameRules } from "../core/naming";
import { type NetworkAccess, networkRules } from "../core/network-access";
import type { Permission } from "../core/permission";
import { automaticName, checkName, type Placement } from "./resource-group";

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
  /** The one Entra principal that is the server's administrator. A change is made in place. */
  administrator: SqlAdministrator;
  /** Databases by name. */
  databases?: Record<string, SqlDatabaseArgs>;
  /** @default "public", which still lets in no address until a firewall rule does */
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
 * Roles manage the server and its databases; none of them gives access to data.
 *
 * @see https://learn.microsoft.com/azure/azure-sql/database/authentication-azure-ad-only-authentication
 */
export class SqlServer extends pulumi.ComponentResource {
  readonly id: pulumi.Output<string>;
  readonly name: pulumi.Output<string>;
  /** `<name>.database.windows.net` */
  readonly fullyQualifiedDomainName: pulumi.Output<string>;

  readonly #name: string;

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
    const { publicNetworkAccess, ipRanges } = networkRules(args.network ?? "public");
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
    for (const range of ipRanges) {
      const [startIpAddress, endIpAddress] = addressRange(range);
      new sql.FirewallRule(
        `${name}-${range.replace(/[^0-9]+/g, "-")}`,
        {
          resourceGroupName: resourceGroup.name,
          serverName: server.name,
          startIpAddress,
          endIpAddress,
        },
        { parent: this },
      );
    }
    for (const [databaseName, database] of Object.entries(databases)) {
      new sql.Database(
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
    this.#name = name;
    this.id = server.id;
    this.name = server.name;
    this.fullyQualifiedDomainName = server.fullyQualifiedDomainName;
    this.registerOutputs({
      id: this.id,
      name: this.name,
      fullyQualifiedDomainName: this.fullyQualifiedDomainName,
    });
  }

  /** Manage the server and its databases; see no data, change no login. */
  manageServer(): Permission {
    return {
      name: `${this.#name}-server-manage`,
      intent: `manage SQL server ${this.#name}`,
      role: "SQL Server Contributor",
      scope: this.id,
    };
  }

  /** Manage every database of the server, the later ones too; see no data. */
  manageDatabases(): Permission {
    return {
      name: `${this.#name}-databases-manage`,
      intent: `manage all databases of SQL server ${this.#name}`,
      role: "SQL DB Contributor",
      scope: this.id,
    };
  }

  /** Manage auditing, firewall rules and Entra-only authentication. */
  manageSecurity(): Permission {
    return {
      name: `${this.#name}-security-manage`,
      intent: `manage security of SQL server ${this.#name}`,
      role: "SQL Security Manager",
      scope: this.id,
    };
  }

  /** One database: `shop.database("orders").manage()`. */
  database(databaseName: string): SqlDatabaseAccess {
    return {
      manage: () => ({
        name: `${this.#name}-${databaseName}-manage`,
        intent: `manage database ${databaseName} of SQL server ${this.#name}`,
        role: "SQL DB Contributor",
        scope: this.id.apply((id) => `${id}/databases/${databaseName}`),
      }),
    };
  }
}

/** The permissions on one database. */
export interface SqlDatabaseAccess {
  /** Scale, restore and configure it; see no data. */
  manage(): Permission;
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
