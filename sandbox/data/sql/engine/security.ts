import type { Securable, Statement } from "../language/syntax";
import type { Grant, StoredPrincipal } from "./database";
import {
  duplicateSid,
  externalProviderUnavailable,
  missingOrNotPermitted,
  notPermitted,
  principalExists,
  SqlError,
  unsupported,
} from "./errors";
import { evaluate, type Scope } from "./evaluate";
import { fixedRoles, isFixedPrincipal } from "./fixed-principals";
import { isOwner, may } from "./permissions";
import type { Session } from "./session";

type Of<K extends Statement["kind"]> = Extract<Statement, { kind: K }>;

const isRole = (session: Session, name: string) =>
  fixedRoles.has(name.toLowerCase()) || session.database.principal(name)?.type === "R";

/**
 * CREATE USER … WITH SID = …, TYPE = E. The SID is taken as it is: one that belongs to nobody makes a user that
 * nobody can log in as.
 */
export function createUser({ name, sid, type }: Of<"createUser">, scope: Scope): void {
  const { session } = scope.batch;
  const { database } = session;
  const bytes = evaluate(sid, scope);
  if (!may(session, "ALTER ANY USER")) throw notPermitted();
  if (isFixedPrincipal(name) || database.principal(name)) throw principalExists(name);
  if (!Buffer.isBuffer(bytes) || bytes.length !== 16) {
    throw new SqlError(15419, "Supplied parameter sid should be binary(16).");
  }
  const hex = bytes.toString("hex");
  if (database.principalBySid(hex)) throw duplicateSid(name);
  addPrincipal(session, { name, type, sid: hex });
}

/** The server would have to ask the directory, for which it needs an identity of its own; the sandbox's has none. */
export function createUserFromExternalProvider(
  { name }: Of<"createUserFromExternalProvider">,
  session: Session,
): void {
  if (!may(session, "ALTER ANY USER")) throw notPermitted();
  throw externalProviderUnavailable(name);
}

export function createRole({ name }: Of<"createRole">, session: Session): void {
  if (!may(session, "CREATE ROLE")) throw notPermitted();
  if (isFixedPrincipal(name) || session.database.principal(name)) throw principalExists(name);
  addPrincipal(session, { name, type: "R", sid: "" });
}

function addPrincipal(session: Session, principal: Pick<StoredPrincipal, "name" | "type" | "sid">): void {
  const { database } = session;
  const id = database.nextPrincipalId();
  database.putPrincipal({ ...principal, id, created: session.now(), roles: [], grants: [] });
}

export function dropPrincipal(statement: Of<"dropPrincipal">, session: Session): void {
  const { principal: kind, name, ifExists } = statement;
  const { database } = session;
  const found = isFixedPrincipal(name) ? undefined : database.principal(name);
  const fits = found && (kind === "role") === (found.type === "R");
  if (!fits && ifExists && !isFixedPrincipal(name)) return;
  if (!fits || !may(session, kind === "role" ? "ALTER ANY ROLE" : "ALTER ANY USER")) {
    throw missingOrNotPermitted("drop", kind, name);
  }
  const members = database.principals().filter(({ roles }) => roles.some((role) => sameName(role, name)));
  if (kind === "role" && members.length > 0) {
    throw new SqlError(15144, "The role has members. It must be empty before it can be dropped.");
  }
  database.removePrincipal(name);
}

const sameName = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();

export function alterRole({ role, change, member }: Of<"alterRole">, session: Session): void {
  const { database } = session;
  // Members of a fixed role are made by the database's owner alone.
  const permitted = fixedRoles.has(role.toLowerCase()) ? isOwner(session) : may(session, "ALTER ANY ROLE");
  if (!isRole(session, role) || !permitted || sameName(role, "public")) {
    throw missingOrNotPermitted("alter", "role", role);
  }
  const principal = isFixedPrincipal(member) ? undefined : database.principal(member);
  if (!principal) throw missingOrNotPermitted(change, "principal", member);
  const others = principal.roles.filter((name) => !sameName(name, role));
  if (change === "drop") {
    database.putPrincipal({ ...principal, roles: others });
    return;
  }
  if (principal.type === "R" && reaches(session, role, member)) {
    throw new SqlError(15413, "Cannot make a role a member of itself.");
  }
  const name =
    [...fixedRoles.keys()].find((fixed) => sameName(fixed, role)) ?? database.principal(role)?.name ?? role;
  database.putPrincipal({ ...principal, roles: [...others, name] });
}

/** Whether `role` is `wanted` or is, through any roles, a member of it. */
function reaches(session: Session, role: string, wanted: string): boolean {
  if (sameName(role, wanted)) return true;
  return (session.database.principal(role)?.roles ?? []).some((outer) => reaches(session, outer, wanted));
}

/** Permissions that a statement may name: those that mean something here, and those that only show in the catalog. */
const onDatabase = new Set(
  "SELECT,INSERT,UPDATE,DELETE,EXECUTE,REFERENCES,ALTER,CONTROL,CONNECT,CREATE TABLE,CREATE ROLE,ALTER ANY USER,ALTER ANY ROLE,VIEW DEFINITION,VIEW DATABASE STATE".split(
    ",",
  ),
);
const onObject = new Set(
  "SELECT,INSERT,UPDATE,DELETE,EXECUTE,REFERENCES,ALTER,CONTROL,VIEW DEFINITION".split(","),
);

export function changePermission(statement: Of<"permission">, session: Session): void {
  const { verb, permissions, on, principals } = statement;
  const { database } = session;
  if (!isOwner(session) && !may(session, "CONTROL GRANTS")) {
    throw new SqlError(4613, "Grantor does not have GRANT permission.");
  }
  const target = grantTarget(on, session);
  const known = on.class === "DATABASE" ? onDatabase : onObject;
  const unknown = permissions.find((permission) => !known.has(permission));
  if (unknown !== undefined) throw unsupported(`permission ${unknown}`);
  for (const name of principals) {
    const principal = grantee(name, session);
    const isSame = (grant: Grant) =>
      permissions.includes(grant.permission) &&
      grant.class === target.class &&
      grant.object === target.object;
    const grants = principal.grants.filter((grant) => !isSame(grant));
    if (verb !== "revoke") {
      const state = verb === "grant" ? "GRANT" : "DENY";
      grants.push(...permissions.map((permission): Grant => ({ permission, state, ...target })));
    }
    database.putPrincipal({ ...principal, grants });
  }
}

function grantTarget(
  { class: securable, name }: Securable,
  { database }: Session,
): Pick<Grant, "class" | "object"> {
  if (securable === "DATABASE") {
    if (name.name !== "" && !sameName(name.name, database.name))
      throw missingOrNotPermitted("find", "database", name.name);
    return { class: "DATABASE" };
  }
  if (securable === "SCHEMA") {
    if (!sameName(name.name, "dbo")) throw missingOrNotPermitted("find", "schema", name.name);
    return { class: "SCHEMA" };
  }
  const isDbo = name.schema === undefined || sameName(name.schema, "dbo");
  const table = isDbo ? database.table(name.name) : undefined;
  if (!table) throw missingOrNotPermitted("find", "object", name.name);
  return { class: "OBJECT", object: table.name.toLowerCase() };
}

function grantee(name: string, { database }: Session): StoredPrincipal {
  if (isFixedPrincipal(name) && !sameName(name, "public")) {
    throw new SqlError(4617, "Cannot grant, deny or revoke permissions to or from special roles.");
  }
  const principal = database.principal(name);
  if (!principal) throw missingOrNotPermitted("find", "user", name);
  return principal;
}
