import type { StoredPrincipal } from "./database";
import { fixedRoles, fixedUsers } from "./fixed-principals";
import { may, rolesOf } from "./permissions";
import type { Session } from "./session";
import type { SqlType, SqlValue } from "./values";

/** A table or view, as a SELECT reads it. */
export interface Relation {
  columns: { name: string; type: SqlType }[];
  rows: SqlValue[][];
}

type CatalogRow = { [column: string]: SqlValue };

const name: SqlType = { name: "nvarchar", length: 128 };
const text: SqlType = { name: "nvarchar", length: 60 };
const code: SqlType = { name: "nvarchar", length: 4 };
const int: SqlType = { name: "int" };
const bit: SqlType = { name: "bit" };
const date: SqlType = { name: "datetime2" };
const sid: SqlType = { name: "varbinary", length: 85 };

interface View {
  columns: { [column: string]: SqlType };
  rows(session: Session): CatalogRow[];
}

const typeNames = { E: "EXTERNAL_USER", X: "EXTERNAL_GROUP", R: "DATABASE_ROLE", S: "SQL_USER" };
const ownSchemaId = 1;
const sysSchemaId = 4;

/** When the principals that every database has were made; one value for all, as in a new database. */
const epoch = new Date(Date.UTC(2003, 3, 8));

function principalRecord(
  principal: Omit<StoredPrincipal, "type"> & { type: keyof typeof typeNames },
): CatalogRow {
  const { type } = principal;
  const isRole = type === "R";
  const isExternal = type === "E" || type === "X";
  return {
    name: principal.name,
    principal_id: principal.id,
    type,
    type_desc: typeNames[type],
    default_schema_name: isRole ? null : "dbo",
    create_date: new Date(principal.created),
    modify_date: new Date(principal.created),
    owning_principal_id: isRole ? 1 : null,
    sid: principal.sid === "" ? null : Buffer.from(principal.sid, "hex"),
    is_fixed_role: isRole && principal.id >= 16384,
    authentication_type: isExternal ? 4 : principal.name === "dbo" ? 1 : 0,
    authentication_type_desc: isExternal ? "EXTERNAL" : principal.name === "dbo" ? "INSTANCE" : "NONE",
    default_language_name: null,
    default_language_lcid: null,
    allow_encrypted_value_modifications: false,
  };
}

function fixedPrincipals(): CatalogRow[] {
  const common = { created: epoch.getTime(), roles: [], grants: [] };
  return [
    ...[...fixedUsers].map(([user, id]) =>
      principalRecord({ ...common, id, name: user, type: "S", sid: id === 1 ? "01" : id === 2 ? "00" : "" }),
    ),
    ...[...fixedRoles].map(([role, id]) =>
      principalRecord({
        ...common,
        id,
        name: role,
        type: "R",
        sid: `0105000000000009040000000000000000000000${littleEndian(id)}`,
      }),
    ),
  ];
}

function littleEndian(id: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(id, 4);
  return bytes.toString("hex");
}

/** Others than itself a principal sees with the right to: https://learn.microsoft.com/sql/relational-databases/security/metadata-visibility-configuration */
function visiblePrincipals(session: Session): StoredPrincipal[] {
  const { database, userName } = session;
  const all = ["VIEW DEFINITION", "ALTER ANY USER", "ALTER ANY ROLE"].some((permission) =>
    may(session, permission),
  );
  const roles = rolesOf(database, userName);
  const isOwn = ({ name: candidate }: StoredPrincipal) =>
    candidate.toLowerCase() === userName.toLowerCase() || roles.has(candidate.toLowerCase());
  return database.principals().filter((principal) => all || isOwn(principal));
}

const visibleTables = (session: Session) =>
  session.database
    .tables()
    .filter((table) =>
      ["SELECT", "INSERT", "UPDATE", "DELETE", "ALTER", "VIEW DEFINITION"].some((permission) =>
        may(session, permission, table.name),
      ),
    );

