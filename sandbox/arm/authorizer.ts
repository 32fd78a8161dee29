import type { SandboxContext } from "../core/context";
import { matchesAction } from "./action-pattern";
import { conditionHolds } from "./condition";
import { ConditionInvalid } from "./condition-parser";
import { resourceKey, type StoredResource } from "./resource";
import { roleAssignmentsOf } from "./resource-index";
import { findRole, type RolePermission } from "./role-definitions";

/** What a caller wants to do. */
export interface AccessRequest {
  principalId: string;
  /** A control-plane action or, with `dataAction`, a data-plane one: `Microsoft.KeyVault/vaults/secrets/getSecret/action`. */
  operation: string;
  dataAction: boolean;
  /** The ARM id of what is to be touched, down to the secret, container or blob. */
  scope: string;
  /**
   * What a role assignment's condition may look at: `Microsoft.Storage/…/blobs:path` and the like;
   * `subOperation` (`Blob.List`) is what SubOperationMatches compares.
   */
  attributes?: Record<string, string>;
}

export type Decision =
  | { allowed: true; assignmentId: string }
  /** `notYetEffective` when an assignment would allow it but has not propagated. */
  | { allowed: false; notYetEffective?: boolean };

export interface Authorizer {
  decide(request: AccessRequest): Decision;
}

/**
 * Decides from the role assignments in the store: one is enough that covers the scope, has propagated, whose
 * role allows the operation and does not take it away again, and whose condition holds. Assignments and custom
 * roles are read at each decision, so a change counts at once (or when it has propagated).
 *
 * @see https://learn.microsoft.com/azure/role-based-access-control/overview#how-azure-rbac-determines-if-a-user-has-access-to-a-resource
 */
export function createAuthorizer({
  store,
  clock,
  account,
}: Pick<SandboxContext, "store" | "clock" | "account">): Authorizer {
  /** The tenant's root management group, beneath which everything is. */
  const rootManagementGroup = `/providers/microsoft.management/managementgroups/${account.tenantId.toLowerCase()}`;

  function covers(assignment: StoredResource, scope: string): boolean {
    const outer = resourceKey(assignmentScope(assignment.body.id));
    return outer === "" || outer === rootManagementGroup || scope === outer || scope.startsWith(`${outer}/`);
  }

  function allows(assignment: StoredResource, request: AccessRequest): boolean {
    const { roleDefinitionId, condition } = assignment.body.properties;
    const role = findRole(store, String(roleDefinitionId));
    return (
      role?.permissions.some(
        (permission) => permits(permission, request) && holds(permission.condition, request),
      ) === true && holds(condition, request)
    );
  }

  return {
    decide: (request) => {
      const scope = resourceKey(request.scope);
      let waiting = false;
      for (const assignment of roleAssignmentsOf(store, request.principalId)) {
        if (!covers(assignment, scope) || !allows(assignment, request)) continue;
        if ((assignment.visibleAt ?? 0) <= clock.now())
          return { allowed: true, assignmentId: assignment.body.id };
        waiting = true;
      }
      return waiting ? { allowed: false, notYetEffective: true } : { allowed: false };
    },
  };
}

/** What a role assignment's id says before its own part. */
export function assignmentScope(assignmentId: string): string {
  return assignmentId.slice(0, assignmentId.toLowerCase().lastIndexOf("/providers/microsoft.authorization/"));
}

function permits(permission: RolePermission, { operation, dataAction }: AccessRequest): boolean {
  const isOneOf = (patterns: string[] | undefined) =>
    patterns?.some((pattern) => matchesAction(pattern, operation)) === true;
  return dataAction
    ? isOneOf(permission.dataActions) && !isOneOf(permission.notDataActions)
    : isOneOf(permission.actions) && !isOneOf(permission.notActions);
}

/** No condition always holds; one that cannot be read never does. */
function holds(condition: unknown, request: AccessRequest): boolean {
  if (typeof condition !== "string" || condition === "") return true;
  try {
    return conditionHolds(condition, request);
  } catch (error) {
    if (error instanceof ConditionInvalid) return false;
    throw error;
  }
}
