import type * as pulumi from "@pulumi/pulumi";
import { check } from "../core/errors";
import { isValidName, nameRules } from "../core/naming";
import type { DatabasePermission, DatabaseReference, DatabaseRole, Permission } from "../core/permission";

/** Databases that the program makes itself, and the rules that let it in to them. */
export interface SqlServerChildren {
  databases: Readonly<Record<string, pulumi.Resource>>;
  firewallRules: pulumi.Resource[];
}

/**
 * The permissions that a SQL server hands out. Roles manage the server and its databases; data is for users inside
 * of the databases.
 *
 * @see https://learn.microsoft.com/azure/azure-sql/database/logins-create-manage
 */
export class SqlServerAccess {
  readonly #children: SqlServerChildren | undefined;

  /**
   * @param name what the server is called in names and intents
   * @param id its ARM id
   * @param fullyQualifiedDomainName `<name>.database.windows.net`
   */
  constructor(
    readonly name: string,
    readonly id: pulumi.Output<string>,
    readonly fullyQualifiedDomainName: pulumi.Output<string>,
    children?: SqlServerChildren,
  ) {
    this.#children = children;
  }

  /** Manage the server and its databases; see no data, change no login. */
  manageServer(): Permission {
    return {
      name: `${this.name}-server-manage`,
      intent: `manage SQL server ${this.name}`,
      role: "SQL Server Contributor",
      scope: this.id,
    };
  }

  /** Manage every database of the server, the later ones too; see no data. */
  manageDatabases(): Permission {
    return {
      name: `${this.name}-databases-manage`,
      intent: `manage all databases of SQL server ${this.name}`,
      role: "SQL DB Contributor",
      scope: this.id,
    };
  }

  /** Manage auditing, firewall rules and Entra-only authentication. */
  manageSecurity(): Permission {
    return {
      name: `${this.name}-security-manage`,
      intent: `manage security of SQL server ${this.name}`,
      role: "SQL Security Manager",
      scope: this.id,
    };
  }

  /** One database. @throws ArgumentError when that is not a database's name */
  database(databaseName: string): SqlDatabaseAccess {
    check(`SqlServer ${this.name}`, [
      {
        argument: "databaseName",
        holds: isValidName("sqlDatabase", databaseName),
        allowed: nameRules.sqlDatabase.allowed,
        got: databaseName,
      },
    ]);
    const where = `database ${databaseName} of SQL server ${this.name}`;
    const scope = this.id.apply((id) => `${id}/databases/${databaseName}`);
    const resource = this.#children?.databases[databaseName];
    const database: DatabaseReference = {
      label: `${this.name}/${databaseName}`,
      server: this.fullyQualifiedDomainName,
      databaseName,
      ...(this.#children && resource
        ? { resources: { database: resource, firewallRules: this.#children.firewallRules } }
        : {}),
    };
    const inside = (
      name: string,
      intent: string,
      databaseRoles: readonly DatabaseRole[],
    ): DatabasePermission => ({
      name: `${this.name}-${databaseName}-${name}`,
      intent: `${intent} ${where}`,
      databaseRoles,
      scope,
      database,
      touch: { kind: "sqlDatabase", server: this.fullyQualifiedDomainName, databaseName },
    });
    return {
      readData: () => inside("data-read", "read data of", ["db_datareader"]),
      writeData: () => inside("data-write", "read and write data of", ["db_datareader", "db_datawriter"]),
      alterSchema: () => inside("schema-alter", "alter the schema of", ["db_ddladmin"]),
      manage: () => ({
        name: `${this.name}-${databaseName}-manage`,
        intent: `manage ${where}`,
        role: "SQL DB Contributor",
        scope,
      }),
    };
  }
}

/**
 * The permissions on one database. Those inside of it are given to one user for each identity, which whoever runs
 * the program makes over TDS: it takes the server's Entra administrator, and network rules that let them in.
 */
export interface SqlDatabaseAccess {
  /** Read all tables and views, the later ones too. */
  readData(): DatabasePermission;
  /** Read all tables and views, and insert, update and delete rows. */
  writeData(): DatabasePermission;
  /** Create, alter and drop tables and the like, as migrations do; see no data. */
  alterSchema(): DatabasePermission;
  /** Scale, restore and configure it through ARM; see no data. */
  manage(): Permission;
}
