import type { Database, Grant } from "./database";
import type { Session } from "./session";

/** What the fixed roles allow, beside db_owner, which allows all. */
const allowedByRole: Record<string, readonly string[]> = {
  db_datareader: ["SELECT"],
  db_datawriter: ["INSERT", "UPDATE", "DELETE"],
  db_ddladmin: ["CREATE TABLE", "ALTER"],
  db_accessadmin: ["ALTER ANY USER"],
  db_securityadmin: ["ALTER ANY ROLE", "CREATE ROLE", "CONTROL GRANTS", "VIEW DEFINITION"],
};
const deniedByRole: Record<string, readonly string[]> = {
  db_denydatareader: ["SELECT"],
  db_denydatawriter: ["INSERT", "UPDATE", "DELETE"],
};

/** All roles that a principal is in, also through other roles, in lower case and with "public". */
export function rolesOf(database: Database, name: string): Set<string> {
  const found = new Set(["public"]);
  const visit = (principal: string) => {
    for (const role of database.principal(principal)?.roles ?? []) {
      const key = role.toLowerCase();
      if (found.has(key)) continue;
      found.add(key);
      visit(role);
    }
  };
  visit(name);
  return found;
}

/** Whether the session's user owns the database: as administrator of the server or member of db_owner. */
export const isOwner = ({ database, isAdministrator, userName }: Session): boolean =>
  isAdministrator || rolesOf(database, userName).has("db_owner");

/**
 * Whether the session's user may do this: on the database as a whole, or on a table. A DENY outweighs every GRANT,
 * and an owner is beyond both. A user that was dropped meanwhile may nothing.
 *
 * @param table name of the table
 */
export function may(session: Session, permission: string, table?: string): boolean {
  if (isOwner(session)) return true;
  const { database, userName } = session;
  const user = database.principal(userName);
  if (!user) return false;
  const roles = [...rolesOf(database, userName)];
  if (roles.some((role) => deniedByRole[role]?.includes(permission))) return false;
  const grants = [user, ...roles.map((role) => database.principal(role))].flatMap(
    (principal) => principal?.grants ?? [],
  );
  const applying = grants.filter((grant) => applies(grant, permission, table));
  if (applying.some(({ state }) => state === "DENY")) return false;
  return (
    applying.some(({ state }) => state === "GRANT") ||
    roles.some((role) => allowedByRole[role]?.includes(permission))
  );
}

function applies(grant: Grant, permission: string, table: string | undefined): boolean {
  if (grant.permission !== permission && grant.permission !== "CONTROL") return false;
  if (grant.class === "DATABASE") return true;
  if (table === undefined) return false;
  return grant.class === "SCHEMA" || grant.object === table.toLowerCase();
}
