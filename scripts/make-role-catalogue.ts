import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isBroadRole, type RoleDefinition } from "../components/core/broad-role";

const root = join(__dirname, "..");

/** The text of `components/core/role-catalogue.ts`, made from the role data. */
export function roleCatalogueSource(roles: RoleDefinition[]): string {
  const entries = roles
    .filter((role) => !isBroadRole(role))
    .map((role) => `  ${JSON.stringify(role.roleName)}: ${JSON.stringify(role.name)},`)
    .sort();
  return [
    "// Made by `npm run generate` from data/azure-built-in-roles.json; edit neither by hand.",
    "",
    "/**",
    " * Azure's built-in roles and their GUIDs, without those that reach beyond one service or hand out roles.",
    " *",
    " * @see https://learn.microsoft.com/azure/role-based-access-control/built-in-roles",
    " */",
    "export const roleCatalogue = {",
    ...entries,
    "} as const;",
    "",
    "/** The name of a built-in role, as Azure writes it. */",
    "export type RoleName = keyof typeof roleCatalogue;",
    "",
  ].join("\n");
}

export const readRoles = (): RoleDefinition[] =>
  JSON.parse(readFileSync(join(root, "data/azure-built-in-roles.json"), "utf8"));

if (require.main === module) {
  writeFileSync(join(root, "components/core/role-catalogue.ts"), roleCatalogueSource(readRoles()));
}
