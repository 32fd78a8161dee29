import type * as pulumi from "@pulumi/pulumi";
import type { DatabaseRole } from "../core/permission";
import { DynamicResource } from "../dynamic/resource";

export interface SqlDatabaseUserArgs {
  /** `<name>.database.windows.net`. A change replaces the user. */
  server: pulumi.Input<string>;
  /** A change replaces the user. */
  databaseName: pulumi.Input<string>;
  /** 1 to 128 characters. A user that is there already keeps the name that it has. */
  userName: pulumi.Input<string>;
  /**
   * What the SID is made from: the client id of an application or managed identity, the object id of a person
   * or group. A change replaces the user.
   */
  sidGuid: pulumi.Input<string>;
  /** `E` for one principal, `X` for a group. A change replaces the user. */
  userType: pulumi.Input<"E" | "X">;
  /** All roles that the user is a member of; it is taken out of any other. */
  roles: pulumi.Input<DatabaseRole>[];
}

/**
 * A contained user: an Entra principal that may log in to one database. It is made over TDS by whoever runs the
 * program, who must be the server's Entra administrator and must be let in by the server's network rules.
 *
 * A user with the same SID is taken over; one of the same name with another SID is an error.
 *
 * @see https://learn.microsoft.com/azure/azure-sql/database/authentication-aad-configure
 */
export class SqlDatabaseUser extends DynamicResource {
  constructor(name: string, args: SqlDatabaseUserArgs, options: pulumi.CustomResourceOptions = {}) {
    // A database has one user of a name, so the old one makes way first.
    super("sqlDatabaseUser", "SqlDatabaseUser", name, { ...args }, { deleteBeforeReplace: true, ...options });
  }
}
