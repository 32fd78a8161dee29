import { randomBytes } from "node:crypto";
import { z } from "zod";
import type { SandboxContext } from "../../core/context";
import { getApplication } from "../applications";
import type { Principal } from "../directory";
import {
  type AppRoleAssignment,
  defaultAccessRoleId,
  listAppRoleAssignments,
  putAppRoleAssignment,
} from "../service-principals";
import { badRequest, invalidValue, notFound } from "./errors";
import { guid } from "./request-body";

/** @see https://learn.microsoft.com/graph/api/serviceprincipal-post-approleassignedto */
export const assignmentBody = z.strictObject({ appRoleId: guid, principalId: guid, resourceId: guid });

/** Which end of its assignments a service principal is. */
export type AssignmentEnd = "resourceId" | "principalId";

/** Those of principals that are still there: a managed identity that goes leaves nothing behind. */
export function assignmentsOf(
  { store, directory }: SandboxContext,
  { objectId }: Principal,
  end: AssignmentEnd,
): AppRoleAssignment[] {
  return listAppRoleAssignments(store, end === "resourceId" ? objectId : undefined).filter(
    (assignment) => assignment[end] === objectId && directory.byObjectId(assignment.principalId),
  );
}

export function assignmentObject(assignment: AppRoleAssignment, { directory }: SandboxContext) {
  const { visibleAt, ...rest } = assignment;
  const principal = directory.byObjectId(assignment.principalId);
  return {
    deletedDateTime: null,
    ...rest,
    principalDisplayName: principal?.displayName ?? null,
    principalType: principal?.type ?? null,
    resourceDisplayName: directory.byObjectId(assignment.resourceId)?.displayName ?? null,
  };
}

/** @throws AzureError 404 for a principal or API that is not there, 400 for a role that cannot be given */
export function assignAppRole(
  context: SandboxContext,
  holder: Principal,
  end: AssignmentEnd,
  body: z.infer<typeof assignmentBody>,
): AppRoleAssignment {
  const { store, directory, clock, faults } = context;
  if (body[end].toLowerCase() !== holder.objectId) throw invalidValue(end, "AppRoleAssignment");
  const principal = directory.byObjectId(body.principalId);
  const resource = directory.byObjectId(body.resourceId);
  if (!principal) throw notFound(body.principalId);
  if (resource?.type !== "ServicePrincipal") throw notFound(body.resourceId);
  checkRole(context, principal, resource, body.appRoleId.toLowerCase());
  const ids = {
    appRoleId: body.appRoleId.toLowerCase(),
    principalId: principal.objectId,
    resourceId: resource.objectId,
  };
  const there = assignmentsOf(context, resource, "resourceId").some(
    ({ appRoleId, principalId }) => appRoleId === ids.appRoleId && principalId === ids.principalId,
  );
  if (there) throw badRequest("Permission being assigned already exists on the object");
  const assignment: AppRoleAssignment = {
    id: randomBytes(32).toString("base64url"),
    ...ids,
    createdDateTime: new Date(clock.now()).toISOString(),
    visibleAt: faults.visibleAt("roleAssignment"),
  };
  putAppRoleAssignment(store, assignment);
  const now = clock.now();
  context.journal.wrote({
    method: "POST",
    id: `/servicePrincipals/${ids.resourceId}/appRoleAssignedTo/${assignment.id}`,
    type: "Microsoft.Graph/appRoleAssignments",
    startedAt: now,
    completedAt: now,
    effectiveAt: assignment.visibleAt,
    principalId: ids.principalId,
  });
  return assignment;
}

/** Where an API declares no roles, access itself can be given. */
function checkRole({ store }: SandboxContext, principal: Principal, resource: Principal, id: string): void {
  const roles = getApplication(store, resource.clientId ?? "")?.appRoles ?? [];
  if (id === defaultAccessRoleId && roles.length === 0) return;
  const role = roles.find((one) => one.id.toLowerCase() === id && one.isEnabled);
  if (!role)
    throw badRequest(`Permission being assigned was not found on application '${resource.clientId}'.`);
  const member = principal.type === "ServicePrincipal" ? "Application" : "User";
  if (!role.allowedMemberTypes.includes(member)) throw invalidValue("principalId", "AppRoleAssignment");
}
