import { SqlError, unsupported } from "../engine/errors";
import { parseSecurityStatement } from "./security-statements";
import { SelectParser } from "./select";
import type { ColumnDefinition, Expression, Statement } from "./syntax";
import { TokenStream } from "./token-stream";
import { parseType } from "./types";

/** Words that begin statements which SQL Server has and the sandbox has not. */
const otherStatements = new Set(
  "alter backup begin bulk checkpoint close commit create deallocate dbcc disable drop enable exec fetch goto kill merge open raiserror reconfigure restore revert rollback save shutdown throw truncate waitfor while with".split(
    " ",
  ),
);

/**
 * The statements of a batch. There are:
 *
 * - `SELECT [DISTINCT] [TOP (n)] … [FROM … [INNER | LEFT | CROSS] JOIN …] [WHERE …] [ORDER BY …]` with `COUNT`, on
 *   tables and on the views in `engine/catalog.ts`; `SELECT @v = …`
 * - `INSERT … VALUES | SELECT`, `UPDATE … SET … [WHERE …]`, `DELETE [FROM] … [WHERE …]`
 * - `CREATE TABLE` with `NULL`, `NOT NULL`, `PRIMARY KEY` and `IDENTITY` on columns, `DROP TABLE [IF EXISTS]`
 * - `CREATE USER [x] WITH SID = 0x…, TYPE = E | X`, `DROP USER [IF EXISTS]`, `CREATE ROLE`, `DROP ROLE [IF EXISTS]`,
 *   `ALTER ROLE … ADD | DROP MEMBER …`
 * - `GRANT | DENY | REVOKE … [ON [OBJECT | SCHEMA | DATABASE::]…] TO …`
 * - `DECLARE`, `SET`, `IF … ELSE`, `BEGIN … END`, `PRINT`, `RETURN`, `EXEC (…)`, `EXEC sp_executesql …`
 *
 * @throws SqlError, for all other statements 40514 with their name
 */
export function parse(sql: string): Statement[] {
  return new StatementParser(new TokenStream(sql)).all();
}

class StatementParser {
  private readonly selects: SelectParser;

  constructor(private readonly tokens: TokenStream) {
    this.selects = new SelectParser(tokens);
  }

  all(): Statement[] {
    const statements: Statement[] = [];
    for (;;) {
      while (this.tokens.takeSymbol(";")) {}
      if (this.tokens.atEnd) return statements;
      statements.push(this.statement());
    }
  }

  private expression = (): Expression => this.selects.expressions.parse();

  private statement(): Statement {
    return this.tokens.nested(() => {
      const { tokens } = this;
      if (tokens.isWord("select")) return { kind: "select", select: this.selects.parse() };
      if (tokens.takeWord("insert")) return this.insert();
      if (tokens.takeWord("update")) return this.update();
      if (tokens.takeWord("delete")) return this.delete();
      if (tokens.takeWord("create", "table")) return this.createTable();
      if (tokens.takeWord("drop", "table")) {
        const ifExists = tokens.takeWord("if", "exists");
        return { kind: "dropTable", table: tokens.objectName(), ifExists };
      }
      return this.procedural() ?? parseSecurityStatement(tokens, this.expression) ?? this.refuse();
    });
  }

  /** What steers the others. */
  private procedural(): Statement | undefined {
    const { tokens } = this;
    if (tokens.takeWord("declare")) return this.declare();
    if (tokens.takeWord("set")) return this.set();
    if (tokens.takeWord("if")) return this.if();
    if (tokens.takeWord("print")) return { kind: "print", value: this.expression() };
    if (tokens.takeWord("return")) return { kind: "return" };
    if (tokens.takeWord("exec") || tokens.takeWord("execute")) return this.execute();
    if (tokens.isWord("begin") && !/^(tran|transaction|try)$/i.test(tokens.peek(1).text)) return this.block();
    return undefined;
  }

  private refuse(): never {
    const { tokens } = this;
    const words = [tokens.peek(), tokens.peek(1)]
      .filter(({ kind }) => kind === "word")
      .map(({ text }) => text);
    const first = words[0]?.toLowerCase() ?? "";
    if (first === "use") throw useRefused();
    if (!otherStatements.has(first)) tokens.fail();
    throw unsupported(words.join(" ").toUpperCase().slice(0, 100));
  }

  private block(): Statement {
    const { tokens } = this;
    tokens.expectWord("begin");
    const statements: Statement[] = [];
    for (;;) {
      while (tokens.takeSymbol(";")) {}
      if (tokens.takeWord("end")) return { kind: "block", statements };
      if (tokens.atEnd) tokens.fail();
      statements.push(this.statement());
    }
  }

  private if(): Statement {
    const { tokens } = this;
    const condition = this.expression();
    const then = this.statement();
    while (tokens.isSymbol(";") && isElse(tokens)) tokens.next();
    if (!tokens.takeWord("else")) return { kind: "if", condition, then };
    return { kind: "if", condition, then, otherwise: this.statement() };
  }

