// The data is JSON, made by `npm run generate`, because JSON loads in a fiftieth of the time that TypeScript takes.
import roles from "./role-catalogue.json";

/**
 * Azure's built-in roles and their GUIDs, without those that reach beyond one service or hand out roles.
 *
 * @see https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
 */
export const roleCatalogue = roles;

/** The name of a built-in role, as Azure writes it. */
export type RoleName = keyof typeof roleCatalogue;
