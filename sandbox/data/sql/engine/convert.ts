import { cannotConvert, SqlError } from "./errors";
import { Guid, isBinary, isText, type SqlType, type SqlValue } from "./values";

const integerRanges: Record<string, [bigint, bigint]> = {
  tinyint: [0n, 255n],
  smallint: [-32768n, 32767n],
  int: [-(2n ** 31n), 2n ** 31n - 1n],
  bigint: [-(2n ** 63n), 2n ** 63n - 1n],
};

/** The value as `type`, as CAST and CONVERT do it. @throws SqlError */
export function convert(value: SqlValue, type: SqlType, style = 0): SqlValue {
  if (value === null) return null;
  if (isText(type)) return fitLength(toText(value, style), type);
  if (isBinary(type)) return toBinary(value, type, style);
  if (type.name in integerRanges) return toInteger(value, type.name);
  switch (type.name) {
    case "bit":
      return toBit(value);
    case "float":
      return toFloat(value);
    case "uniqueidentifier":
      return toGuid(value);
    default:
      return toDate(value);
  }
}

/** Text as it is shown; binary as hexadecimal with style 1 ("0x…") or 2, otherwise as characters. */
export function toText(value: Exclude<SqlValue, null>, style = 0): string {
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return value ? "1" : "0";
  if (value instanceof Guid) return value.text;
  if (value instanceof Date) return value.toISOString().replace("T", " ").replace("Z", "");
  if (!Buffer.isBuffer(value)) return String(value);
  if (style === 1) return `0x${value.toString("hex").toUpperCase()}`;
  return style === 2 ? value.toString("hex").toUpperCase() : value.toString("latin1");
}

function fitLength(text: string, { name, length = 30 }: SqlType): string {
  const cut = length === "max" ? text : text.slice(0, length);
  return name === "char" || name === "nchar" ? cut.padEnd(length as number) : cut;
}

function toBinary(value: Exclude<SqlValue, null>, { name, length = 30 }: SqlType, style: number): Buffer {
  const bytes = bytesOf(value, style);
  if (length === "max") return bytes;
  const cut = bytes.subarray(0, length);
  return name === "binary" ? Buffer.concat([cut, Buffer.alloc(length - cut.length)]) : cut;
}

function bytesOf(value: Exclude<SqlValue, null>, style: number): Buffer {
  if (Buffer.isBuffer(value)) return value;
  if (value instanceof Guid) return value.toBytes();
  if (typeof value === "string" && style !== 0) {
    const hex = style === 1 ? value.replace(/^0x/i, "") : value;
    if (!/^([0-9a-f]{2})*$/i.test(hex)) throw cannotConvert("varbinary");
    return Buffer.from(hex, "hex");
  }
  if (typeof value === "string") return Buffer.from(value, "utf16le");
  if (typeof value === "number" && Number.isInteger(value)) {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(value | 0);
    return bytes;
  }
  throw cannotConvert("varbinary");
}

function toInteger(value: Exclude<SqlValue, null>, type: string): number | bigint {
  let integer: bigint;
  try {
    if (typeof value === "number") integer = BigInt(Math.trunc(value));
    else if (typeof value === "string" || typeof value === "boolean" || typeof value === "bigint") {
      integer = BigInt(typeof value === "string" ? value.trim() : value);
    } else throw cannotConvert(type);
  } catch {
    throw cannotConvert(type);
  }
  const [least, most] = integerRanges[type]!;
  if (integer < least || integer > most) {
    throw new SqlError(8115, `Arithmetic overflow error converting expression to data type ${type}.`, 2);
  }
  return type === "bigint" ? integer : Number(integer);
}

function toBit(value: Exclude<SqlValue, null>): boolean {
  if (typeof value === "string" && /^\s*(true|false)\s*$/i.test(value))
    return value.trim().toLowerCase() === "true";
  return toFloat(value) !== 0;
}

function toFloat(value: Exclude<SqlValue, null>): number {
  const number =
    value instanceof Date || value instanceof Guid || Buffer.isBuffer(value) ? Number.NaN : Number(value);
  if (!Number.isFinite(number)) throw cannotConvert("float");
  return number;
}

function toGuid(value: Exclude<SqlValue, null>): Guid {
  const guid =
    value instanceof Guid
      ? value
      : Buffer.isBuffer(value)
        ? Guid.fromBytes(Buffer.concat([value, Buffer.alloc(16)]).subarray(0, 16))
        : Guid.parse(String(value));
  if (!guid) {
    throw new SqlError(
      8169,
      "Conversion failed when converting from a character string to uniqueidentifier.",
      2,
    );
  }
  return guid;
}

function toDate(value: Exclude<SqlValue, null>): Date {
  const time =
    value instanceof Date ? value.getTime() : typeof value === "string" ? parseTime(value) : Number.NaN;
  if (Number.isNaN(time)) {
    throw new SqlError(241, "Conversion failed when converting date and/or time from character string.");
  }
  return new Date(time);
}

/** Text without a zone is taken as UTC, which is the time zone of Azure SQL Database. */
const parseTime = (text: string) =>
  Date.parse(/[zZ]|[+-]\d\d:?\d\d$/.test(text) ? text : `${text.replace(" ", "T")}Z`);
