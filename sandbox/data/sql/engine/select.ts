import type { Expression, ObjectName, Select, SelectItem, Source } from "../language/syntax";
import type { ResultColumn, ResultSet } from "../protocol/result-set";
import { type Relation, systemView } from "./catalog";
import { invalidObject, objectPermissionDenied, SqlError, unsupported } from "./errors";
import { type Binding, evaluate, findColumn, holds, type Scope } from "./evaluate";
import { may } from "./permissions";
import type { Session } from "./session";
import { requireTable } from "./tables";
import { compare, type SqlType, type SqlValue, typeOf } from "./values";

/** More rows than this a join must not make. */
const mostRows = 200_000;

/** Runs a SELECT; undefined when it only sets variables. @throws SqlError */
export function select(query: Select, scope: Scope): ResultSet | undefined {
  const rows = filteredRows(query, scope);
  const assigns = query.items.filter((item) => item.kind === "assign");
  if (assigns.length > 0) {
    if (assigns.length < query.items.length)
      throw unsupported("a SELECT that sets variables and returns data");
    assign(assigns, rows, scope);
    return undefined;
  }
  const bindings = rows[0]?.bindings ?? emptyBindings(query, scope);
  const items = query.items.flatMap((item) => expand(item, bindings));
  if (items.some(({ value }) => value.kind === "count")) return counts(items, rows);
  const ordered = order(query, items, rows);
  let result = ordered.map((row) => items.map(({ value }) => evaluate(value, row)));
  if (query.distinct) result = distinct(result);
  if (query.top) result = result.slice(0, Math.max(0, Number(evaluate(query.top, scope) ?? 0)));
  scope.batch.rowCount = result.length;
  const typed = { ...scope, bindings };
  const columns = items.map(({ name, value }, index) => ({
    name,
    type: columnType(value, typed, result, index),
  }));
  return { columns, rows: result };
}

/** Whether a SELECT finds a row. */
export function exists(query: Select, outer: Scope): boolean {
  return filteredRows(query, { batch: outer.batch, bindings: [], outer }).length > 0;
}

/** The rows of FROM, its joins and WHERE, each as a scope. */
function filteredRows(query: Select, scope: Scope): Scope[] {
  let rows: Scope[] = [{ ...scope, bindings: [] }];
  const sources = [...(query.from ? [{ kind: "cross" as const, source: query.from }] : []), ...query.joins];
  for (const join of sources) {
    const { columns, rows: candidates } = relation(join.source, scope.batch.session);
    const { alias } = join.source;
    rows = rows.flatMap((row) => {
      const joined = candidates
        .map((candidate) => ({ ...row, bindings: [...row.bindings, { alias, columns, row: candidate }] }))
        .filter((candidate) => !("on" in join && join.on) || holds(join.on, candidate) === true);
      if (join.kind !== "left" || joined.length > 0) return joined;
      return [{ ...row, bindings: [...row.bindings, { alias, columns, row: columns.map(() => null) }] }];
    });
    if (rows.length > mostRows)
      throw new SqlError(701, "There is insufficient system memory to run this query.", 1, 17);
  }
  const { where } = query;
  return where ? rows.filter((row) => holds(where, row) === true) : rows;
}

/** The tables of a FROM that found no row, so that names can be resolved all the same. */
function emptyBindings(query: Select, scope: Scope): Binding[] {
  const sources = [...(query.from ? [query.from] : []), ...query.joins.map(({ source }) => source)];
  return sources.map((source) => {
    const { columns } = relation(source, scope.batch.session);
    return { alias: source.alias, columns, row: columns.map(() => null) };
  });
}

/** @throws SqlError when there is no such table, or the user may not read it */
function relation(source: Source, session: Session): Relation {
  const { name, schema } = source;
  const view = schema && systemView(session, `${schema}.${name}`.toLowerCase());
  if (view) return view;
  if (schema && /^(sys|information_schema)$/i.test(schema)) throw unsupported(`${schema}.${name}`);
  return readTable(source, session);
}

/** @throws SqlError */
function readTable(object: ObjectName, session: Session): Relation {
  const table = requireTable(object, session);
  if (!may(session, "SELECT", table.name)) {
    throw objectPermissionDenied("SELECT", table.name, session.database.name, "dbo");
  }
  return { columns: table.columns, rows: session.database.rows(table).map(({ values }) => values) };
}

