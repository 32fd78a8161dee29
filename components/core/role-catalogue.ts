// The data is JSON, made by `npm run generate`, because JSON loads in a fraction of the time that TypeScript takes.
import roles from "./built-in-roles.json";

/**
 * Azure's built-in roles and their GUIDs, without those that reach beyond one service or hand out roles.
 *
 * @see https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
 */
export const roleCatalogue = roles;

/** The name of a built-in role, as Azure writes it. */
export type RoleName = keyof typeof roleCatalogue;
