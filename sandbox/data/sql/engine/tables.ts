import type { ColumnDefinition, Expression, ObjectName, Select, Statement } from "../language/syntax";
import { convert } from "./convert";
import type { StoredTable } from "./database";
import {
  invalidColumn,
  invalidObject,
  objectPermissionDenied,
  SqlError,
  statementPermissionDenied,
  unsupported,
} from "./errors";
import { evaluate, holds, type Scope } from "./evaluate";
import { may } from "./permissions";
import { select } from "./select";
import type { Session } from "./session";
import { compare, isText, type SqlValue } from "./values";

type Of<K extends Statement["kind"]> = Extract<Statement, { kind: K }>;

const shown = ({ schema, name }: ObjectName) => (schema === undefined ? name : `${schema}.${name}`);

/** @throws SqlError when the name is of another database, or there is no such table */
export function requireTable(object: ObjectName, { database }: Session): StoredTable {
  if (object.database !== undefined && object.database.toLowerCase() !== database.name.toLowerCase()) {
    throw new SqlError(
      40515,
      `Reference to database and/or server name in '${object.database}.${shown(object)}' is not supported in this version of SQL Server.`,
    );
  }
  const table = isDbo(object) ? database.table(object.name) : undefined;
  if (!table) throw invalidObject(shown(object));
  return table;
}

const isDbo = ({ schema }: ObjectName) =>
  schema === undefined || schema === "" || schema.toLowerCase() === "dbo";

function demand(session: Session, permission: string, table: StoredTable): void {
  if (!may(session, permission, table.name)) {
    throw objectPermissionDenied(permission, table.name, session.database.name, "dbo");
  }
}

export function createTable({ table, columns }: Of<"createTable">, session: Session): void {
  const { database } = session;
  if (!isDbo(table)) {
    throw new SqlError(
      2760,
      `The specified schema name "${table.schema}" either does not exist or you do not have permission to use it.`,
    );
  }
  if (!may(session, "CREATE TABLE") || !may(session, "ALTER")) {
    throw statementPermissionDenied("CREATE TABLE", database.name);
  }
  if (database.table(table.name)) {
    throw new SqlError(2714, `There is already an object named '${table.name}' in the database.`, 6);
  }
  const names = columns.map(({ name }) => name.toLowerCase());
  const twice = columns.find(({ name }, index) => names.indexOf(name.toLowerCase()) !== index);
  if (twice) {
    throw new SqlError(
      2705,
      `Column names in each table must be unique. Column name '${twice.name}' in table '${table.name}' is specified more than once.`,
      3,
    );
  }
  if (columns.filter(({ primaryKey }) => primaryKey).length > 1) {
    throw new SqlError(8110, `Cannot add multiple PRIMARY KEY constraints to table '${table.name}'.`, 0);
  }
  const seed = columns.find(({ identity }) => identity)?.identity?.seed ?? 1;
  const id = database.nextTableId();
  database.putTable({
    id,
    name: table.name,
    columns,
    created: session.now(),
    nextRow: 1,
    nextIdentity: seed,
  });
}

export function dropTable({ table: object, ifExists }: Of<"dropTable">, session: Session): void {
  const { database } = session;
  const table = isDbo(object) ? database.table(object.name) : undefined;
  if (!table && ifExists) return;
  if (!table || !may(session, "ALTER", table.name)) {
    throw new SqlError(
      3701,
      `Cannot drop the table '${shown(object)}', because it does not exist or you do not have permission.`,
      table ? 20 : 5,
      table ? 14 : 11,
    );
  }
  database.removeTable(table);
}

/** @returns how many rows */
export function insert(statement: Of<"insert">, scope: Scope): number {
  const { session } = scope.batch;
  const table = requireTable(statement.into, session);
  demand(session, "INSERT", table);
  const targets =
    statement.columns ?? table.columns.filter(({ identity }) => !identity).map(({ name }) => name);
  const indexes = targets.map((name) => columnIndex(table, name));
  const rows = rowsToInsert(statement, scope);
  for (const given of rows) {
    if (given.length !== indexes.length) {
      throw new SqlError(
        213,
        "Column name or number of supplied values does not match table definition.",
        1,
        16,
      );
    }
    const values = table.columns.map((column, index): SqlValue => {
      const at = indexes.indexOf(index);
      if (column.identity) {
        if (at >= 0) {
          throw new SqlError(
            544,
            `Cannot insert explicit value for identity column in table '${table.name}' when IDENTITY_INSERT is set to OFF.`,
          );
        }
        const next = table.nextIdentity;
        table.nextIdentity += column.identity.increment;
        return next;
      }
      return fitColumn(at < 0 ? null : (given[at] ?? null), column, table, session);
    });
    checkPrimaryKey(table, values, session);
    session.database.insertRow(table, values);
  }
  session.database.putTable(table);
  return rows.length;
}

