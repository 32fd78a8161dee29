import { Guid, type SqlType, type SqlValue } from "../engine/values";
import { ByteReader, ProtocolError } from "./byte-reader";

/** A value that comes with a call. */
export interface Parameter {
  /** With its "@"; empty when it is given by position. */
  name: string;
  output: boolean;
  type: SqlType;
  value: SqlValue;
}

export interface Call {
  /** The procedure's name in lower case, also where the client gave its number. */
  procedure: string;
  parameters: Parameter[];
}

/** Only one call in a message is understood. */
const wellKnownProcedures: Record<number, string> = {
  1: "sp_cursor",
  2: "sp_cursoropen",
  3: "sp_cursorprepare",
  4: "sp_cursorexecute",
  5: "sp_cursorprepexec",
  6: "sp_cursorunprepare",
  7: "sp_cursorfetch",
  8: "sp_cursoroption",
  9: "sp_cursorclose",
  10: "sp_executesql",
  11: "sp_prepare",
  12: "sp_execute",
  13: "sp_prepexec",
  14: "sp_prepexecrpc",
  15: "sp_unprepare",
};

/** Transaction descriptors and the like, which begin every request. */
const skipHeaders = (reader: ByteReader) => reader.bytes(reader.uint32() - 4);

/** The text of a batch. @throws ProtocolError */
export function parseBatch(payload: Buffer): string {
  const reader = new ByteReader(payload);
  skipHeaders(reader);
  return reader.text(Math.floor(reader.left / 2));
}

/** @throws ProtocolError */
export function parseCall(payload: Buffer): Call {
  const reader = new ByteReader(payload);
  skipHeaders(reader);
  const length = reader.uint16();
  const procedure =
    length === 0xffff ? (wellKnownProcedures[reader.uint16()] ?? "unknown") : reader.text(length);
  reader.uint16();
  const parameters: Parameter[] = [];
  while (reader.left > 0) {
    if (parameters.length >= 2100) throw new ProtocolError("A call has too many parameters.");
    const name = reader.shortText();
    const output = (reader.uint8() & 0x01) !== 0;
    parameters.push({ name, output, ...readTyped(reader) });
  }
  return {
    procedure: procedure
      .toLowerCase()
      .replace(/^(\[?sys\]?\.)/, "")
      .replace(/[[\]]/g, ""),
    parameters,
  };
}

/** A type and a value of it. @throws ProtocolError for types that are not understood */
function readTyped(reader: ByteReader): { type: SqlType; value: SqlValue } {
  const id = reader.uint8();
  switch (id) {
    case 0x1f:
      return { type: { name: "int" }, value: null };
    case 0x30:
      return { type: { name: "tinyint" }, value: reader.uint8() };
    case 0x32:
      return { type: { name: "bit" }, value: reader.uint8() !== 0 };
    case 0x34:
      return { type: { name: "smallint" }, value: reader.bytes(2).readInt16LE() };
    case 0x38:
      return { type: { name: "int" }, value: reader.int32() };
    case 0x3e:
      return { type: { name: "float" }, value: reader.bytes(8).readDoubleLE() };
    case 0x7f:
      return { type: { name: "bigint" }, value: reader.bytes(8).readBigInt64LE() };
    case 0x26:
      return readInteger(reader);
    case 0x68:
      return readSized(reader, { name: "bit" }, (bytes) => bytes[0] !== 0);
    case 0x6d:
      return readSized(reader, { name: "float" }, (bytes) =>
        bytes.length === 4 ? bytes.readFloatLE() : bytes.readDoubleLE(),
      );
    case 0x24:
      return readSized(reader, { name: "uniqueidentifier" }, Guid.fromBytes);
    case 0x6a:
    case 0x6c:
      return readDecimal(reader);
    case 0x2a:
      return readDateTime2(reader);
    case 0x6f:
      return readSized(reader, { name: "datetime2" }, dateTime);
    case 0xe7:
    case 0xef:
      return readText(reader, "nvarchar", (bytes) => bytes.toString("utf16le"));
    case 0xa7:
    case 0xaf:
      return readText(reader, "varchar", (bytes) => bytes.toString("latin1"));
    case 0xa5:
    case 0xad: {
      const length = reader.uint16();
      return {
        type: { name: "varbinary", length: textLength(length, 1) },
        value: readVariable(reader, length),
      };
    }
    default:
      throw new ProtocolError(`A parameter's type, 0x${id.toString(16)}, is not understood.`);
  }
}

