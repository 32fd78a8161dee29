import type { Store } from "../../../core/store";
import type { ColumnDefinition } from "../language/syntax";
import { Guid, isBinary, type SqlType, type SqlValue } from "./values";

/** A permission that was granted or denied to a principal. */
export interface Grant {
  permission: string;
  state: "GRANT" | "DENY";
  class: "DATABASE" | "SCHEMA" | "OBJECT";
  /** The table's name in lower case, for an object. */
  object?: string;
}

/** A contained user or a role of one's own, as the store has it. */
export interface StoredPrincipal {
  id: number;
  name: string;
  /** E: Entra user or application, X: Entra group, R: role. */
  type: "E" | "X" | "R";
  /** In hexadecimal. For an application, its client id; for a user or group, its object id; as the 16 bytes of a GUID. */
  sid: string;
  created: number;
  /** Names of the roles that it is a member of, as they are written where they are defined. */
  roles: string[];
  grants: Grant[];
}

export interface StoredTable {
  id: number;
  name: string;
  columns: ColumnDefinition[];
  created: number;
  nextRow: number;
  nextIdentity: number;
}

export interface Row {
  key: string;
  values: SqlValue[];
}

type Json = null | boolean | number | string;

/** Key of the pseudo-principal that everybody is a member of. */
const everybody = "public";

/** Ids below are those of principals that every database has. */
const firstPrincipalId = 5;
const firstObjectId = 1_000_001;

/**
 * What one database holds. All of it is in the store under the incarnation of the database's ARM resource, so a
 * database that is deleted and made anew begins empty.
 */
export class Database {
  constructor(
    private readonly store: Store,
    /** The incarnation of its ARM resource. */
    private readonly key: string,
    readonly name: string,
    /** The server's name, without domain. */
    readonly server: string,
  ) {}

  /** All that `work` writes, or nothing when it throws. */
  transaction = <T>(work: () => T): T => this.store.transaction(work);

  principals(): StoredPrincipal[] {
    return this.store
      .list<StoredPrincipal>("sqlUsers", `${this.key}/`)
      .map(({ value }) => value)
      .filter(({ name }) => name !== everybody);
  }

  principal(name: string): StoredPrincipal | undefined {
    const found = this.store.get<StoredPrincipal>("sqlUsers", `${this.key}/${name.toLowerCase()}`);
    if (found || name.toLowerCase() !== everybody) return found;
    return { id: 0, name: everybody, type: "R", sid: "", created: 0, roles: [], grants: [] };
  }

  principalBySid(sid: string): StoredPrincipal | undefined {
    return this.principals().find((principal) => principal.type !== "R" && principal.sid === sid);
  }

  putPrincipal(principal: StoredPrincipal): void {
    this.store.put("sqlUsers", `${this.key}/${principal.name.toLowerCase()}`, principal);
  }

  removePrincipal(name: string): void {
    this.store.remove("sqlUsers", `${this.key}/${name.toLowerCase()}`);
  }

  nextPrincipalId = () => Math.max(firstPrincipalId - 1, ...this.principals().map(({ id }) => id)) + 1;

  tables = (): StoredTable[] =>
    this.store.list<StoredTable>("sqlTables", `${this.key}/`).map(({ value }) => value);

  table = (name: string): StoredTable | undefined =>
    this.store.get("sqlTables", `${this.key}/${name.toLowerCase()}`);

  putTable(table: StoredTable): void {
    this.store.put("sqlTables", `${this.key}/${table.name.toLowerCase()}`, table);
  }

  removeTable(table: StoredTable): void {
    for (const { key } of this.rows(table)) this.removeRow(key);
    this.store.remove("sqlTables", `${this.key}/${table.name.toLowerCase()}`);
  }

  nextTableId = () => Math.max(firstObjectId - 1, ...this.tables().map(({ id }) => id)) + 1;

  /** In the order in which they were inserted. */
  rows(table: StoredTable): Row[] {
    return this.store.list<Json[]>("sqlRows", `${this.key}/${table.id}/`).map(({ key, value }) => ({
      key,
      values: table.columns.map(({ type }, index) => fromJson(value[index] ?? null, type)),
    }));
  }

  insertRow(table: StoredTable, values: SqlValue[]): void {
    const key = `${this.key}/${table.id}/${String(table.nextRow++).padStart(12, "0")}`;
    this.store.put("sqlRows", key, values.map(toJson));
  }

  updateRow(key: string, values: SqlValue[]): void {
    this.store.put("sqlRows", key, values.map(toJson));
  }

  removeRow(key: string): void {
    this.store.remove("sqlRows", key);
  }
}

function toJson(value: SqlValue): Json {
  if (typeof value === "bigint") return String(value);
  if (Buffer.isBuffer(value)) return value.toString("hex");
  if (value instanceof Guid) return value.text;
  return value instanceof Date ? value.toISOString() : value;
}

function fromJson(value: Json, type: SqlType): SqlValue {
  if (value === null) return null;
  if (isBinary(type)) return Buffer.from(String(value), "hex");
  if (type.name === "bigint") return BigInt(String(value));
  if (type.name === "uniqueidentifier") return Guid.parse(String(value)) ?? null;
  return type.name === "datetime2" ? new Date(String(value)) : value;
}
