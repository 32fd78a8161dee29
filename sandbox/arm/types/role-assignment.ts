import { AzureError } from "../../core/azure-error";
import type { ArmCall } from "../arm-call";
import { assignmentScope } from "../authorizer";
import { ConditionInvalid, parseCondition } from "../condition-parser";
import { resourceNotFound } from "../errors";
import { defined, objectIn, textIn } from "../json";
import { invalidFilter, parseFilter } from "../odata-filter";
import { getResource, listResources, resourceKey, type StoredResource } from "../resource";
import { countRoleAssignments, roleAssignmentNamed, roleAssignmentsOf } from "../resource-index";
import { parseResourcePath } from "../resource-path";
import type { ResourceType, Write } from "../resource-type";
import { findRole, roleGuid } from "../role-definitions";

const type = "Microsoft.Authorization/roleAssignments";

const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** @see https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits#azure-rbac-limits */
const assignmentsPerSubscription = 4000;

const principalTypes = ["User", "Group", "ServicePrincipal", "ForeignGroup", "Device"];

/** What a caller wants the assignment to be. */
interface Wanted {
  roleDefinitionId: string;
  principalId: string;
  principalType: string;
  condition: string | undefined;
  conditionVersion: string | undefined;
  description: string | undefined;
  delegatedManagedIdentityResourceId: string | undefined;
}

function readWanted(write: Write): Wanted {
  const properties = objectIn(write.body, "properties");
  const principalId = textIn(properties, "principalId")?.toLowerCase();
  if (principalId === undefined || !guid.test(principalId)) {
    throw new AzureError(
      400,
      "InvalidPrincipalId",
      "A valid principal ID must be provided for role assignment.",
    );
  }
  const condition = textIn(properties, "condition") || undefined;
  const conditionVersion = textIn(properties, "conditionVersion") || undefined;
  checkCondition(condition, conditionVersion);
  return {
    roleDefinitionId: roleDefinitionIdIn(write, textIn(properties, "roleDefinitionId") ?? ""),
    principalId,
    principalType: principalTypeOf(write, principalId, textIn(properties, "principalType") || undefined),
    condition,
    conditionVersion,
    description: textIn(properties, "description"),
    delegatedManagedIdentityResourceId: textIn(properties, "delegatedManagedIdentityResourceId"),
  };
}

/** The role's id as Azure returns it: beneath the subscription. */
function roleDefinitionIdIn({ call }: Write, id: string): string {
  const name = /\/providers\/microsoft\.authorization\/roledefinitions\/([^/]+)$/i.exec(id)?.[1];
  if (name === undefined || !guid.test(name)) {
    throw new AzureError(400, "InvalidRoleDefinitionId", `The role definition ID '${id}' is not valid.`);
  }
  const role = findRole(call.context.store, name);
  if (!role) {
    throw new AzureError(
      404,
      "RoleDefinitionDoesNotExist",
      `The specified role definition with ID '${name.replaceAll("-", "").toLowerCase()}' does not exist.`,
    );
  }
  return `/subscriptions/${call.context.account.subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${role.name}`;
}

/**
 * Whether the principal is one. A caller that states the type is believed where the directory does not know the
 * principal yet, which is what makes assignments to fresh principals succeed.
 */
function principalTypeOf({ call }: Write, principalId: string, stated: string | undefined): string {
  const { directory, account } = call.context;
  if (stated !== undefined && !principalTypes.includes(stated)) {
    throw new AzureError(
      400,
      "PrincipalTypeNotSupported",
      `Principals of type '${stated}' cannot validly be used in role assignments.`,
    );
  }
  const principal = directory.byObjectId(principalId);
  const known = principal && directory.isReplicated(principal) ? principal : undefined;
  if (stated === undefined && !known) {
    throw new AzureError(
      400,
      "PrincipalNotFound",
      `Principal ${principalId.replaceAll("-", "")} does not exist in the directory ${account.tenantId}. Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, this error might be related to a replication delay. In this case, set the role assignment principalType property to a value, such as ServicePrincipal, User, or Group.  See https://aka.ms/docs-principaltype`,
    );
  }
  if (stated !== undefined && known && known.type !== stated) {
    throw new AzureError(
      400,
      "UnmatchedPrincipalType",
      `The PrincipalId '${principalId.replaceAll("-", "")}' has type '${known.type}' , which is different from specified PrinciaplType '${stated}'.`,
    );
  }
  return stated ?? known!.type;
}

/** @see https://learn.microsoft.com/azure/role-based-access-control/conditions-format */
function checkCondition(condition: string | undefined, version: string | undefined): void {
  if (condition === undefined) return;
  const invalid = () =>
    new AzureError(400, "RoleAssignmentConditionNotValid", "The given role assignment condition is invalid.");
  if (version !== "2.0" && version !== "1.0") throw invalid();
  try {
    parseCondition(condition);
  } catch (error) {
    throw error instanceof ConditionInvalid ? invalid() : error;
  }
}

/** An assignment needs something to be at: the resource that stands highest in the scope. */
function checkScopeExists({ context, path }: ArmCall): void {
  const scope = path.scope === "" ? undefined : parseResourcePath(path.scope);
  const firstType = scope?.types[0];
  const firstName = scope?.names[0];
  if (!scope || firstType === undefined || firstName === undefined) return;
  if (scope.namespace === "Microsoft.Resources" || scope.namespace === "Microsoft.Management") return;
  const id = `${scope.scope}/providers/${scope.namespace}/${firstType}/${firstName}`;
  if (!getResource(context.store, id))
    throw resourceNotFound(id, `${scope.namespace}/${firstType}`, firstName);
}

