import { SqlError, syntaxError } from "../engine/errors";
import type { ObjectName } from "./syntax";
import { type PlacedToken, tokenize } from "./tokens";

/** Nesting that a batch may have; SQL Server's own limit for subqueries is 32. */
const deepest = 100;

/** The tokens of a batch with the place where the parser is. */
export class TokenStream {
  private readonly tokens: PlacedToken[];
  private position = 0;
  private depth = 0;

  constructor(sql: string) {
    this.tokens = tokenize(sql);
  }

  peek(ahead = 0): PlacedToken {
    return this.tokens[Math.min(this.position + ahead, this.tokens.length - 1)]!;
  }

  next(): PlacedToken {
    const token = this.peek();
    this.position++;
    return token;
  }

  get atEnd(): boolean {
    return this.peek().kind === "end";
  }

  /** Whether the next tokens are these words, in any case and not quoted. */
  isWord(...words: string[]): boolean {
    return words.every((word, index) => {
      const token = this.peek(index);
      return token.kind === "word" && !token.quoted && token.text.toLowerCase() === word;
    });
  }

  /** Takes these words if they come next. */
  takeWord(...words: string[]): boolean {
    if (!this.isWord(...words)) return false;
    this.position += words.length;
    return true;
  }

  expectWord(...words: string[]): void {
    if (!this.takeWord(...words)) this.fail();
  }

  isSymbol(text: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === "symbol" && token.text === text;
  }

  takeSymbol(text: string): boolean {
    if (!this.isSymbol(text)) return false;
    this.position++;
    return true;
  }

  expectSymbol(text: string): void {
    if (!this.takeSymbol(text)) this.fail();
  }

  /** A name, in brackets or not. */
  name(): string {
    const token = this.next();
    if (token.kind !== "word" || token.text === "" || token.text.length > 128) this.fail(token);
    return token.text;
  }

  integer(): number {
    const token = this.next();
    if (token.kind !== "number" || !/^\d{1,9}$/.test(token.text)) this.fail(token);
    return Number(token.text);
  }

  /** A name of up to three parts. */
  objectName(): ObjectName {
    const parts = [this.name()];
    while (this.takeSymbol(".")) parts.push(this.name());
    if (parts.length > 3) this.fail();
    const [name = "", schema, database] = parts.reverse();
    return {
      name,
      ...(schema === undefined ? {} : { schema }),
      ...(database === undefined ? {} : { database }),
    };
  }

  /** A list with commas. */
  list<T>(item: () => T): T[] {
    const items = [item()];
    while (this.takeSymbol(",")) items.push(item());
    return items;
  }

  /** A list with commas in parentheses. */
  listInParentheses<T>(item: () => T): T[] {
    this.expectSymbol("(");
    const items = this.list(item);
    this.expectSymbol(")");
    return items;
  }

  /** Parses something that may contain itself. @throws SqlError when that goes too deep */
  nested<T>(parse: () => T): T {
    if (++this.depth > deepest) {
      throw new SqlError(191, "Some part of your SQL statement is nested too deeply.", 1, 15);
    }
    const result = parse();
    this.depth--;
    return result;
  }

  /** @throws SqlError that names the token */
  fail(token = this.peek()): never {
    throw syntaxError(token.text.slice(0, 100));
  }
}
