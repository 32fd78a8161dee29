import { broadReason, HOW_TO_ACCEPT } from "../core/broad-grant";
import { isAzureNative, type Resource, UNKNOWN, type Value } from "../core/resource";
import type { ResourceRule, Violation } from "../core/rule";
import { isProperties, shown, valueAt } from "../core/setting";

/**
 * The built-in roles that act on every service, or that let their holder grant roles without a condition.
 *
 * @see https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/privileged
 */
export const BROAD_ROLES: Readonly<Record<string, string>> = {
  "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
  "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
  "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
  "f58310d9-a9f6-439a-9e8d-f62e7b41a168": "Role Based Access Control Administrator",
};

const GUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/i;
/** A wildcard in the service's place, unless it is only to read what ARM shows. */
const ANY_SERVICE = /^[^/]*\*[^/]*(\/(?!(.*\/)?read$).*)?$/i;
/** A wildcard in the service's place: reading counts, since data actions read secrets and documents. */
const ANY_DATA = /^[^/]*\*[^/]*(\/.*)?$/;
/** With these, a role's holder can give themselves any role. */
const GRANTING_ACTIONS = [
  "microsoft.authorization/roleassignments/write",
  "microsoft.authorization/roledefinitions/write",
];

/**
 * The fixed roles of a database whose members do everything in it, or decide who may.
 *
 * @see https://learn.microsoft.com/sql/relational-databases/security/authentication-access/database-level-roles
 */
const BROAD_DATABASE_ROLES = ["db_owner", "db_securityadmin", "db_accessadmin"];

/** Nobody is granted a role that reaches beyond one service, be it built in or made for the purpose. */
export const noBroadRole: ResourceRule = {
  name: "no-broad-role",
  description:
    "No Owner, Contributor, User Access Administrator, Role Based Access Control Administrator, nor a custom role as broad; no db_owner.",
  url: "https://learn.microsoft.com/azure/role-based-access-control/best-practices",
  check: (resource) => (broadReason(resource.properties) === undefined ? broadRole(resource) : []),
};

/** What makes the role of a grant, or a role definition, a broad one, whether accepted or not. */
export function broadRole(resource: Resource): Violation[] {
  if (isAzureNative(resource.type, "authorization:RoleAssignment")) return broadAssignment(resource);
  if (isAzureNative(resource.type, "authorization:RoleDefinition")) return broadDefinition(resource);
  if (resource.type === "pulumi-nodejs:dynamic/azure-keyless:SqlDatabaseUser") return broadUser(resource);
  return [];
}

function broadUser({ properties }: Resource): Violation[] {
  return eachIn("roles", valueAt(properties, "roles"), (role, property) => {
    if (typeof role !== "string") return [unreadable(property, "a string", role)];
    if (!BROAD_DATABASE_ROLES.includes(role.toLowerCase())) return [];
    const remedy = "Give the user the roles that its work takes, such as db_datareader and db_datawriter.";
    return [{ property, allowed: "a role for work in the database", found: role, remedy }];
  });
}

function broadAssignment({ properties }: Resource): Violation[] {
  const id = valueAt(properties, "roleDefinitionId");
  if (id === UNKNOWN) return [];
  const violation = (allowed: string, found: string, remedy: string): Violation[] => [
    { property: "roleDefinitionId", allowed, found, remedy },
  ];
  if (typeof id !== "string" || !GUID.test(id))
    return violation("the id of a role definition", shown(id), "Name the role by its GUID.");
  const guid = Object.keys(BROAD_ROLES).find((broad) => id.toLowerCase().includes(broad));
  if (guid === undefined) return [];
  return violation(
    "a role made for one service",
    `${BROAD_ROLES[guid]} (${guid})`,
    `Grant the least role that allows what is needed, such as Key Vault Secrets User. ${HOW_TO_ACCEPT}`,
  );
}

function broadDefinition({ properties }: Resource): Violation[] {
  return eachIn("permissions", valueAt(properties, "permissions"), (permission, property) => {
    if (!isProperties(permission)) return [unreadable(property, "an object", permission)];
    return (["actions", "dataActions"] as const).flatMap((list) => {
      const actions = valueAt(permission, list);
      if (actions === undefined) return [];
      return eachIn(`${property}.${list}`, actions, (action, path) => broadAction(path, list, action));
    });
  });
}

/** `notActions` do not count: what they leave changes whenever Azure gets a new operation. */
function broadAction(property: string, list: "actions" | "dataActions", action: Value): Violation[] {
  if (typeof action !== "string") return [unreadable(property, "a string", action)];
  const isBroad =
    list === "dataActions"
      ? ANY_DATA.test(action)
      : ANY_SERVICE.test(action) || GRANTING_ACTIONS.some((granting) => matches(action, granting));
  if (!isBroad) return [];
  return [
    {
      property,
      allowed: "an operation of one service that cannot hand out roles",
      found: shown(action),
      remedy: `List the operations that are needed. ${HOW_TO_ACCEPT}`,
    },
  ];
}

/** What `check` finds in the known elements of a list, or that it is no list. */
function eachIn(
  property: string,
  list: Value,
  check: (element: Value, path: string) => Violation[],
): Violation[] {
  if (list === UNKNOWN) return [];
  if (!Array.isArray(list)) return [unreadable(property, "a list", list)];
  return list.flatMap((element, i) => (element === UNKNOWN ? [] : check(element, `${property}[${i}]`)));
}

/** Azure's own matching: `*` stands for any text, slashes too, and case does not matter. */
function matches(pattern: string, action: string): boolean {
  const [first = "", ...rest] = pattern.toLowerCase().split("*");
  if (rest.length === 0) return action === first;
  if (!action.startsWith(first)) return false;
  const last = rest.pop() ?? "";
  let from = first.length;
  for (const part of rest) {
    const at = action.indexOf(part, from);
    if (at === -1) return false;
    from = at + part.length;
  }
  return action.length - last.length >= from && action.endsWith(last);
}

function unreadable(property: string, allowed: string, value: Value): Violation {
  const remedy = "Correct it, so that what the role allows can be read.";
  return { property, allowed, found: shown(value), remedy };
}
