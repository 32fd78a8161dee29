import type { User } from "./authentication";
import type { AzureSide } from "./azure-side";
import { builtInKind, type Kind } from "./kinds";
import { at, recordsAt, type StoredObject } from "./object";
import type { ClusterRuntime } from "./runtime";
import { forbidden } from "./status";

/** What a caller wants to do to which objects. */
export interface Attributes {
  verb: string;
  kind: Pick<Kind, "group" | "plural">;
  subresource?: string | undefined;
  namespace?: string | undefined;
  name?: string | undefined;
}

export type Access = { allowed: true; reason: string } | { allowed: false; reason: string };

const azureVerbs: Record<string, string> = {
  get: "read",
  list: "read",
  watch: "read",
  create: "write",
  update: "write",
  patch: "write",
  delete: "delete",
  deletecollection: "delete",
};

/** Azure role assignments and Kubernetes' own bindings; either suffices. */
export function access(runtime: ClusterRuntime, user: User, attributes: Attributes): Access {
  if (allowedByBinding(runtime, user, attributes))
    return { allowed: true, reason: "RBAC: allowed by a binding" };
  return accessFromAzure(runtime, user, attributes);
}

/**
 * What Azure says of a request: membership in an administrators' group of the cluster, and role assignments where the
 * cluster takes them.
 * @see https://learn.microsoft.com/azure/aks/manage-azure-rbac
 */
export function accessFromAzure(side: AzureSide, user: User, attributes: Attributes): Access {
  const { cluster } = side;
  if (user.groups.some((group) => cluster.adminGroupObjectIds.includes(group))) {
    return { allowed: true, reason: "member of an administrators' group of the cluster" };
  }
  if (!cluster.azureRbac) return { allowed: false, reason: "" };
  // As AKS words it: https://github.com/Azure/azure-workload-identity/issues/856
  if (!user.objectId) return { allowed: false, reason: "Azure does not have opinion for this user." };
  const decision = azureDecision(side, user.objectId, attributes);
  return decision.allowed
    ? { allowed: true, reason: `Access allowed by Azure RBAC Role Assignment ${decision.assignmentId}` }
    : {
        allowed: false,
        reason: "User does not have access to the resource in Azure. Update role assignment to allow access.",
      };
}

/** @throws ApiError 403 */
export function authorize(
  runtime: ClusterRuntime,
  user: User,
  attributes: Attributes & { kind: Kind },
): void {
  const decision = access(runtime, user, attributes);
  if (decision.allowed) return;
  const { verb, kind, subresource, namespace, name } = attributes;
  const resource = subresource ? `${kind.plural}/${subresource}` : kind.plural;
  const where = namespace ? ` in the namespace "${namespace}"` : " at the cluster scope";
  const why = decision.reason && `: ${decision.reason}`;
  throw forbidden(
    kind,
    name ?? "",
    `User "${user.name}" cannot ${verb} resource "${resource}" in API group "${kind.group}"${where}${why}`,
  );
}

function azureDecision({ context, cluster }: AzureSide, principalId: string, attributes: Attributes) {
  const { kind, verb, subresource, namespace } = attributes;
  const exec = kind.plural === "pods" && subresource === "exec";
  const operation = [
    "Microsoft.ContainerService/managedClusters",
    ...(kind.group ? [kind.group] : []),
    kind.plural,
    exec ? "exec/action" : (azureVerbs[verb] ?? `${verb}/action`),
  ].join("/");
  const scope = namespace ? `${cluster.id}/namespaces/${namespace}` : cluster.id;
  return context.authorizer.decide({ principalId, operation, dataAction: true, scope });
}

const clusterRoleBindings = builtInKind("ClusterRoleBinding");
const roleBindings = builtInKind("RoleBinding");
const clusterRoles = builtInKind("ClusterRole");
const roles = builtInKind("Role");

function allowedByBinding({ objects }: ClusterRuntime, user: User, attributes: Attributes): boolean {
  const { namespace } = attributes;
  const bindings = [
    ...objects.all(clusterRoleBindings),
    ...(namespace === undefined ? [] : objects.all(roleBindings, namespace)),
  ];
  return bindings.some((binding) => {
    if (!recordsAt(binding, "subjects").some((subject) => isSubject(subject, user, binding))) return false;
    const name = String(at(binding, "roleRef", "name"));
    const role =
      at(binding, "roleRef", "kind") === "ClusterRole"
        ? objects.get(clusterRoles, undefined, name)
        : objects.get(roles, binding.metadata.namespace, name);
    return recordsAt(role, "rules").some((rule) => ruleAllows(rule, attributes));
  });
}

function isSubject(subject: Record<string, unknown>, user: User, binding: StoredObject): boolean {
  if (subject.kind === "User") return subject.name === user.name;
  if (subject.kind === "Group") return user.groups.includes(String(subject.name));
  const namespace = String(subject.namespace ?? binding.metadata.namespace);
  return user.name === `system:serviceaccount:${namespace}:${String(subject.name)}`;
}

function ruleAllows(rule: Record<string, unknown>, attributes: Attributes): boolean {
  const { kind, verb, subresource, name } = attributes;
  const has = (field: string, ...wanted: string[]) => {
    const listed = rule[field];
    return Array.isArray(listed) && ["*", ...wanted].some((value) => listed.includes(value));
  };
  const names = rule.resourceNames;
  return (
    has("verbs", verb) &&
    has("apiGroups", kind.group) &&
    has("resources", subresource ? `${kind.plural}/${subresource}` : kind.plural) &&
    (!Array.isArray(names) || names.length === 0 || (name !== undefined && names.includes(name)))
  );
}
