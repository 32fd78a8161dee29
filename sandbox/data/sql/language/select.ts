import { unsupported } from "../engine/errors";
import { ExpressionParser } from "./expressions";
import type { Expression, Join, Select, SelectItem, Source } from "./syntax";
import type { TokenStream } from "./token-stream";

/** Words that end a source or a column, where an alias could stand. */
const notAnAlias = new Set(
  "where join inner left right full cross on order group having union except intersect for option set values select if else end begin insert update delete create drop alter grant deny revoke declare print exec execute return with from as".split(
    " ",
  ),
);

/** Parses SELECT and the expressions in it. */
export class SelectParser {
  readonly expressions: ExpressionParser;

  constructor(private readonly tokens: TokenStream) {
    this.expressions = new ExpressionParser(tokens, () => tokens.nested(() => this.parse()));
  }

  parse(): Select {
    const { tokens } = this;
    tokens.expectWord("select");
    const distinct = tokens.takeWord("distinct");
    const top = tokens.takeWord("top") ? this.top() : undefined;
    const items = tokens.list(() => this.item());
    const from = tokens.takeWord("from") ? this.source() : undefined;
    const joins: Join[] = [];
    for (let join = from && this.join(); join; join = this.join()) joins.push(join);
    const where = this.where();
    for (const clause of ["group", "having", "union", "except", "intersect", "for", "option", "offset"]) {
      if (tokens.isWord(clause)) throw unsupported(`SELECT … ${clause.toUpperCase()}`);
    }
    const orderBy = tokens.takeWord("order", "by") ? tokens.list(() => this.order()) : [];
    return {
      items,
      distinct,
      joins,
      orderBy,
      ...(top ? { top } : {}),
      ...(from ? { from } : {}),
      ...(where ? { where } : {}),
    };
  }

  /** `WHERE …`, if it comes next. */
  where(): Expression | undefined {
    return this.tokens.takeWord("where") ? this.expressions.parse() : undefined;
  }

  private top(): Expression {
    if (!this.tokens.takeSymbol("(")) return { kind: "literal", value: this.tokens.integer() };
    const top = this.expressions.parse();
    this.tokens.expectSymbol(")");
    return top;
  }

  private order() {
    const value = this.expressions.parse();
    const descending = this.tokens.takeWord("desc");
    if (!descending) this.tokens.takeWord("asc");
    return { value, descending };
  }

  private item(): SelectItem {
    const { tokens } = this;
    if (tokens.takeSymbol("*")) return { kind: "all" };
    if (tokens.isSymbol(".", 1) && tokens.isSymbol("*", 2)) {
      const alias = tokens.name();
      tokens.next();
      tokens.next();
      return { kind: "all", alias };
    }
    const first = tokens.peek();
    if (first.kind === "variable" && tokens.isSymbol("=", 1)) {
      tokens.next();
      tokens.next();
      return { kind: "assign", variable: first.text, value: this.expressions.parse() };
    }
    const value = this.expressions.parse();
    const own = value.kind === "column" ? value.name : "";
    return { kind: "value", value, name: this.alias() ?? own };
  }

  source(): Source {
    const { tokens } = this;
    if (tokens.isSymbol("(")) throw unsupported("a subquery in FROM");
    const object = tokens.objectName();
    if (tokens.isSymbol("(")) throw unsupported(`table-valued function ${object.name}`);
    return { ...object, alias: this.alias() ?? object.name };
  }

  private alias(): string | undefined {
    const { tokens } = this;
    if (tokens.takeWord("as")) {
      const text = tokens.peek();
      return text.kind === "string" ? tokens.next().text : tokens.name();
    }
    const token = tokens.peek();
    const canBe = token.kind === "word" && (token.quoted || !notAnAlias.has(token.text.toLowerCase()));
    return canBe && !(token.newLine && !token.quoted && startsStatement(token.text))
      ? tokens.name()
      : undefined;
  }

  private join(): Join | undefined {
    const { tokens } = this;
    if (tokens.takeSymbol(",") || tokens.takeWord("cross", "join"))
      return { kind: "cross", source: this.source() };
    if (tokens.isWord("right") || tokens.isWord("full")) throw unsupported("RIGHT and FULL JOIN");
    const left = tokens.takeWord("left", "outer", "join") || tokens.takeWord("left", "join");
    if (!left && !tokens.takeWord("inner", "join") && !tokens.takeWord("join")) return undefined;
    const source = this.source();
    tokens.expectWord("on");
    return { kind: left ? "left" : "inner", source, on: this.expressions.parse() };
  }
}

/** Words that are no keywords in the list above and yet begin a statement. */
const startsStatement = (word: string) => /^(use|throw|truncate|waitfor|merge|go)$/i.test(word);
