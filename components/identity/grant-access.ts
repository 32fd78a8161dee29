import type { AppRoleAssignment } from "@pulumi/azuread/appRoleAssignment";
import * as pulumi from "@pulumi/pulumi";
import { ArgumentError, check } from "../core/errors";
import type {
  Access,
  AppRolePermission,
  DatabasePermission,
  Principal,
  RoleAccess,
} from "../core/permission";
import { assignRole } from "../core/role-assignment";
import { SqlDatabaseUser } from "../resources/sql-database-user";

/** The databases in which a principal has its user, so that no second resource fights over its roles. */
const databasesOf = new WeakMap<Principal, Set<string>>();

/**
 * Gives `principal` everything in `access`: a role assignment for each permission on a resource, an assignment of
 * Entra's for each role of an API and, in each database, one contained user with all the roles that its permissions
 * there ask for.
 *
 * @param name begins the names of the resources in the stack
 * @param args.holder who is given it, for descriptions and errors: "workload orders"
 * @throws ArgumentError when the principal has a user in one of the databases already, or lacks what makes one
 */
export function grantAccess(
  name: string,
  args: { access: readonly Access[]; principal: Principal; holder: string },
  options: pulumi.CustomResourceOptions,
): pulumi.CustomResource[] {
  const { access, principal, holder } = args;
  const inApis = access.filter((one): one is AppRolePermission => "appRole" in one);
  const onResources = access.filter(
    (one): one is RoleAccess => !("databaseRoles" in one) && !("appRole" in one),
  );
  const inDatabases = access.filter((one): one is DatabasePermission => "databaseRoles" in one);
  const byDatabase = new Map<string, DatabasePermission[]>();
  for (const one of inDatabases) {
    const { label } = one.database;
    byDatabase.set(label, [...(byDatabase.get(label) ?? []), one]);
  }
  return [
    ...onResources.map((one) =>
      assignRole(`${name}-${one.name}`, { access: one, principal, holder }, options),
    ),
    ...[...byDatabase.values()].map((permissions) =>
      databaseUser(name, { permissions, principal, holder }, options),
    ),
    ...inApis.map((one) => assignAppRole(`${name}-${one.name}`, { access: one, principal }, options)),
  ];
}

/**
 * Gives `principal` a role of an API.
 *
 * @param name the assignment's name in the stack
 */
export function assignAppRole(
  name: string,
  { access, principal }: { access: AppRolePermission; principal: Principal },
  options: pulumi.CustomResourceOptions,
): AppRoleAssignment {
  // Loaded when it is needed: most programs have no application of their own.
  const azuread: typeof import("@pulumi/azuread/appRoleAssignment") = require("@pulumi/azuread/appRoleAssignment");
  return new azuread.AppRoleAssignment(
    name,
    {
      appRoleId: access.appRole.id,
      principalObjectId: principal.principalId,
      resourceObjectId: access.appRole.resourceObjectId,
    },
    options,
  );
}

function databaseUser(
  name: string,
  args: { permissions: readonly DatabasePermission[]; principal: Principal; holder: string },
  options: pulumi.CustomResourceOptions,
): SqlDatabaseUser {
  const { permissions, principal, holder } = args;
  const { database } = permissions[0] as DatabasePermission;
  const { name: userName, clientId, principalId, principalType } = principal;
  const taken = databasesOf.get(principal) ?? new Set();
  check(`Access of ${holder}`, [
    {
      argument: `database ${database.label}`,
      holds: !taken.has(database.label),
      allowed: "given to one identity in one place, where its user gets all of its roles",
      got: permissions.map((permission) => permission.intent),
    },
    {
      argument: "principal.clientId",
      holds: principalType !== "ServicePrincipal" || clientId !== undefined,
      allowed: "the application (client) id for access to databases",
      got: clientId,
    },
  ]);
  if (userName === undefined) {
    throw new ArgumentError(
      `Access of ${holder}`,
      "principal.name",
      "given for access to databases",
      userName,
    );
  }
  databasesOf.set(principal, taken.add(database.label));
  const { resources } = database;
  return new SqlDatabaseUser(
    `${name}-${database.label.replace("/", "-")}-user`,
    {
      server: database.server,
      databaseName: database.databaseName,
      userName,
      sidGuid: pulumi
        .all([principalType, principalId, clientId ?? ""])
        .apply(([type, objectId, applicationId]) => (type === "ServicePrincipal" ? applicationId : objectId)),
      userType: pulumi.output(principalType).apply((type) => (type === "Group" ? "X" : "E")),
      roles: [...new Set(permissions.flatMap(({ databaseRoles }) => databaseRoles))].sort(),
    },
    {
      ...options,
      ...(resources
        ? {
            dependsOn: resources.firewallRules,
            // With the database its users go by themselves, and a new one has none.
            deletedWith: resources.database,
            replaceWith: [resources.database],
          }
        : {}),
    },
  );
}