  private declare(): Statement {
    const { tokens } = this;
    const statements = tokens.list((): Statement => {
      const name = this.variable();
      tokens.takeWord("as");
      const type = parseType(tokens, 1);
      return { kind: "declare", name, type, ...(tokens.takeSymbol("=") ? { value: this.expression() } : {}) };
    });
    return statements.length === 1 ? statements[0]! : { kind: "block", statements };
  }

  private variable(): string {
    const token = this.tokens.next();
    if (token.kind !== "variable" || token.text.startsWith("@@")) this.tokens.fail(token);
    return token.text;
  }

  /** A variable, or one of the session's options, which have no effect here and reach to the end of the line. */
  private set(): Statement {
    const { tokens } = this;
    if (tokens.peek().kind === "variable") {
      const name = this.variable();
      const add = tokens.takeSymbol("+=");
      if (!add) tokens.expectSymbol("=");
      const value = this.expression();
      const sum: Expression = {
        kind: "binary",
        operator: "+",
        left: { kind: "variable", name },
        right: value,
      };
      return { kind: "set", name, value: add ? sum : value };
    }
    tokens.name();
    while (!tokens.atEnd && !tokens.peek().newLine && !tokens.isSymbol(";")) tokens.next();
    return { kind: "setOption" };
  }

  private execute(): Statement {
    const { tokens } = this;
    if (tokens.takeSymbol("(")) {
      const text = this.expression();
      tokens.expectSymbol(")");
      return { kind: "execute", text };
    }
    const { name } = tokens.objectName();
    const atArgument = !tokens.atEnd && !tokens.isSymbol(";") && tokens.peek().kind !== "word";
    const args = atArgument ? tokens.list(() => this.argument()) : [];
    return { kind: "executeProcedure", name: name.toLowerCase(), args };
  }

  private argument(): { name?: string; value: Expression } {
    const { tokens } = this;
    if (tokens.peek().kind !== "variable" || !tokens.isSymbol("=", 1)) return { value: this.expression() };
    const name = this.variable();
    tokens.next();
    return { name, value: this.expression() };
  }

  private insert(): Statement {
    const { tokens } = this;
    tokens.takeWord("into");
    const into = tokens.objectName();
    const columns = tokens.isSymbol("(") ? { columns: tokens.listInParentheses(() => tokens.name()) } : {};
    if (tokens.isWord("output") || tokens.isWord("default"))
      throw unsupported(`INSERT … ${tokens.peek().text.toUpperCase()}`);
    if (tokens.isWord("select")) return { kind: "insert", into, ...columns, select: this.selects.parse() };
    tokens.expectWord("values");
    const rows = tokens.list(() => tokens.listInParentheses(this.expression));
    return { kind: "insert", into, ...columns, rows };
  }

  private update(): Statement {
    const { tokens } = this;
    const table = tokens.objectName();
    tokens.expectWord("set");
    const set = tokens.list(() => {
      const column = tokens.name();
      tokens.expectSymbol("=");
      return { column, value: this.expression() };
    });
    if (tokens.isWord("from")) throw unsupported("UPDATE … FROM");
    const where = this.selects.where();
    return { kind: "update", table, set, ...(where ? { where } : {}) };
  }

  private delete(): Statement {
    const { tokens } = this;
    tokens.takeWord("from");
    const from = tokens.objectName();
    const where = this.selects.where();
    return { kind: "delete", from, ...(where ? { where } : {}) };
  }

  private createTable(): Statement {
    const { tokens } = this;
    const table = tokens.objectName();
    return { kind: "createTable", table, columns: tokens.listInParentheses(() => this.columnDefinition()) };
  }

  private columnDefinition(): ColumnDefinition {
    const { tokens } = this;
    for (const word of ["constraint", "primary", "foreign", "unique", "check", "index"]) {
      if (tokens.isWord(word)) throw unsupported(`table constraint ${word.toUpperCase()}`);
    }
    const column: ColumnDefinition = {
      name: tokens.name(),
      type: parseType(tokens, 1),
      nullable: true,
      primaryKey: false,
    };
    for (;;) {
      if (tokens.takeWord("not", "null")) column.nullable = false;
      else if (tokens.takeWord("primary", "key")) {
        column.primaryKey = true;
        column.nullable = false;
      } else if (tokens.takeWord("identity")) column.identity = this.identity();
      else if (tokens.peek().kind === "word")
        throw unsupported(`column option ${tokens.peek().text.toUpperCase()}`);
      else return column;
      tokens.takeWord("null");
    }
  }

  private identity(): { seed: number; increment: number } {
    if (!this.tokens.isSymbol("(")) return { seed: 1, increment: 1 };
    const [seed = 1, increment = 1] = this.tokens.listInParentheses(() => this.tokens.integer());
    return { seed, increment };
  }
}

/** Whether ELSE follows the semicolons; they end the IF otherwise. */
function isElse(tokens: TokenStream): boolean {
  let ahead = 0;
  while (tokens.isSymbol(";", ahead)) ahead++;
  const token = tokens.peek(ahead);
  return token.kind === "word" && !token.quoted && token.text.toLowerCase() === "else";
}

const useRefused = () =>
  new SqlError(
    40508,
    "USE statement is not supported to switch between databases. Use a new connection to connect to a different database.",
  );
