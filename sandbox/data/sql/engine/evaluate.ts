import type { Expression } from "../language/syntax";
import { convert, toText } from "./convert";
import { cannotConvert, invalidColumn, SqlError, syntaxError, undeclaredVariable } from "./errors";
import { callFunction, serverVariable } from "./functions";
import { exists } from "./select";
import type { Batch } from "./session";
import { compare, type SqlType, type SqlValue } from "./values";

/** A table of a FROM, under its alias, with the row that is being looked at. */
export interface Binding {
  alias: string;
  columns: { name: string; type: SqlType }[];
  row: SqlValue[];
}

/** What names mean: the batch's variables and the rows at hand, of this SELECT and of those around it. */
export interface Scope {
  batch: Batch;
  bindings: Binding[];
  outer?: Scope;
}

/** Where a column is. @throws SqlError when it is nowhere or in several tables */
export function findColumn(
  scope: Scope,
  column: { name: string; alias?: string },
): { binding: Binding; index: number } {
  const alias = column.alias?.toLowerCase();
  const name = column.name.toLowerCase();
  const found = scope.bindings
    .filter((binding) => alias === undefined || binding.alias.toLowerCase() === alias)
    .map((binding) => ({
      binding,
      index: binding.columns.findIndex((candidate) => candidate.name.toLowerCase() === name),
    }))
    .filter(({ index }) => index >= 0);
  if (found.length > 1) throw new SqlError(209, `Ambiguous column name '${column.name}'.`);
  if (found[0]) return found[0];
  if (scope.outer) return findColumn(scope.outer, column);
  if (column.alias === undefined) throw invalidColumn(column.name);
  throw new SqlError(4104, `The multi-part identifier "${column.alias}.${column.name}" could not be bound.`);
}

/** @throws SqlError */
export function evaluate(expression: Expression, scope: Scope): SqlValue {
  switch (expression.kind) {
    case "literal":
      return expression.value;
    case "variable":
      return variable(expression.name, scope.batch);
    case "column": {
      const { binding, index } = findColumn(scope, expression);
      return binding.row[index] ?? null;
    }
    case "call":
      return callFunction(
        scope.batch.session,
        expression.name,
        expression.args.map((arg) => evaluate(arg, scope)),
      );
    case "convert": {
      const style = expression.style ? evaluate(expression.style, scope) : 0;
      return convert(evaluate(expression.value, scope), expression.type, Number(style ?? 0));
    }
    case "unary": {
      if (expression.operator === "not") throw syntaxError("NOT");
      const value = evaluate(expression.value, scope);
      return value === null ? null : arithmetic("-", 0, value);
    }
    case "binary":
      return calculate(expression, scope);
    case "count":
      throw new SqlError(147, "An aggregate may not appear here.");
    default:
      throw new SqlError(4145, "A condition was specified in a context where a value is expected.", 1, 15);
  }
}

function variable(name: string, batch: Batch): SqlValue {
  if (name.startsWith("@@")) return serverVariable(batch.session, name, batch.rowCount);
  const found = batch.variables.get(name.toLowerCase());
  if (!found) throw undeclaredVariable(name);
  return found.value;
}

function calculate({ operator, left, right }: Expression & { kind: "binary" }, scope: Scope): SqlValue {
  if (!/^[-+*%]$/.test(operator)) throw syntaxError(operator);
  const a = evaluate(left, scope);
  const b = evaluate(right, scope);
  if (a === null || b === null) return null;
  if (operator === "+" && typeof a === "string" && typeof b === "string") return joined(a, b);
  if (operator === "+" && Buffer.isBuffer(a) && Buffer.isBuffer(b)) return Buffer.concat([a, b]);
  return arithmetic(operator as "+", a, b);
}

/** Text that doubles itself again and again would fill the memory. */
const longestText = 4 * 1024 * 1024;

function joined(a: string, b: string): string {
  if (a.length + b.length > longestText)
    throw new SqlError(7119, "Attempting to grow text beyond its maximum size.");
  return a + b;
}

