import { SqlError, unsupported } from "../engine/errors";
import type { SqlType, TypeName } from "../engine/values";
import type { TokenStream } from "./token-stream";

/** Types that are kept as another, which holds all of their values. */
const names: Record<string, TypeName> = {
  bit: "bit",
  tinyint: "tinyint",
  smallint: "smallint",
  int: "int",
  integer: "int",
  bigint: "bigint",
  float: "float",
  char: "char",
  nchar: "nchar",
  varchar: "varchar",
  nvarchar: "nvarchar",
  sysname: "nvarchar",
  binary: "binary",
  varbinary: "varbinary",
  uniqueidentifier: "uniqueidentifier",
  datetime2: "datetime2",
  datetime: "datetime2",
};

/** A type as it stands in a declaration: `nvarchar(max)`. @throws SqlError */
export function parseType(tokens: TokenStream, defaultLength: number): SqlType {
  const written = tokens.name().toLowerCase();
  const name = names[written];
  if (!name) throw unsupported(`type ${written}`);
  const sized = name.endsWith("char") || name.endsWith("binary");
  const given = parseLength(tokens);
  if (!sized) return { name };
  if (written === "sysname") return { name, length: 128 };
  const fixed = name === "char" || name === "nchar" || name === "binary";
  if (given === "max" && fixed) tokens.fail();
  const length = given ?? defaultLength;
  const most = name.startsWith("n") ? 4000 : 8000;
  if (length !== "max" && (length < 1 || length > most)) {
    throw new SqlError(
      131,
      `The size (${length}) given to the type '${name}' exceeds the maximum allowed (${most}).`,
      3,
      15,
    );
  }
  return { name, length };
}

function parseLength(tokens: TokenStream): number | "max" | undefined {
  if (!tokens.takeSymbol("(")) return undefined;
  const length = tokens.takeWord("max") ? "max" : tokens.integer();
  tokens.expectSymbol(")");
  return length;
}
