import { parse } from "../language/parser";
import type { Expression, Statement } from "../language/syntax";
import { TokenStream } from "../language/token-stream";
import { parseType } from "../language/types";
import type { ResultSet } from "../protocol/result-set";
import { convert, toText } from "./convert";
import { SqlError, unsupported } from "./errors";
import { evaluate, holds, type Scope } from "./evaluate";
import {
  alterRole,
  changePermission,
  createRole,
  createUser,
  createUserFromExternalProvider,
  dropPrincipal,
} from "./security";
import { select, setVariable } from "./select";
import type { Batch, Session } from "./session";
import { createTable, deleteRows, dropTable, insert, update } from "./tables";
import type { SqlType, SqlValue } from "./values";

/** Where the results of statements go, in their order. */
export interface ResultSink {
  resultSet(set: ResultSet): void;
  /** A statement ended that changed so many rows, or none that counts. */
  done(rowCount?: number): void;
  info(message: string): void;
}

/** A value with the name of its variable. */
export interface NamedValue {
  /** With the "@". */
  name: string;
  type: SqlType;
  value: SqlValue;
}

/** EXEC within EXEC, and so on; SQL Server's limit. */
const deepestExecution = 32;

/**
 * Runs a batch. Nothing is done when any part of it cannot be parsed. A statement that fails ends the batch and
 * leaves what those before it did.
 *
 * @throws SqlError
 */
export function executeBatch(
  session: Session,
  sql: string,
  sink: ResultSink,
  parameters: NamedValue[] = [],
  depth = 0,
): void {
  if (depth > deepestExecution) {
    throw new SqlError(
      217,
      `Maximum stored procedure, function, trigger, or view nesting level exceeded (limit ${deepestExecution}).`,
    );
  }
  const statements = parse(sql);
  const variables = new Map(parameters.map(({ name, type, value }) => [name.toLowerCase(), { type, value }]));
  const batch: Batch = { session, variables, rowCount: 0, depth };
  new Execution(batch, sink).all(statements);
}

/** `EXEC sp_executesql`: a text, the declarations of its parameters, and their values by name or place. @throws SqlError */
export function executeParameterized(
  session: Session,
  parameters: { name: string; type: SqlType; value: SqlValue }[],
  sink: ResultSink,
  depth = 0,
): void {
  const [statement, declarations, ...values] = parameters;
  if (typeof statement?.value !== "string") {
    throw new SqlError(214, "Procedure expects parameter '@statement' of type 'ntext/nchar/nvarchar'.", 2);
  }
  const declared = typeof declarations?.value === "string" ? parseDeclarations(declarations.value) : [];
  const named = declared.map(({ name, type }, index): NamedValue => {
    const given =
      values.find((value) => value.name.toLowerCase() === name.toLowerCase()) ??
      (values[index]?.name === "" ? values[index] : undefined);
    if (!given) {
      throw new SqlError(
        8178,
        `The parameterized query expects the parameter '${name}', which was not supplied.`,
      );
    }
    return { name, type, value: convert(given.value, type) };
  });
  executeBatch(session, statement.value, sink, named, depth);
}

/** `@a int, @b nvarchar(4000)`. @throws SqlError */
function parseDeclarations(text: string): { name: string; type: SqlType }[] {
  const tokens = new TokenStream(text);
  if (tokens.atEnd) return [];
  const declarations = tokens.list(() => {
    const token = tokens.next();
    if (token.kind !== "variable") return tokens.fail(token);
    tokens.takeWord("as");
    const type = parseType(tokens, 1);
    if (tokens.isWord("output") || tokens.isWord("out")) throw unsupported("OUTPUT parameters");
    return { name: token.text, type };
  });
  if (!tokens.atEnd) tokens.fail();
  return declarations;
}

class Execution {
  private readonly scope: Scope;
  private returned = false;

  constructor(
    private readonly batch: Batch,
    private readonly sink: ResultSink,
  ) {
    this.scope = { batch, bindings: [] };
  }