function readSized(reader: ByteReader, type: SqlType, decode: (bytes: Buffer) => SqlValue) {
  const declared = reader.uint8();
  const length = reader.uint8();
  if (length !== 0 && length !== declared)
    throw new ProtocolError("A parameter has another length than its type.");
  return { type, value: length === 0 ? null : decode(reader.bytes(length)) };
}

function readInteger(reader: ByteReader): { type: SqlType; value: SqlValue } {
  const declared = reader.uint8();
  const name = ({ 1: "tinyint", 2: "smallint", 4: "int", 8: "bigint" } as const)[declared];
  if (!name) throw new ProtocolError("An integer has a length that none has.");
  const length = reader.uint8();
  if (length === 0) return { type: { name }, value: null };
  if (length !== declared) throw new ProtocolError("A parameter has another length than its type.");
  const bytes = reader.bytes(length);
  if (name === "bigint") return { type: { name }, value: bytes.readBigInt64LE() };
  return { type: { name }, value: name === "tinyint" ? bytes.readUInt8() : bytes.readIntLE(0, length) };
}

/** Decimals become floats, which hold fifteen of their digits. */
function readDecimal(reader: ByteReader): { type: SqlType; value: SqlValue } {
  const [, , scale = 0] = reader.bytes(3);
  const length = reader.uint8();
  if (length === 0) return { type: { name: "float" }, value: null };
  const sign = reader.uint8() === 0 ? -1 : 1;
  const digits = Buffer.from(reader.bytes(length - 1)).reverse();
  return {
    type: { name: "float" },
    value: (sign * Number(BigInt(`0x0${digits.toString("hex")}`))) / 10 ** scale,
  };
}

function readText(reader: ByteReader, name: "nvarchar" | "varchar", decode: (bytes: Buffer) => string) {
  const length = reader.uint16();
  reader.bytes(5);
  const bytes = readVariable(reader, length);
  const type: SqlType = { name, length: textLength(length, name === "nvarchar" ? 2 : 1) };
  return { type, value: bytes === null ? null : decode(bytes) };
}

const textLength = (bytes: number, perCharacter: number) => (bytes === 0xffff ? "max" : bytes / perCharacter);

/** Bytes of a type with this maximum: as a whole, or in chunks where there is none. */
function readVariable(reader: ByteReader, maximum: number): Buffer | null {
  if (maximum !== 0xffff) {
    const length = reader.uint16();
    return length === 0xffff ? null : reader.bytes(length);
  }
  if (reader.uint64() === 0xffffffffffffffffn) return null;
  const chunks: Buffer[] = [];
  for (let length = reader.uint32(); length !== 0; length = reader.uint32())
    chunks.push(reader.bytes(length));
  return Buffer.concat(chunks);
}

const dayMs = 86_400_000;
const daysBeforeEpoch = 719_162;

function readDateTime2(reader: ByteReader): { type: SqlType; value: SqlValue } {
  const scale = reader.uint8();
  const length = reader.uint8();
  if (length === 0) return { type: { name: "datetime2" }, value: null };
  if (length < 6 || length > 8 || scale > 7)
    throw new ProtocolError("A datetime2 has a length that none has.");
  const time = reader.bytes(length - 3).readUIntLE(0, length - 3) / 10 ** (scale - 3);
  const day = reader.bytes(3).readUIntLE(0, 3) - daysBeforeEpoch;
  return { type: { name: "datetime2" }, value: validDate(day * dayMs + time) };
}

/** datetime: days since 1900 and the time in 300ths of a second. */
function dateTime(bytes: Buffer): Date {
  if (bytes.length !== 8) throw new ProtocolError("smalldatetime is not understood.");
  const start = Date.UTC(1900, 0, 1);
  return validDate(start + bytes.readInt32LE(0) * dayMs + Math.round((bytes.readUInt32LE(4) * 10) / 3));
}

function validDate(time: number): Date {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) throw new ProtocolError("A date is out of range.");
  return date;
}
