import type { Database, Grant, StoredPrincipal } from "./database";
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

/** The session's user, unless it was dropped meanwhile; one of the same name with another SID is another. */
function userOf({ database, userName, sid }: Session): StoredPrincipal | undefined {
  const user = database.principal(userName);
  return user?.sid === sid ? user : undefined;
}

/** Whether the session's user owns the database: as administrator of the server or member of db_owner. */
export const isOwner = (session: Session): boolean =>
  session.sid === undefined ||
  (userOf(session) !== undefined && rolesOf(session.database, session.userName).has("db_owner"));

/**
 * Whether the session's user may do this: on the database as a whole, or on a table. A DENY outweighs every GRANT
 * and every role; the administrator is beyond both. A user that was dropped meanwhile may nothing.
 *
 * @param table name of the table
 */
export function may(session: Session, permission: string, table?: string): boolean {
  if (session.sid === undefined) return true;
  const { database, userName } = session;
  const user = userOf(session);
  if (!user) return false;
  const roles = [...rolesOf(database, userName)];
  if (roles.some((role) => deniedByRole[role]?.includes(permission))) return false;
  const grants = [user, ...roles.map((role) => database.principal(role))].flatMap(
    (principal) => principal?.grants ?? [],
  );
  const applying = grants.filter((grant) => applies(grant, permission, table));
  if (applying.some(({ state }) => state === "DENY")) return false;
  return (
    roles.includes("db_owner") ||
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
