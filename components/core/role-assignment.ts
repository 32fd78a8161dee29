import * as authorization from "@pulumi/azure-native/authorization";
import * as pulumi from "@pulumi/pulumi";
import { v5 as uuidv5 } from "uuid";
import type { Principal, RoleAccess } from "./permission";
import { roleCatalogue } from "./role-catalogue";

/** The name space of this library's role-assignment names; a random UUID, fixed for ever. */
const nameSpace = "6f0c1c86-9a53-4a57-8f2e-3b1f7f6f2d0a";

/**
 * The GUID of a role assignment: the same scope, role and principal always give the same, so that a lost
 * state file does not lead to a second assignment of the same role.
 *
 * @param scope the ARM id, in any case
 * @param roleDefinitionGuid the role's GUID
 * @param principalId the principal's object id
 */
export function roleAssignmentName(scope: string, roleDefinitionGuid: string, principalId: string): string {
  const key = [scope.replace(/\/+$/, ""), roleDefinitionGuid, principalId].join("|").toLowerCase();
  return uuidv5(key, nameSpace);
}

/** `/subscriptions/…/roleDefinitions/{guid}` in the subscription that `scope` lies in, as ARM gives it back. */
export function roleDefinitionId(scope: string, guid: string): string {
  const subscription = /^\/subscriptions\/[^/]+/i.exec(scope)?.[0] ?? "";
  return `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${guid}`;
}

/** The description that says whose intent an assignment serves; a broad role's begins with its reason. */
export function describeAccess(access: RoleAccess, holder: string): string {
  return "reason" in access
    ? `[broad: ${access.reason}] ${holder}: ${access.intent}`
    : `${holder}: ${access.intent}`;
}

/**
 * Gives `principal` a permission that a role assignment serves. `grantAccess` takes the others too.
 *
 * @param name the resource's name in the stack
 * @param holder who is given it, for the description: "workload orders"
 */
export function assignRole(
  name: string,
  args: { access: RoleAccess; principal: Principal; holder: string },
  options: pulumi.CustomResourceOptions,
): authorization.RoleAssignment {
  const { access, principal, holder } = args;
  const guid = "role" in access ? roleCatalogue[access.role] : access.roleDefinitionGuid;
  const scope = pulumi.output(access.scope);
  return new authorization.RoleAssignment(
    name,
    {
      roleAssignmentName: pulumi
        .all([scope, principal.principalId])
        .apply(([id, principalId]) => roleAssignmentName(id, guid, principalId)),
      scope,
      roleDefinitionId: scope.apply((id) => roleDefinitionId(id, guid)),
      principalId: principal.principalId,
      principalType: principal.principalType,
      description: describeAccess(access, holder),
    },
    // The GUID follows from the other properties, and Azure refuses a second assignment beside the first.
    { deleteBeforeReplace: true, ...options },
  );
}