/** @throws AzureError where another assignment stands in the way */
function checkOthers({ call, id, name, existing }: Write, wanted: Wanted): void {
  const { store } = call.context;
  const named = roleAssignmentNamed(store, name);
  const before = existing?.body.properties;
  const changed =
    before &&
    (before.principalId !== wanted.principalId || before.roleDefinitionId !== wanted.roleDefinitionId);
  if (changed || (named && resourceKey(named.body.id) !== resourceKey(id))) {
    throw new AzureError(
      400,
      "RoleAssignmentUpdateNotPermitted",
      "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
    );
  }
  if (existing) return;
  const scope = resourceKey(call.path.scope);
  const same = roleAssignmentsOf(store, wanted.principalId).some(
    ({ body }) =>
      resourceKey(assignmentScope(body.id)) === scope &&
      body.properties.roleDefinitionId === wanted.roleDefinitionId,
  );
  if (same) throw new AzureError(409, "RoleAssignmentExists", "The role assignment already exists.");
  if (countRoleAssignments(store) >= assignmentsPerSubscription) {
    throw new AzureError(
      400,
      "RoleAssignmentLimitExceeded",
      `No more role assignments can be created (code: RoleAssignmentLimitExceeded). The limit is ${assignmentsPerSubscription}.`,
    );
  }
}

/** The condition's version goes up, never back. */
function checkVersion({ existing }: Write, { conditionVersion }: Wanted): void {
  if (existing?.body.properties.conditionVersion === "2.0" && conditionVersion === "1.0") {
    throw new AzureError(
      400,
      "RoleAssignmentUpdateNotPermitted",
      "The condition version of a role assignment is not allowed to be lowered.",
    );
  }
}

/** What a condition may look at that lets somebody give out some roles only. */
function attributes({ context, method, path, body }: ArmCall): Record<string, string> {
  const stored = getResource(context.store, path.id)?.body.properties;
  const properties = method === "PUT" ? objectIn(body, "properties") : (stored ?? {});
  const text = (name: string) => textIn(properties, name) ?? "";
  return {
    [`${type}:RoleDefinitionId`]: roleGuid(text("roleDefinitionId")),
    [`${type}:PrincipalId`]: text("principalId"),
    [`${type}:PrincipalType`]: text("principalType"),
  };
}

function write(write: Write): StoredResource {
  const { call, id, name, existing } = write;
  const { context } = call;
  checkScopeExists(call);
  const wanted = readWanted(write);
  checkOthers(write, wanted);
  checkVersion(write, wanted);
  const now = new Date(context.clock.now()).toISOString();
  const before = existing?.body.properties;
  return {
    body: {
      id,
      name,
      type,
      properties: {
        ...defined({ ...wanted }),
        scope: call.path.scope === "" ? "/" : call.path.scope,
        condition: wanted.condition ?? null,
        conditionVersion: wanted.conditionVersion ?? null,
        createdOn: before?.createdOn ?? now,
        updatedOn: now,
        createdBy: before?.createdBy ?? call.caller.oid,
        updatedBy: call.caller.oid,
      },
    },
    visibleAt: existing?.visibleAt ?? context.faults.visibleAt("roleAssignment"),
  };
}

/**
 * Assignments at, above and beneath the scope; `atScope()` leaves out those beneath.
 *
 * @see https://learn.microsoft.com/azure/role-based-access-control/role-assignments-list-rest
 */
function list({ context, path, query }: ArmCall): StoredResource[] {
  const scope = resourceKey(path.scope);
  const isBeneath = ({ body }: StoredResource) =>
    resourceKey(assignmentScope(body.id)).startsWith(`${scope}/`);
  const isAtOrAbove = ({ body }: StoredResource) => {
    const own = resourceKey(assignmentScope(body.id));
    return own === "" || own === scope || scope.startsWith(`${own}/`);
  };
  const filter = query.get("$filter") ?? "";
  const terms = filter === "" ? [] : parseFilter(filter);
  let principalId: string | undefined;
  let withBeneath = true;
  for (const term of terms) {
    if (term.kind === "eq" && term.field === "principalid") principalId = term.value;
    else if (term.kind === "call" && term.name === "assignedto") principalId = term.argument;
    else if (term.kind === "call" && term.name === "atscope") withBeneath = false;
    else throw invalidFilter(filter);
  }
  const candidates =
    principalId === undefined ? allAssignments(context.store) : roleAssignmentsOf(context.store, principalId);
  return candidates.filter((each) => isAtOrAbove(each) || (withBeneath && isBeneath(each)));
}

const allAssignments = (store: ArmCall["context"]["store"]) =>
  listResources(store, "/").filter(({ body }) => body.type === type);

export const roleAssignment: ResourceType = {
  type,
  apiVersions: [
    ...["2022-04-01", "2021-04-01-preview", "2020-10-01-preview", "2020-08-01-preview", "2020-04-01-preview"],
    ...[
      "2020-03-01-preview",
      "2018-09-01-preview",
      "2018-07-01",
      "2018-01-01-preview",
      "2017-09-01",
      "2015-07-01",
    ],
  ],
  level: "extension",
  methods: ["PUT", "DELETE"],
  checkName: (name) => {
    if (guid.test(name)) return;
    throw new AzureError(
      400,
      "InvalidRoleAssignmentId",
      `The role assignment ID '${name}' is not valid. The role assignment ID must be a GUID.`,
    );
  },
  attributes,
  // A guess: what tools print holds their own wait for the replication too.
  writeSeconds: 2,
  write,
  deleteShowsBody: true,
  list,
};
