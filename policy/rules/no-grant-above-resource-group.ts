import { broadReason, HOW_TO_ACCEPT } from "../core/broad-grant";
import { isAzureNative, type Resource, UNKNOWN } from "../core/resource";
import type { ResourceRule, Violation } from "../core/rule";
import { shown, valueAt } from "../core/setting";

/** A resource group, anything in one, or a single resource that belongs to the subscription itself. */
const NARROW_ENOUGH =
  /^\/subscriptions\/[^/]+\/(resourceGroups\/[^/]+(\/.+)?|providers\/[^/]+\/[^/]+\/[^/]+(\/.+)?)$/i;

const NAMES: readonly [RegExp, string][] = [
  [/^\/subscriptions\/[^/]+$/i, "the whole subscription"],
  [/^\/providers\/Microsoft\.Management\/managementGroups\/[^/]+$/i, "a whole management group"],
  [/^$/, "the whole tenant"],
];

/** Every grant is made on a resource group or something smaller. */
export const noGrantAboveResourceGroup: ResourceRule = {
  name: "no-grant-above-resource-group",
  description: "No role is granted on a subscription, a management group or the tenant.",
  url: "https://learn.microsoft.com/azure/role-based-access-control/scope-overview",
  check: (resource) => (broadReason(resource.properties) === undefined ? broadScope(resource) : []),
};

/** What makes the scope of a role assignment a broad one, whether accepted or not. */
export function broadScope({ type, properties }: Resource): Violation[] {
  if (!isAzureNative(type, "authorization:RoleAssignment")) return [];
  const value = valueAt(properties, "scope");
  if (value === UNKNOWN) return [];
  const scope = typeof value === "string" ? value.trim().replace(/\/+$/, "") : undefined;
  if (scope !== undefined && NARROW_ENOUGH.test(scope)) return [];
  const name = NAMES.find(([pattern]) => scope !== undefined && pattern.test(scope))?.[1];
  return [
    {
      property: "scope",
      allowed: "the id of a resource group or of something in one",
      found: name ? `${shown(value)}, ${name}` : shown(value),
      remedy: `Grant the role on the resource that is used, at its narrowest: one secret, one container, one database. ${HOW_TO_ACCEPT}`,
    },
  ];
}