/** A role's id, fixed or made. */
function principalId(session: Session, role: string): number {
  return fixedRoles.get(role.toLowerCase()) ?? session.database.principal(role)?.id ?? 0;
}

const principalColumns = {
  name,
  principal_id: int,
  type: code,
  type_desc: text,
  default_schema_name: name,
  create_date: date,
  modify_date: date,
  owning_principal_id: int,
  sid,
  is_fixed_role: bit,
  authentication_type: int,
  authentication_type_desc: text,
  default_language_name: name,
  default_language_lcid: int,
  allow_encrypted_value_modifications: bit,
};
const objectColumns = {
  name,
  object_id: int,
  schema_id: int,
  type: code,
  type_desc: text,
  create_date: date,
};

const objects = (session: Session) =>
  visibleTables(session).map((table) => ({
    name: table.name,
    object_id: table.id,
    schema_id: ownSchemaId,
    type: "U",
    type_desc: "USER_TABLE",
    create_date: new Date(table.created),
  }));

const views: { [name: string]: View } = {
  "sys.database_principals": {
    columns: principalColumns,
    rows: (session) => [...fixedPrincipals(), ...visiblePrincipals(session).map(principalRecord)],
  },
  "sys.database_role_members": {
    columns: { role_principal_id: int, member_principal_id: int },
    rows: (session) => [
      { role_principal_id: principalId(session, "db_owner"), member_principal_id: 1 },
      ...visiblePrincipals(session).flatMap(({ id, roles }) =>
        roles.map((role) => ({ role_principal_id: principalId(session, role), member_principal_id: id })),
      ),
    ],
  },
  "sys.database_permissions": {
    columns: {
      class: int,
      class_desc: text,
      major_id: int,
      grantee_principal_id: int,
      permission_name: name,
      state: code,
      state_desc: text,
    },
    rows: (session) =>
      visiblePrincipals(session).flatMap((principal) =>
        principal.grants.map((grant) => ({
          class: { DATABASE: 0, OBJECT: 1, SCHEMA: 3 }[grant.class],
          class_desc: grant.class === "OBJECT" ? "OBJECT_OR_COLUMN" : grant.class,
          major_id:
            grant.object === undefined
              ? grant.class === "SCHEMA"
                ? ownSchemaId
                : 0
              : (session.database.table(grant.object)?.id ?? 0),
          grantee_principal_id: principal.id,
          permission_name: grant.permission,
          state: grant.state === "GRANT" ? "G" : "D",
          state_desc: grant.state,
        })),
      ),
  },
  "sys.schemas": {
    columns: { name, schema_id: int, principal_id: int },
    rows: () => [
      { name: "dbo", schema_id: ownSchemaId, principal_id: 1 },
      { name: "sys", schema_id: sysSchemaId, principal_id: 4 },
    ],
  },
  "sys.objects": { columns: objectColumns, rows: objects },
  "sys.tables": { columns: objectColumns, rows: objects },
  "sys.databases": {
    columns: { name, database_id: int, state_desc: text },
    rows: ({ database }) => [{ name: database.name, database_id: 5, state_desc: "ONLINE" }],
  },
  "information_schema.tables": {
    columns: { TABLE_CATALOG: name, TABLE_SCHEMA: name, TABLE_NAME: name, TABLE_TYPE: text },
    rows: (session) =>
      visibleTables(session).map((table) => ({
        TABLE_CATALOG: session.database.name,
        TABLE_SCHEMA: "dbo",
        TABLE_NAME: table.name,
        TABLE_TYPE: "BASE TABLE",
      })),
  },
};

/** A catalog view, by its name in lower case with its schema. */
export function systemView(session: Session, qualifiedName: string): Relation | undefined {
  if (!Object.hasOwn(views, qualifiedName)) return undefined;
  const view = views[qualifiedName]!;
  const columns = Object.entries(view.columns).map(([column, type]) => ({ name: column, type }));
  return {
    columns,
    rows: view.rows(session).map((row) => columns.map((column) => row[column.name] ?? null)),
  };
}
