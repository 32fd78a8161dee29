import { covers } from "./stack-state";

/** What a role definition allows, with `*` for any part of an operation's name. */
export interface RolePermission {
  actions?: string[];
  notActions?: string[];
  dataActions?: string[];
  notDataActions?: string[];
}

/** One operation of Azure, at what it is done to. */
export interface Operation {
  /** "Microsoft.KeyVault/vaults/secrets/getSecret/action" */
  action: string;
  /** Whether it reaches data, and not the resource that holds them. */
  isData: boolean;
  /** An ARM id. */
  scope: string;
}

function matches(pattern: string, action: string): boolean {
  const expression = pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*");
  return new RegExp(`^${expression}$`, "i").test(action);
}

/** @see https://learn.microsoft.com/azure/role-based-access-control/role-definitions#control-and-data-actions */
export function allows(permissions: readonly RolePermission[], { action, isData }: Operation): boolean {
  return permissions.some(({ actions = [], notActions = [], dataActions = [], notDataActions = [] }) => {
    const [given, taken] = isData ? [dataActions, notDataActions] : [actions, notActions];
    return (
      given.some((pattern) => matches(pattern, action)) && !taken.some((pattern) => matches(pattern, action))
    );
  });
}

/** The assignments of `principalId` that let it do the operation. */
export function assignmentsThatAllow<
  T extends { scope: string; roleDefinitionId: string; principalId: string },
>(
  operation: Operation,
  principalId: string,
  assignments: readonly T[],
  permissionsOf: (roleDefinitionId: string) => readonly RolePermission[],
): T[] {
  return assignments.filter(
    (assignment) =>
      assignment.principalId.toLowerCase() === principalId.toLowerCase() &&
      covers(assignment.scope, operation.scope) &&
      allows(permissionsOf(assignment.roleDefinitionId), operation),
  );
}
