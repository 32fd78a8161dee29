import { unsupported } from "../engine/errors";
import type { BinaryOperator, Expression, Select } from "./syntax";
import type { TokenStream } from "./token-stream";
import { parseType } from "./types";

/** Length of `varchar` in CAST and CONVERT when none is given. */
const conversionLength = 30;

/** Functions that are written without parentheses. */
const bareFunctions = new Set(["current_user", "session_user", "system_user", "user", "current_timestamp"]);

/** Words that are no columns unless they are quoted. */
const reserved = new Set(
  "and as begin by create declare delete distinct drop else end exec execute exists from group if in insert into is join like not on or order select set table top union update values where".split(
    " ",
  ),
);

/** Parses expressions; subqueries by `parseSelect`. */
export class ExpressionParser {
  constructor(
    private readonly tokens: TokenStream,
    private readonly parseSelect: () => Select,
  ) {}

  parse = (): Expression => this.tokens.nested(() => this.disjunction());

  private disjunction(): Expression {
    let left = this.conjunction();
    while (this.tokens.takeWord("or")) left = binary("or", left, this.conjunction());
    return left;
  }

  private conjunction(): Expression {
    let left = this.negation();
    while (this.tokens.takeWord("and")) left = binary("and", left, this.negation());
    return left;
  }

  private negation(): Expression {
    if (!this.tokens.takeWord("not")) return this.predicate();
    return { kind: "unary", operator: "not", value: this.tokens.nested(() => this.negation()) };
  }

  private predicate(): Expression {
    const { tokens } = this;
    if (tokens.takeWord("exists")) {
      tokens.expectSymbol("(");
      const select = this.parseSelect();
      tokens.expectSymbol(")");
      return { kind: "exists", select };
    }
    const value = this.sum();
    const operator = (["=", "<>", "!=", "<=", ">=", "<", ">"] as const).find((symbol) =>
      tokens.takeSymbol(symbol),
    );
    if (operator) return binary(operator === "!=" ? "<>" : operator, value, this.sum());
    if (tokens.takeWord("is")) {
      const negated = tokens.takeWord("not");
      tokens.expectWord("null");
      return { kind: "isNull", value, negated };
    }
    const negated = tokens.isWord("not") && tokens.takeWord("not");
    if (tokens.takeWord("in")) {
      tokens.expectSymbol("(");
      if (tokens.isWord("select")) throw unsupported("IN (SELECT …)");
      const list = tokens.list(this.parse);
      tokens.expectSymbol(")");
      return { kind: "in", value, list, negated };
    }
    if (tokens.takeWord("like")) return { kind: "like", value, pattern: this.sum(), negated };
    if (negated) tokens.fail();
    return value;
  }

  private sum(): Expression {
    let left = this.product();
    for (;;) {
      if (this.tokens.takeSymbol("+")) left = binary("+", left, this.product());
      else if (this.tokens.takeSymbol("-")) left = binary("-", left, this.product());
      else return left;
    }
  }

  private product(): Expression {
    let left = this.factor();
    for (;;) {
      // Whether it is a division of integers depends on types that are not kept with values.
      if (this.tokens.isSymbol("/")) throw unsupported("division");
      const operator = (["*", "%"] as const).find((symbol) => this.tokens.takeSymbol(symbol));
      if (!operator) return left;
      left = binary(operator, left, this.factor());
    }
  }

  private factor(): Expression {
    const { tokens } = this;
    if (tokens.takeSymbol("-"))
      return { kind: "unary", operator: "-", value: tokens.nested(() => this.factor()) };
    if (tokens.takeSymbol("+")) return tokens.nested(() => this.factor());
    if (tokens.takeSymbol("(")) {
      if (tokens.isWord("select")) throw unsupported("a subquery as a value");
      const inner = this.parse();
      tokens.expectSymbol(")");
      return inner;
    }
    const token = tokens.peek();
    switch (token.kind) {
      case "string":
        tokens.next();
        return { kind: "literal", value: token.text };
      case "number":
        tokens.next();
        return { kind: "literal", value: toNumber(token.text) };
      case "binary":
        tokens.next();
        return { kind: "literal", value: toBinary(token.text) };
      case "variable":
        tokens.next();
        return { kind: "variable", name: token.text };
      case "word":
        return this.nameOrCall();
      default:
        return tokens.fail();
    }
  }

  private nameOrCall(): Expression {
    const { tokens } = this;
    if (tokens.takeWord("null")) return { kind: "literal", value: null };
    if (tokens.isWord("case")) throw unsupported("CASE");
    if (tokens.isSymbol("(", 1)) return this.call();
    const token = tokens.peek();
    const lower = token.text.toLowerCase();
    if (token.kind === "word" && !token.quoted && bareFunctions.has(lower)) {
      tokens.next();
      return { kind: "call", name: lower, args: [] };
    }
    if (token.kind === "word" && !token.quoted && reserved.has(lower)) tokens.fail();
    const { name, schema } = tokens.objectName();
    return { kind: "column", name, ...(schema === undefined ? {} : { alias: schema }) };
  }

  private call(): Expression {
    const { tokens } = this;
    const name = tokens.name().toLowerCase();
    tokens.expectSymbol("(");
    const call = this.callOf(name);
    tokens.expectSymbol(")");
    return call;
  }

  private callOf(name: string): Expression {
    const { tokens } = this;
    switch (name) {
      case "cast":
      case "try_cast": {
        const value = this.parse();
        tokens.expectWord("as");
        return { kind: "convert", value, type: parseType(tokens, conversionLength) };
      }
      case "convert":
      case "try_convert": {
        const type = parseType(tokens, conversionLength);
        tokens.expectSymbol(",");
        const value = this.parse();
        return { kind: "convert", value, type, ...(tokens.takeSymbol(",") ? { style: this.parse() } : {}) };
      }
      case "count":
        return tokens.takeSymbol("*") ? { kind: "count" } : { kind: "count", of: this.parse() };
      default:
        return { kind: "call", name, args: tokens.isSymbol(")") ? [] : tokens.list(this.parse) };
    }
  }
}

const binary = (operator: BinaryOperator, left: Expression, right: Expression): Expression => ({
  kind: "binary",
  operator,
  left,
  right,
});

function toNumber(text: string): number | bigint {
  const value = Number(text);
  return /^\d+$/.test(text) && Math.abs(value) >= 2 ** 31 ? BigInt(text) : value;
}

function toBinary(text: string): Buffer {
  const digits = text.slice(2);
  return Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, "hex");
}
