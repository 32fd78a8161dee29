import type * as pulumi from "@pulumi/pulumi";
import type { RoleName } from "./role-catalogue";

/** How a principal that holds a permission can show that it works, by an operation that changes nothing. */
export type Touch =
  | { kind: "keyVaultSecret"; vaultUri: pulumi.Input<string>; secretName: string }
  | { kind: "keyVault"; vaultUri: pulumi.Input<string> }
  | { kind: "blobContainer"; endpoint: pulumi.Input<string>; containerName: string }
  | { kind: "blobService"; endpoint: pulumi.Input<string> }
  | { kind: "sqlDatabase"; server: pulumi.Input<string>; databaseName: string }
  | { kind: "appRole"; identifierUri: pulumi.Input<string>; appRole: string };

/**
 * What a resource hands out and a principal is given: an intent, the role that serves it, and the narrowest
 * scope. Plain data, so that it can be a stack's output and another stack's input.
 */
export interface Permission {
  /** Says in a name what it is for, stable and unique among those of one principal: "app-stripe-key-read". */
  name: string;
  /** The same in words: "read secret stripe-key of vault app". */
  intent: string;
  /** A built-in role that stays within one service. */
  role: RoleName;
  /** The ARM id of what may be touched: a secret, a container, a database, before their account. */
  scope: pulumi.Input<string>;
  /** Absent where holding the role cannot be shown without changing something. */
  touch?: Touch;
}

/**
 * A role beyond the catalogue: Owner, Contributor and the like. The reason stands in the role assignment's
 * description, where the policy pack, the access report and everybody who looks at the assignment find it.
 */
export interface BroadPermission {
  name: string;
  intent: string;
  /** The GUID of the role definition. */
  roleDefinitionGuid: string;
  scope: pulumi.Input<string>;
  /** Why nothing narrower will do. */
  reason: string;
}

/** What a role assignment serves. */
export type RoleAccess = Permission | BroadPermission;

/**
 * The fixed roles of a database that serve permissions. None of them can give roles to others.
 *
 * @see https://learn.microsoft.com/sql/relational-databases/security/authentication-access/database-level-roles
 */
export type DatabaseRole = "db_datareader" | "db_datawriter" | "db_ddladmin";

/** A database, as its permissions speak of it. */
export interface DatabaseReference {
  /** What the program calls server and database: "shop/orders". All permissions with one label are one user. */
  label: string;
  /** `<name>.database.windows.net` */
  server: pulumi.Input<string>;
  databaseName: string;
  /** What has to be there before anybody can log in; absent for a database that another stack owns. */
  resources?: { database: pulumi.Resource; firewallRules: pulumi.Resource[] };
}

/**
 * Access to data in a SQL database. No role assignment gives that: it takes a contained user in the database,
 * one for each principal, that is a member of the database's own roles.
 *
 * @see https://learn.microsoft.com/azure/azure-sql/database/authentication-aad-overview
 */
export interface DatabasePermission {
  name: string;
  intent: string;
  databaseRoles: readonly DatabaseRole[];
  /** The ARM id of the database. */
  scope: pulumi.Input<string>;
  database: DatabaseReference;
  touch: Touch;
}

/** A role of an application's API, which tokens for it then name: given in Entra, by no role assignment of Azure's. */
export interface AppRolePermission {
  name: string;
  intent: string;
  appRole: {
    value: string;
    id: pulumi.Input<string>;
    /** The object id of the API's service principal. */
    resourceObjectId: pulumi.Input<string>;
  };
  /** The identifier URI of the API. */
  scope: pulumi.Input<string>;
  touch: Touch;
}

/** What a principal may be given. */
export type Access = RoleAccess | DatabasePermission | AppRolePermission;

/** @param args.reason at least ten characters: a sentence, not a word. */
export function broadPermission(args: BroadPermission): BroadPermission {
  if (args.reason.trim().length < 10) {
    throw new Error(`broadPermission ${args.name}: 'reason' must say why nothing narrower will do`);
  }
  return { ...args };
}

/** Who is given permissions. */
export interface Principal {
  /** The object id in the directory. */
  principalId: pulumi.Input<string>;
  /** Always said, because a directory that has not heard of a new principal yet refuses it otherwise. */
  principalType: pulumi.Input<"ServicePrincipal" | "User" | "Group">;
  /** The application (client) id of a ServicePrincipal, by which databases know it; others have none. */
  clientId?: pulumi.Input<string>;
  /** What its users in databases are called: 1 to 128 characters. */
  name?: pulumi.Input<string>;
}
