/** The part of a role definition that says what it allows, as the role-definition API returns it. */
export interface RoleDefinition {
  /** The GUID. */
  name: string;
  roleName: string;
  permissions: {
    actions: string[];
    notActions: string[];
    dataActions: string[];
    notDataActions: string[];
  }[];
}

// A bare asterisk, or an asterisk in the place of the service followed by anything but read.
const anyService = /^\*(\/(?!read$).*)?$/i;
// Whoever may write role assignments may give themselves any role.
const grantsRoles =
  /^Microsoft\.Authorization\/(\*|roleAssignments\/(\*|write)|roleDefinitions\/(\*|write))$/i;

/**
 * Whether a role reaches beyond one service or can hand out roles: Owner, Contributor, User Access
 * Administrator and their like. No permission of this library carries such a role.
 */
export function isBroadRole(role: RoleDefinition): boolean {
  return role.permissions.some((permission) =>
    permission.actions.some((action) => anyService.test(action) || grantsRoles.test(action)),
  );
}
