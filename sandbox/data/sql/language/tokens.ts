import { SqlError, syntaxError } from "../engine/errors";

export type Token =
  /** A word: a keyword or a name, as it was written. `quoted` when it stood in brackets or double quotes. */
  | { kind: "word"; text: string; quoted: boolean }
  /** "@name" or "@@name" */
  | { kind: "variable"; text: string }
  | { kind: "string"; text: string }
  | { kind: "number"; text: string }
  | { kind: "binary"; text: string }
  /** An operator or punctuation. */
  | { kind: "symbol"; text: string }
  | { kind: "end"; text: string };

/** A token and whether a new line begins before it, where a statement without end mark may end. */
export type PlacedToken = Token & { newLine: boolean };

const longestBatch = 512 * 1024;

const patterns: [Exclude<Token["kind"], "end"> | "space", RegExp][] = [
  ["space", /(?:\s|--[^\n]*|\/\*[\s\S]*?\*\/)+/y],
  ["string", /[Nn]?'[^']*(?:''[^']*)*'/y],
  ["binary", /0[xX][0-9a-fA-F]*/y],
  ["number", /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y],
  ["variable", /@@?[\p{L}_#][\p{L}\p{N}_@#$]*/uy],
  ["word", /[\p{L}_#][\p{L}\p{N}_@#$]*|\[[^\]]*(?:\]\][^\]]*)*\]|"[^"]*(?:""[^"]*)*"/uy],
  ["symbol", /<>|!=|<=|>=|::|\+=|-=|[-+*/%=<>().,;&|^~]/y],
];

/** @throws SqlError */
export function tokenize(sql: string): PlacedToken[] {
  if (sql.length > longestBatch)
    throw new SqlError(191, "Some part of your SQL statement is nested too deeply.", 1, 15);
  const tokens: PlacedToken[] = [];
  let position = 0;
  let newLine = true;
  while (position < sql.length) {
    const [kind, text] = match(sql, position);
    position += text.length;
    if (kind === "space") newLine ||= text.includes("\n");
    else {
      tokens.push({ ...toToken(kind, text), newLine });
      newLine = false;
    }
  }
  tokens.push({ kind: "end", text: "", newLine: true });
  return tokens;
}

function match(sql: string, position: number): [(typeof patterns)[number][0], string] {
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = position;
    const found = pattern.exec(sql);
    if (found && !(kind === "symbol" && sql.startsWith("/*", position))) return [kind, found[0]];
  }
  const rest = sql[position]!;
  if (sql.startsWith("/*", position)) throw new SqlError(113, "Missing end comment mark '*/'.", 1, 15);
  if (rest === "'") throw new SqlError(105, "Unclosed quotation mark after the character string.", 1, 15);
  throw syntaxError(rest);
}

function toToken(kind: Exclude<Token["kind"], "end">, text: string): Token {
  if (kind === "string") return { kind, text: text.slice(text.indexOf("'") + 1, -1).replaceAll("''", "'") };
  if (kind !== "word") return { kind, text };
  if (text.startsWith("[")) return { kind, text: text.slice(1, -1).replaceAll("]]", "]"), quoted: true };
  if (text.startsWith('"')) return { kind, text: text.slice(1, -1).replaceAll('""', '"'), quoted: true };
  return { kind, text, quoted: false };
}