function rowsToInsert(
  { rows, select: query }: { rows?: Expression[][]; select?: Select },
  scope: Scope,
): SqlValue[][] {
  if (rows) return rows.map((row) => row.map((value) => evaluate(value, scope)));
  return (query && select(query, scope)?.rows) ?? [];
}

/** @returns how many rows */
export function update(statement: Of<"update">, scope: Scope): number {
  const { session } = scope.batch;
  const table = requireTable(statement.table, session);
  demand(session, "UPDATE", table);
  const read = [statement.where, ...statement.set.map(({ value }) => value)];
  if (read.some((expression) => expression && readsColumns(expression))) demand(session, "SELECT", table);
  const assignments = statement.set.map(({ column, value }) => ({
    index: columnIndex(table, column),
    value,
  }));
  const rows = matching(table, statement.where, scope);
  for (const { key, values, rowScope } of rows) {
    const after = [...values];
    for (const { index, value } of assignments) {
      const column = table.columns[index]!;
      if (column.identity) throw new SqlError(8102, `Cannot update identity column '${column.name}'.`);
      after[index] = fitColumn(evaluate(value, rowScope), column, table, session);
    }
    if (assignments.some(({ index }) => table.columns[index]!.primaryKey)) {
      session.database.removeRow(key);
      checkPrimaryKey(table, after, session);
    }
    session.database.updateRow(key, after);
  }
  return rows.length;
}

/** @returns how many rows */
export function deleteRows(statement: Of<"delete">, scope: Scope): number {
  const { session } = scope.batch;
  const table = requireTable(statement.from, session);
  demand(session, "DELETE", table);
  if (statement.where && readsColumns(statement.where)) demand(session, "SELECT", table);
  const rows = matching(table, statement.where, scope);
  for (const { key } of rows) session.database.removeRow(key);
  return rows.length;
}

function matching(table: StoredTable, where: Expression | undefined, scope: Scope) {
  return scope.batch.session.database
    .rows(table)
    .map(({ key, values }) => ({
      key,
      values,
      rowScope: { ...scope, bindings: [{ alias: table.name, columns: table.columns, row: values }] },
    }))
    .filter(({ rowScope }) => !where || holds(where, rowScope) === true);
}

function columnIndex(table: StoredTable, name: string): number {
  const index = table.columns.findIndex((column) => column.name.toLowerCase() === name.toLowerCase());
  if (index < 0) throw invalidColumn(name);
  return index;
}

/** The value as the column keeps it. @throws SqlError when it does not fit */
function fitColumn(
  value: SqlValue,
  column: ColumnDefinition,
  table: StoredTable,
  { database }: Session,
): SqlValue {
  const { name, type } = column;
  const place = `'${database.name}.dbo.${table.name}'`;
  if (value === null) {
    if (column.nullable) return null;
    throw new SqlError(
      515,
      `Cannot insert the value NULL into column '${name}', table ${place}; column does not allow nulls. INSERT fails.`,
      2,
    );
  }
  const longest = type.length;
  const size =
    typeof value === "string" && isText(type)
      ? value.trimEnd().length
      : Buffer.isBuffer(value)
        ? value.length
        : 0;
  if (typeof longest === "number" && size > longest) {
    throw new SqlError(2628, `String or binary data would be truncated in table ${place}, column '${name}'.`);
  }
  return convert(value, type);
}

function checkPrimaryKey(table: StoredTable, values: SqlValue[], { database }: Session): void {
  const index = table.columns.findIndex(({ primaryKey }) => primaryKey);
  if (index < 0) return;
  const key = values[index] ?? null;
  if (database.rows(table).some((row) => compare(row.values[index] ?? null, key) === 0)) {
    throw new SqlError(
      2627,
      `Violation of PRIMARY KEY constraint. Cannot insert duplicate key in object 'dbo.${table.name}'.`,
      1,
      14,
    );
  }
}

/** Whether an expression looks at a row, for which SELECT is needed. */
function readsColumns(expression: Expression): boolean {
  switch (expression.kind) {
    case "column":
      return true;
    case "call":
      return expression.args.some(readsColumns);
    case "binary":
      return readsColumns(expression.left) || readsColumns(expression.right);
    case "unary":
    case "convert":
    case "isNull":
      return readsColumns(expression.value);
    case "in":
      return [expression.value, ...expression.list].some(readsColumns);
    case "like":
      return readsColumns(expression.value) || readsColumns(expression.pattern);
    case "exists":
      throw unsupported("EXISTS in UPDATE and DELETE");
    default:
      return false;
  }
}
