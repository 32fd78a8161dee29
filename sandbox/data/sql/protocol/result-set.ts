import { type Guid, isBinary, isText, type SqlType, type SqlValue } from "../engine/values";

export interface ResultColumn {
  name: string;
  type: SqlType;
}

export interface ResultSet {
  columns: ResultColumn[];
  rows: SqlValue[][];
}

/** SQL_Latin1_General_CP1_CI_AS: the collation of Azure SQL Database, unless another is chosen. */
export const collation = Buffer.from([0x09, 0x04, 0xd0, 0x00, 0x34]);

const nullable = 0x01;
const integerBytes: Partial<Record<string, number>> = { tinyint: 1, smallint: 2, int: 4, bigint: 8 };
const maximumLength = 0xffff;

const uint16 = (value: number) => Buffer.from([value & 0xff, value >> 8]);

/** COLMETADATA and the ROWs. All text goes as nvarchar and all binary as varbinary. */
export function encodeResultSet({ columns, rows }: ResultSet): Buffer {
  const metadata = columns.map(({ name, type }) =>
    Buffer.concat([
      Buffer.from([0, 0, 0, 0, nullable, 0]),
      typeInfo(type),
      Buffer.from([Math.min(name.length, 128)]),
      Buffer.from(name.slice(0, 128), "utf16le"),
    ]),
  );
  const encoded = rows.map((row) =>
    Buffer.concat([
      Buffer.from([0xd1]),
      ...columns.map(({ type }, index) => encodeValue(row[index] ?? null, type)),
    ]),
  );
  return Buffer.concat([Buffer.from([0x81]), uint16(columns.length), ...metadata, ...encoded]);
}

const isLong = ({ name, length }: SqlType) =>
  length === "max" || (length ?? 0) > (name.endsWith("char") ? 4000 : 8000);

function typeInfo(type: SqlType): Buffer {
  const integer = integerBytes[type.name];
  if (integer !== undefined) return Buffer.from([0x26, integer]);
  if (isText(type)) {
    const bytes = isLong(type) ? maximumLength : Math.max(1, Number(type.length ?? 4000)) * 2;
    return Buffer.concat([Buffer.from([0xe7]), uint16(bytes), collation]);
  }
  if (isBinary(type)) {
    const bytes = isLong(type) ? maximumLength : Math.max(1, Number(type.length ?? 8000));
    return Buffer.concat([Buffer.from([0xa5]), uint16(bytes)]);
  }
  switch (type.name) {
    case "bit":
      return Buffer.from([0x68, 1]);
    case "float":
      return Buffer.from([0x6d, 8]);
    case "uniqueidentifier":
      return Buffer.from([0x24, 16]);
    default:
      return Buffer.from([0x2a, 7]);
  }
}

function encodeValue(value: SqlValue, type: SqlType): Buffer {
  if (isText(type))
    return encodeBytes(value === null ? null : Buffer.from(String(value), "utf16le"), isLong(type));
  if (isBinary(type)) return encodeBytes(value as Buffer | null, isLong(type));
  if (value === null) return Buffer.from([0]);
  const bytes = fixedBytes(value, type);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

function encodeBytes(bytes: Buffer | null, long: boolean): Buffer {
  if (!long) return bytes === null ? uint16(0xffff) : Buffer.concat([uint16(bytes.length), bytes]);
  if (bytes === null) return Buffer.alloc(8, 0xff);
  const length = Buffer.alloc(12);
  length.writeBigUInt64LE(BigInt(bytes.length));
  length.writeUInt32LE(bytes.length, 8);
  return bytes.length === 0
    ? Buffer.concat([length.subarray(0, 8), Buffer.alloc(4)])
    : Buffer.concat([length, bytes, Buffer.alloc(4)]);
}

function fixedBytes(value: Exclude<SqlValue, null>, { name }: SqlType): Buffer {
  const bytes = Buffer.alloc(integerBytes[name] ?? 8);
  switch (name) {
    case "bit":
      return Buffer.from([value ? 1 : 0]);
    case "float":
      bytes.writeDoubleLE(Number(value));
      return bytes;
    case "bigint":
      bytes.writeBigInt64LE(BigInt(value as bigint));
      return bytes;
    case "uniqueidentifier":
      return (value as Guid).toBytes();
    case "datetime2":
      return dateTimeBytes(value as Date);
    case "tinyint":
      bytes.writeUInt8(Number(value));
      return bytes;
    default:
      bytes.writeIntLE(Number(value), 0, bytes.length);
      return bytes;
  }
}

const dayMs = 86_400_000;
/** Days from 0001-01-01 to 1970-01-01. */
const daysBeforeEpoch = 719_162;

/** datetime2(7): the time in units of 100 ns, in five bytes, and the day, in three. */
function dateTimeBytes(date: Date): Buffer {
  const bytes = Buffer.alloc(8);
  const day = Math.floor(date.getTime() / dayMs);
  bytes.writeUIntLE((date.getTime() - day * dayMs) * 10_000, 0, 5);
  bytes.writeUIntLE(day + daysBeforeEpoch, 5, 3);
  return bytes;
}