function arithmetic(operator: "+" | "-" | "*" | "%", a: SqlValue, b: SqlValue): SqlValue {
  if (a === null || b === null) return null;
  if (typeof a === "bigint" || typeof b === "bigint") {
    const big = (value: SqlValue) => convert(value, { name: "bigint" }) as bigint;
    return convert(integral(operator, big(a), big(b)), { name: "bigint" });
  }
  const number = (value: SqlValue) => convert(value, { name: "float" }) as number;
  const [x, y] = [number(a), number(b)];
  if (operator === "%" && y === 0) throw divisionByZero();
  const result = { "+": x + y, "-": x - y, "*": x * y, "%": x % y }[operator];
  if (!Number.isFinite(result)) throw cannotConvert("float");
  return result;
}

function integral(operator: "+" | "-" | "*" | "%", a: bigint, b: bigint): bigint {
  if (operator === "+") return a + b;
  if (operator === "-") return a - b;
  if (operator === "*") return a * b;
  if (b === 0n) throw divisionByZero();
  return a % b;
}

const divisionByZero = () => new SqlError(8134, "Divide by zero error encountered.");

/** Whether a condition holds; undefined when nobody can know, because something in it is null. @throws SqlError */
export function holds(expression: Expression, scope: Scope): boolean | undefined {
  switch (expression.kind) {
    case "binary":
      return binaryHolds(expression, scope);
    case "unary":
      if (expression.operator !== "not") break;
      return negate(holds(expression.value, scope));
    case "isNull":
      return (evaluate(expression.value, scope) === null) !== expression.negated;
    case "in": {
      const value = evaluate(expression.value, scope);
      const results = expression.list.map((item) => equal(value, evaluate(item, scope)));
      const found = results.includes(true) ? true : results.includes(undefined) ? undefined : false;
      return expression.negated ? negate(found) : found;
    }
    case "like": {
      const value = evaluate(expression.value, scope);
      const pattern = evaluate(expression.pattern, scope);
      if (value === null || pattern === null) return undefined;
      return like(toText(value), toText(pattern)) !== expression.negated;
    }
    case "exists":
      return exists(expression.select, scope);
  }
  throw new SqlError(
    4145,
    "An expression of non-boolean type specified in a context where a condition is expected.",
    1,
    15,
  );
}

const negate = (value: boolean | undefined) => (value === undefined ? undefined : !value);

function binaryHolds(
  { operator, left, right }: Expression & { kind: "binary" },
  scope: Scope,
): boolean | undefined {
  if (operator === "and" || operator === "or") {
    const decisive = operator === "or";
    const a = holds(left, scope);
    if (a === decisive) return decisive;
    const b = holds(right, scope);
    if (b === decisive) return decisive;
    return a === undefined || b === undefined ? undefined : !decisive;
  }
  const order = compare(evaluate(left, scope), evaluate(right, scope));
  if (order === undefined) return undefined;
  switch (operator) {
    case "=":
      return order === 0;
    case "<>":
      return order !== 0;
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
    default:
      throw syntaxError(operator);
  }
}

function equal(a: SqlValue, b: SqlValue): boolean | undefined {
  const order = compare(a, b);
  return order === undefined ? undefined : order === 0;
}

/** `%` stands for any characters and `_` for one; in time proportional to the product of the lengths at worst. */
function like(text: string, pattern: string): boolean {
  const [value, wanted] = [text.toLowerCase(), pattern.toLowerCase()];
  let at = 0;
  let inPattern = 0;
  let percent = -1;
  let afterPercent = 0;
  while (at < value.length) {
    if (wanted[inPattern] === "%") {
      percent = inPattern++;
      afterPercent = at;
    } else if (wanted[inPattern] === "_" || wanted[inPattern] === value[at]) {
      at++;
      inPattern++;
    } else if (percent !== -1) {
      inPattern = percent + 1;
      at = ++afterPercent;
    } else {
      return false;
    }
  }
  return /^%*$/.test(wanted.slice(inPattern));
}
