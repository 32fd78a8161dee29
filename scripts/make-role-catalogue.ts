import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isBroadRole, type RoleDefinition } from "../components/core/broad-role";

const root = join(__dirname, "..");

/** The text of `components/core/built-in-roles.json`, made from the role data. */
export function builtInRolesJson(roles: RoleDefinition[]): string {
  const entries = roles
    .filter((role) => !isBroadRole(role))
    .map((role): [string, string] => [role.roleName, role.name])
    .sort(([one], [other]) => (one < other ? -1 : 1));
  return `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`;
}

export const readRoles = (): RoleDefinition[] =>
  JSON.parse(readFileSync(join(root, "data/azure-built-in-roles.json"), "utf8"));

if (require.main === module) {
  writeFileSync(join(root, "components/core/built-in-roles.json"), builtInRolesJson(readRoles()));
}
