/** A role assignment's condition, read into a tree. */
export type Condition =
  | { kind: "and" | "or"; left: Condition; right: Condition }
  | { kind: "not"; of: Condition }
  | { kind: "actionMatches" | "subOperationMatches"; patterns: string[] }
  | { kind: "exists"; attribute: Attribute }
  | { kind: "compare"; left: Attribute; operator: Operator; right: Attribute | { values: string[] } };

/** `@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name]` */
export interface Attribute {
  source: "resource" | "request" | "principal" | "environment";
  /** In lower case: "microsoft.storage/storageaccounts/blobservices/containers:name" */
  name: string;
}

export interface Operator {
  /** In lower case: "stringequals" */
  name: string;
  /** How many of the values that the attribute is compared with must satisfy it. */
  values: "any" | "all";
}

/** Names of comparisons, in lower case. */
export const comparisons = [
  ...["equals", "notequals", "equalsignorecase", "notequalsignorecase", "like", "notlike"],
  ...["likeignorecase", "notlikeignorecase", "startswith", "notstartswith", "startswithignorecase"],
  ...["notstartswithignorecase", "matches", "notmatches"],
]
  .map((name) => `string${name}`)
  .concat(
    ["equals", "notequals", "greaterthan", "greaterthanequals", "lessthan", "lessthanequals"].flatMap(
      (name) => [`numeric${name}`, `datetime${name}`],
    ),
    ["guidequals", "guidnotequals", "boolequals", "boolnotequals"],
  );

/** The text is no condition. */
export class ConditionInvalid extends Error {
  constructor(
    reason: string,
    /** Where in the text, counted from 0. */
    readonly position: number,
  ) {
    super(`${reason} at position ${position}`);
    this.name = "ConditionInvalid";
  }
}

interface Token {
  kind: "word" | "string" | "attribute" | "symbol" | "end";
  text: string;
  position: number;
}

const tokenPattern =
  /\s*(?:@(?<source>[a-z]+)\s*\[(?<name>[^\]]+)\]|'(?<string>(?:[^'\\]|\\.)*)'|(?<symbol>&&|\|\||[(){}!,])|(?<word>[a-z0-9:._+-]+))/iy;

const longestCondition = 8 * 1024;
const deepestNesting = 100;

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let position = 0;
  const end = text.trimEnd().length;
  while (position < end) {
    tokenPattern.lastIndex = position;
    const match = tokenPattern.exec(text);
    if (!match?.groups) throw new ConditionInvalid("unexpected character", position);
    const { source, name, string, symbol, word } = match.groups;
    if (source !== undefined)
      tokens.push({ kind: "attribute", text: `${source}:${name}`.toLowerCase(), position });
    else if (string !== undefined)
      tokens.push({ kind: "string", text: string.replaceAll(/\\(.)/g, "$1"), position });
    else if (symbol !== undefined) tokens.push({ kind: "symbol", text: symbol, position });
    else tokens.push({ kind: "word", text: word!, position });
    position = tokenPattern.lastIndex;
  }
  tokens.push({ kind: "end", text: "", position: end });
  return tokens;
}

/**
 * Reads a condition. AND binds tighter than OR, NOT tighter than both.
 *
 * @throws ConditionInvalid
 * @see https://learn.microsoft.com/azure/role-based-access-control/conditions-format
 */
export function parseCondition(text: string): Condition {
  if (text.length > longestCondition) throw new ConditionInvalid("longer than 8 KB", longestCondition);
  const tokens = tokenize(text);
  let index = 0;
  let depth = 0;
  const peek = () => tokens[index]!;
  const next = () => tokens[index++]!;
  const isWord = (token: Token, ...words: string[]) =>
    (token.kind === "word" || token.kind === "symbol") && words.includes(token.text.toLowerCase());
  const expect = (symbol: string) => {
    const token = next();
    if (token.kind !== "symbol" || token.text !== symbol)
      throw new ConditionInvalid(`'${symbol}' expected`, token.position);
  };

  function chain(kind: "and" | "or", words: string[], operand: () => Condition): Condition {
    let left = operand();
    while (isWord(peek(), ...words)) {
      next();
      left = { kind, left, right: operand() };
    }
    return left;
  }
  const or = (): Condition => chain("or", ["or", "||"], and);
  const and = (): Condition => chain("and", ["and", "&&"], unary);

  function unary(): Condition {
    if (++depth > deepestNesting) throw new ConditionInvalid("nested too deeply", peek().position);
    const condition = nested();
    depth--;
    return condition;
  }

  function nested(): Condition {
    const token = next();
    if (isWord(token, "!", "not")) return { kind: "not", of: unary() };
    if (token.kind === "symbol" && token.text === "(") {
      const inner = or();
      expect(")");
      return inner;
    }
    if (isWord(token, "actionmatches")) return { kind: "actionMatches", patterns: set() };
    if (isWord(token, "suboperationmatches")) return { kind: "subOperationMatches", patterns: set() };
    if (isWord(token, "exists")) return { kind: "exists", attribute: attribute(next()) };
    if (token.kind === "attribute") return comparison(attribute(token));
    throw new ConditionInvalid("an expression expected", token.position);
  }

  function comparison(left: Attribute): Condition {
    const operator = operatorOf(next());
    const token = peek();
    if (token.kind === "attribute") return { kind: "compare", left, operator, right: attribute(next()) };
    if (token.kind === "symbol" && token.text === "{")
      return { kind: "compare", left, operator, right: { values: set() } };
    return { kind: "compare", left, operator, right: { values: [value(next())] } };
  }

  function set(): string[] {
    expect("{");
    const values = [value(next())];
    while (peek().text === "," && peek().kind === "symbol") {
      next();
      values.push(value(next()));
    }
    expect("}");
    return values;
  }

  const condition = or();
  if (peek().kind !== "end") throw new ConditionInvalid("the end expected", peek().position);
  return condition;
}

function value(token: Token): string {
  if (token.kind !== "string" && token.kind !== "word")
    throw new ConditionInvalid("a value expected", token.position);
  return token.text;
}

function attribute(token: Token): Attribute {
  const colon = token.text.indexOf(":");
  const source = token.text.slice(0, colon);
  if (token.kind !== "attribute" || !isSource(source))
    throw new ConditionInvalid("an attribute expected", token.position);
  return { source, name: token.text.slice(colon + 1).trim() };
}

const isSource = (word: string): word is Attribute["source"] =>
  ["resource", "request", "principal", "environment"].includes(word);

/** Attributes have one value here, so that only the second half of `ForAnyOfAllValues` makes a difference. */
function operatorOf(token: Token): Operator {
  const [first = "", second] = token.text.toLowerCase().split(":");
  const name = second ?? first;
  const quantifier = second === undefined ? undefined : /^for(?:any|all)of(any|all)values$/.exec(first);
  if (token.kind !== "word" || !comparisons.includes(name) || quantifier === null) {
    throw new ConditionInvalid("a comparison expected", token.position);
  }
  return { name, values: quantifier?.[1] === "all" ? "all" : "any" };
}