  all(statements: Statement[]): void {
    for (const statement of statements) {
      if (this.returned) return;
      this.run(statement);
    }
  }

  private run(statement: Statement): void {
    const { session } = this.batch;
    switch (statement.kind) {
      case "select":
        this.select(statement);
        break;
      case "insert":
        this.change(() => insert(statement, this.scope));
        break;
      case "update":
        this.change(() => update(statement, this.scope));
        break;
      case "delete":
        this.change(() => deleteRows(statement, this.scope));
        break;
      case "createTable":
        this.define(() => createTable(statement, session));
        break;
      case "dropTable":
        this.define(() => dropTable(statement, session));
        break;
      case "createUser":
        this.define(() => createUser(statement, this.scope));
        break;
      case "createUserFromExternalProvider":
        this.define(() => createUserFromExternalProvider(statement, session));
        break;
      case "dropPrincipal":
        this.define(() => dropPrincipal(statement, session));
        break;
      case "createRole":
        this.define(() => createRole(statement, session));
        break;
      case "alterRole":
        this.define(() => alterRole(statement, session));
        break;
      case "permission":
        this.define(() => changePermission(statement, session));
        break;
      default:
        this.steer(statement);
        break;
    }
  }

  private select(statement: Extract<Statement, { kind: "select" }>): void {
    const set = select(statement.select, this.scope);
    if (set) this.sink.resultSet(set);
    this.sink.done(set?.rows.length);
  }

  private change(work: () => number): void {
    const count = this.batch.session.database.transaction(work);
    this.batch.rowCount = count;
    this.sink.done(count);
  }

  private define(work: () => void): void {
    this.batch.session.database.transaction(work);
    this.sink.done();
  }

  /** Statements that hold no data and decide what runs. */
  private steer(statement: Statement): void {
    switch (statement.kind) {
      case "declare":
        this.declare(statement.name, statement.type, statement.value);
        return;
      case "set":
        this.set(statement.name, statement.value);
        return;
      case "setOption":
        this.sink.done();
        return;
      case "print": {
        const value = evaluate(statement.value, this.scope);
        this.sink.info(value === null ? " " : toText(value));
        return;
      }
      case "execute":
        this.execute(statement.text);
        return;
      case "executeProcedure":
        this.executeProcedure(statement.name, statement.args);
        return;
      case "if":
        if (holds(statement.condition, this.scope) === true) this.run(statement.then);
        else if (statement.otherwise) this.run(statement.otherwise);
        return;
      case "block":
        this.all(statement.statements);
        return;
      default:
        this.returned = true;
    }
  }

  private declare(name: string, type: SqlType, value: Expression | undefined): void {
    const { variables } = this.batch;
    if (variables.has(name.toLowerCase())) {
      throw new SqlError(134, `The variable name '${name}' has already been declared.`, 1, 15);
    }
    const initial = value ? convert(evaluate(value, this.scope), type) : null;
    variables.set(name.toLowerCase(), { type, value: initial });
  }

  private set(name: string, value: Expression): void {
    const type = this.batch.variables.get(name.toLowerCase())?.type;
    const result = evaluate(value, this.scope);
    setVariable(this.scope, name, type ? convert(result, type) : result);
  }

  private execute(text: Expression): void {
    const sql = evaluate(text, this.scope);
    if (sql !== null) executeBatch(this.batch.session, toText(sql), this.sink, [], this.batch.depth + 1);
  }

  private executeProcedure(name: string, args: { name?: string; value: Expression }[]): void {
    if (name !== "sp_executesql") throw noSuchProcedure(name);
    const values = args.map(({ name: parameter = "", value }) => {
      const result = evaluate(value, this.scope);
      return { name: parameter, type: { name: "nvarchar", length: "max" } as const, value: result };
    });
    executeParameterized(this.batch.session, values, this.sink, this.batch.depth + 1);
  }
}

export const noSuchProcedure = (name: string) =>
  new SqlError(2812, `Could not find stored procedure '${name.slice(0, 100)}'.`, 62);
