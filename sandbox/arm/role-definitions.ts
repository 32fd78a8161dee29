import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Store } from "../core/store";
import type { StoredResource } from "./resource";
import { customRoleNamed } from "./resource-index";

/** One set of permissions of a role. */
export interface RolePermission {
  actions: string[];
  notActions: string[];
  dataActions: string[];
  notDataActions: string[];
  /** Holds for the permission, whatever the assignment says. */
  condition?: string | null;
  conditionVersion?: string | null;
}

/** A role as the data set, or a custom role's body, has it. */
export interface RoleDefinition {
  /** The GUID. */
  name: string;
  roleName: string;
  roleType: "BuiltInRole" | "CustomRole";
  description: string;
  assignableScopes: string[];
  permissions: RolePermission[];
}

const dataFile = join(__dirname, "../../data/azure-built-in-roles.json");

let builtIn: Map<string, RoleDefinition> | undefined;

/** Azure's built-in roles by GUID in lower case. */
export function builtInRoles(): Map<string, RoleDefinition> {
  if (!builtIn) {
    const roles = JSON.parse(readFileSync(dataFile, "utf8")) as RoleDefinition[];
    builtIn = new Map(roles.map((role) => [role.name.toLowerCase(), role]));
  }
  return builtIn;
}

/** A custom role's body has ARM's form, in which `type` says that it is custom. */
function customRole({ body }: StoredResource): RoleDefinition {
  const properties = body.properties as unknown as Omit<RoleDefinition, "name" | "roleType">;
  return { ...properties, name: body.name, roleType: "CustomRole" };
}

/** The GUID at the end of a role definition's id, in lower case. */
export const roleGuid = (roleDefinitionId: string): string =>
  roleDefinitionId.split("/").at(-1)!.toLowerCase();

/** The role that an id ends with, built-in or custom. */
export function findRole(store: Store, roleDefinitionId: string): RoleDefinition | undefined {
  const guid = roleGuid(roleDefinitionId);
  const known = builtInRoles().get(guid);
  if (known) return known;
  const stored = customRoleNamed(store, guid);
  return stored && customRole(stored);
}
