import { randomUUID } from "node:crypto";
import { convert, toText } from "./convert";
import { SqlError, unsupported } from "./errors";
import { fixedRoles, fixedUsers } from "./fixed-principals";
import { may, rolesOf } from "./permissions";
import type { Session } from "./session";
import { Guid, type SqlValue } from "./values";

type Scalar = (session: Session, ...args: SqlValue[]) => SqlValue;

const textOf = (value: SqlValue | undefined) => (value == null ? undefined : toText(value));
/** A function of one text; null for null. */
const ofText =
  (apply: (text: string) => SqlValue): Scalar =>
  (_session, value = null) =>
    value === null ? null : apply(toText(value));

const currentUser: Scalar = ({ userName }) => userName;
const login: Scalar = ({ loginName }) => loginName;
const now: Scalar = (session) => new Date(session.now());

/** 1 or 0; null when there is no such role. */
function isMember(session: Session, role: string | undefined, member: string): SqlValue {
  if (role === undefined) return null;
  const known = fixedRoles.has(role.toLowerCase()) || session.database.principal(role)?.type === "R";
  if (!known) return null;
  if (member.toLowerCase() === "dbo")
    return role.toLowerCase() === "db_owner" || role.toLowerCase() === "public" ? 1 : 0;
  return rolesOf(session.database, member).has(role.toLowerCase()) ? 1 : 0;
}

function principalId(session: Session, name: string): SqlValue {
  const lower = name.toLowerCase();
  const fixedUser = [...fixedUsers].find(([user]) => user.toLowerCase() === lower)?.[1];
  return fixedRoles.get(lower) ?? fixedUser ?? session.database.principal(name)?.id ?? null;
}

/** @see https://learn.microsoft.com/sql/t-sql/functions/has-perms-by-name-transact-sql */
function hasPermission(
  session: Session,
  securable: SqlValue,
  kind: SqlValue,
  permission: SqlValue,
): SqlValue {
  const wanted = textOf(permission)?.toUpperCase();
  const name = textOf(securable)
    ?.replace(/^\[?dbo\]?\./i, "")
    .replace(/^\[(.*)\]$/, "$1");
  const securableClass = textOf(kind)?.toUpperCase();
  if (wanted === undefined) return null;
  if (securableClass === "DATABASE") return may(session, wanted) ? 1 : 0;
  if (securableClass !== "OBJECT" || name === undefined || !session.database.table(name)) return null;
  return may(session, wanted, name) ? 1 : 0;
}

function serverProperty(session: Session, property: string): SqlValue {
  switch (property.toLowerCase()) {
    case "engineedition":
      return 5;
    case "edition":
      return "SQL Azure";
    case "productversion":
      return "12.0.2000.8";
    case "servername":
      return session.database.server;
    case "isexternalauthenticationonly":
      return 1;
    default:
      return null;
  }
}

const scalars: { [name: string]: Scalar } = {
  suser_sname: login,
  suser_name: login,
  original_login: login,
  system_user: login,
  user_name: currentUser,
  current_user: currentUser,
  session_user: currentUser,
  user: currentUser,
  user_id: (session, name = session.userName) => principalId(session, textOf(name) ?? session.userName),
  database_principal_id: (session, name = session.userName) => principalId(session, textOf(name) ?? ""),
  is_member: (session, role) => isMember(session, textOf(role), session.userName),
  is_rolemember: (session, role, member) =>
    isMember(session, textOf(role), textOf(member) ?? session.userName),
  is_srvrolemember: () => 0,
  has_perms_by_name: (session, securable = null, kind = null, permission = null) =>
    hasPermission(session, securable, kind, permission),
  has_dbaccess: (session, name) =>
    textOf(name)?.toLowerCase() === session.database.name.toLowerCase() ? 1 : null,
  db_name: ({ database }) => database.name,
  db_id: () => 5,
  object_id: (session, name) => {
    const table = textOf(name)
      ?.replace(/^\[?dbo\]?\./i, "")
      .replace(/^\[(.*)\]$/, "$1");
    return table === undefined ? null : (session.database.table(table)?.id ?? null);
  },
  schema_name: () => "dbo",
  serverproperty: (session, property) => serverProperty(session, textOf(property) ?? ""),
  current_timestamp: now,
  getdate: now,
  getutcdate: now,
  sysdatetime: now,
  sysutcdatetime: now,
  newid: () => Guid.parse(randomUUID()) ?? null,
  len: ofText((text) => text.trimEnd().length),
  upper: ofText((text) => text.toUpperCase()),
  lower: ofText((text) => text.toLowerCase()),
  ltrim: ofText((text) => text.trimStart()),
  rtrim: ofText((text) => text.trimEnd()),
  trim: ofText((text) => text.trim()),
  datalength: (_session, value = null) =>
    value === null
      ? null
      : Buffer.isBuffer(value)
        ? value.length
        : Buffer.byteLength(toText(value), "utf16le"),
  quotename: (_session, name = null, quote = "[") => quoteName(name, textOf(quote)),
  concat: (_session, ...values) => values.map((value) => textOf(value) ?? "").join(""),
  isnull: (_session, value = null, otherwise = null) => value ?? otherwise,
  coalesce: (_session, ...values) => values.find((value) => value !== null) ?? null,
  abs: (_session, value = null) =>
    value === null ? null : Math.abs(convert(value, { name: "float" }) as number),
};

function quoteName(name: SqlValue, quote = "["): SqlValue {
  if (name === null) return null;
  const text = toText(name);
  if (text.length > 128) return null;
  if (quote === "[" || quote === "]") return `[${text.replaceAll("]", "]]")}]`;
  return quote === "'" || quote === '"' ? `${quote}${text.replaceAll(quote, quote + quote)}${quote}` : null;
}

/** @throws SqlError when there is no such function */
export function callFunction(session: Session, name: string, args: SqlValue[]): SqlValue {
  if (!Object.hasOwn(scalars, name)) throw unsupported(`function ${name.toUpperCase().slice(0, 100)}`);
  return scalars[name]!(session, ...args);
}

/** A variable of the server. @throws SqlError */
export function serverVariable(session: Session, name: string, rowCount: number): SqlValue {
  switch (name.toLowerCase()) {
    case "@@version":
      return "Microsoft SQL Azure (RTM) - 12.0.2000.8 (sandbox)";
    case "@@servername":
      return session.database.server;
    case "@@spid":
      return session.id;
    case "@@rowcount":
      return rowCount;
    case "@@trancount":
    case "@@error":
      return 0;
    default:
      throw new SqlError(137, `Must declare the scalar variable "${name}".`, 2, 15);
  }
}