interface Item {
  name: string;
  value: Expression;
}

/** `*` as the columns that it stands for. */
function expand(item: SelectItem, bindings: Binding[]): Item[] {
  if (item.kind !== "all") return [{ name: item.kind === "value" ? item.name : "", value: item.value }];
  const wanted = item.alias?.toLowerCase();
  const chosen = bindings.filter(({ alias }) => wanted === undefined || alias.toLowerCase() === wanted);
  if (chosen.length === 0) throw invalidObject(item.alias ?? "*");
  return chosen.flatMap(({ alias, columns }) =>
    columns.map(({ name }): Item => ({ name, value: { kind: "column", name, alias } })),
  );
}

function assign(items: (SelectItem & { kind: "assign" })[], rows: Scope[], scope: Scope): void {
  const last = rows.at(-1);
  scope.batch.rowCount = rows.length;
  if (!last) return;
  for (const { variable, value } of items) setVariable(scope, variable, evaluate(value, last));
}

/** @throws SqlError when it was not declared */
export function setVariable({ batch }: Scope, name: string, value: SqlValue): void {
  const declared = batch.variables.get(name.toLowerCase());
  if (!declared) throw new SqlError(137, `Must declare the scalar variable "${name}".`, 2, 15);
  declared.value = value;
}

function counts(items: Item[], rows: Scope[]): ResultSet {
  const columns: ResultColumn[] = items.map(({ name }) => ({ name, type: { name: "int" } }));
  const row = items.map(({ value }) => {
    if (value.kind !== "count") throw unsupported("COUNT beside other columns");
    const { of } = value;
    return of ? rows.filter((candidate) => evaluate(of, candidate) !== null).length : rows.length;
  });
  return { columns, rows: [row] };
}

/** ORDER BY names a column of the result, by name or number, or is computed from the row. */
function order(query: Select, items: Item[], rows: Scope[]): Scope[] {
  if (query.orderBy.length === 0) return rows;
  const keys = query.orderBy.map(({ value, descending }) => {
    const byNumber =
      value.kind === "literal" && typeof value.value === "number" ? items[value.value - 1] : undefined;
    const byName =
      value.kind === "column" && value.alias === undefined
        ? items.find(({ name }) => name.toLowerCase() === value.name.toLowerCase())
        : undefined;
    return { expression: (byNumber ?? byName)?.value ?? value, direction: descending ? -1 : 1 };
  });
  const keyed = rows.map((row) => ({ row, values: keys.map(({ expression }) => evaluate(expression, row)) }));
  keyed.sort((a, b) => {
    for (const [index, { direction }] of keys.entries()) {
      const difference = compareNullsFirst(a.values[index] ?? null, b.values[index] ?? null);
      if (difference !== 0) return difference * direction;
    }
    return 0;
  });
  return keyed.map(({ row }) => row);
}

function compareNullsFirst(a: SqlValue, b: SqlValue): number {
  if (a === null || b === null) return Number(a !== null) - Number(b !== null);
  return compare(a, b) ?? 0;
}

function distinct(rows: SqlValue[][]): SqlValue[][] {
  const kept: SqlValue[][] = [];
  for (const row of rows) {
    const same = (other: SqlValue[]) =>
      other.every((value, index) => compareNullsFirst(value, row[index] ?? null) === 0);
    if (!kept.some(same)) kept.push(row);
  }
  return kept;
}

/** A column has its own type, a conversion its target; anything else the type of its first value. */
function columnType(value: Expression, scope: Scope, rows: SqlValue[][], index: number): SqlType {
  if (value.kind === "column") {
    const { binding, index: column } = findColumn(scope, value);
    return binding.columns[column]!.type;
  }
  if (value.kind === "convert") return value.type;
  const sample = rows.find((row) => row[index] !== null)?.[index] ?? null;
  const type = typeOf(sample);
  const long = rows.some((row) => typeOf(row[index] ?? null).length === "max");
  const fractional = rows.some(
    (row) => typeof row[index] === "number" && typeOf(row[index]).name === "float",
  );
  if (long) return { ...type, length: "max" };
  return type.name === "int" && fractional ? { name: "float" } : type;
}
