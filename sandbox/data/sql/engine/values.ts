/** A uniqueidentifier. */
export class Guid {
  /** @param text in its usual form, upper case */
  private constructor(readonly text: string) {}

  /** Undefined when the text is none. */
  static parse(text: string): Guid | undefined {
    const trimmed = text.trim().replace(/^\{(.*)\}$/, "$1");
    return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(trimmed)
      ? new Guid(trimmed.toUpperCase())
      : undefined;
  }

  /** From the 16 bytes that SQL Server keeps: the first three groups are little-endian. */
  static fromBytes(bytes: Buffer): Guid {
    const hex = swapGroups(bytes).toString("hex").toUpperCase();
    return new Guid(hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5"));
  }

  toBytes(): Buffer {
    return swapGroups(Buffer.from(this.text.replaceAll("-", ""), "hex"));
  }
}

function swapGroups(bytes: Buffer): Buffer {
  const group = (start: number, end: number) => Buffer.from(bytes.subarray(start, end)).reverse();
  return Buffer.concat([group(0, 4), group(4, 6), group(6, 8), bytes.subarray(8, 16)]);
}

/** A value of T-SQL. Bits are booleans; text of any kind is a string, binary of any kind a Buffer. */
export type SqlValue = null | boolean | number | bigint | string | Buffer | Guid | Date;

export type TypeName =
  | "bit"
  | "tinyint"
  | "smallint"
  | "int"
  | "bigint"
  | "float"
  | "char"
  | "nchar"
  | "varchar"
  | "nvarchar"
  | "binary"
  | "varbinary"
  | "uniqueidentifier"
  | "datetime2";

export interface SqlType {
  name: TypeName;
  /** Characters or bytes, for text and binary. */
  length?: number | "max";
}

export const isText = ({ name }: SqlType) => name.endsWith("char");
export const isBinary = ({ name }: SqlType) => name.endsWith("binary");

/** The narrowest type that shows this value. */
export function typeOf(value: SqlValue): SqlType {
  if (typeof value === "boolean") return { name: "bit" };
  if (typeof value === "bigint") return { name: "bigint" };
  if (typeof value === "number") {
    const isInt = Number.isInteger(value) && Math.abs(value) < 2 ** 31;
    return { name: isInt ? "int" : "float" };
  }
  if (typeof value === "string") return { name: "nvarchar", length: value.length > 4000 ? "max" : 4000 };
  if (Buffer.isBuffer(value)) return { name: "varbinary", length: value.length > 8000 ? "max" : 8000 };
  if (value instanceof Guid) return { name: "uniqueidentifier" };
  if (value instanceof Date) return { name: "datetime2" };
  return { name: "int" };
}

/** -1, 0 or 1; undefined when one is null or they cannot be compared. Text is compared as SQL_Latin1_General_CP1_CI_AS does. */
export function compare(a: SqlValue, b: SqlValue): number | undefined {
  if (a === null || b === null) return undefined;
  const [left, right] = comparable(a, b);
  if (Buffer.isBuffer(left) && Buffer.isBuffer(right)) return Buffer.compare(left, right);
  if (typeof left === "string" && typeof right === "string") return order(foldText(left), foldText(right));
  if (typeof left === "number" && typeof right === "number") return order(left, right);
  return undefined;
}

const foldText = (text: string) => text.trimEnd().toLowerCase();
const order = <T>(a: T, b: T) => (a < b ? -1 : a > b ? 1 : 0);

/** Both in one JavaScript type. */
function comparable(a: SqlValue, b: SqlValue): [SqlValue, SqlValue] {
  if (a instanceof Guid || b instanceof Guid) return [guidText(a), guidText(b)];
  if (a instanceof Date || b instanceof Date) return [time(a), time(b)];
  if (typeof a === "string" && typeof b === "string") return [a, b];
  if (Buffer.isBuffer(a) || Buffer.isBuffer(b)) return [a, b];
  return [Number(a), Number(b)];
}

function guidText(value: SqlValue): SqlValue {
  if (value instanceof Guid) return value.text;
  if (Buffer.isBuffer(value) && value.length === 16) return Guid.fromBytes(value).text;
  return typeof value === "string" ? value : null;
}

function time(value: SqlValue): SqlValue {
  if (value instanceof Date) return value.getTime();
  return typeof value === "string" ? Date.parse(value) : null;
}
