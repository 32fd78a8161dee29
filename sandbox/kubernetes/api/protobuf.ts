import messages from "../../../data/kubernetes-protobuf.json";
import { badRequest } from "../status";

export const protobufType = "application/vnd.kubernetes.protobuf";

/**
 * A field as `name:type`. `...` instead of a name stands for a struct whose fields are the parent's in JSON; `!`
 * after the name for a pointer in Go, for which nothing and an empty value differ. Types are scalars, other
 * messages, `[]` lists and `{}` maps with keys of text. Taken from the Go types of k8s.io/api v0.34.2, without
 * what clients do not write (status, managedFields).
 */
type Fields = Record<string, string>;
const schema = messages as Record<string, Fields>;

const magic = Buffer.from("k8s\0");

/**
 * Reads an object as kubectl's `create` commands send it.
 * @throws ApiError 400 when it is malformed or of a kind that the sandbox does not know in this form
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
 */
export function parseProtobuf(body: Buffer): Record<string, unknown> {
  if (!body.subarray(0, 4).equals(magic))
    throw badRequest("the body is not in Kubernetes' protobuf encoding");
  try {
    const envelope = [...fields(body.subarray(4))];
    const bytes = (number: number) =>
      (envelope.find((field) => field.number === number)?.value ?? empty) as Buffer;
    const [apiVersion, kind] = [1, 2].map((number) =>
      (([...fields(bytes(1))].find((field) => field.number === number)?.value ?? empty) as Buffer).toString(),
    ) as [string, string];
    return { apiVersion, kind, ...message(messageName(apiVersion, kind), bytes(2)) };
  } catch (error) {
    if (error instanceof RangeError) throw badRequest("the body is malformed protobuf");
    throw error;
  }
}

const empty = Buffer.alloc(0);

/** "apps/v1" and "Deployment" as "apps.v1.Deployment". */
function messageName(apiVersion: string, kind: string): string {
  const [version = "", group = "core"] = apiVersion.split("/").reverse();
  const shared =
    kind === "DeleteOptions" ? "meta.v1.DeleteOptions" : `${group.split(".")[0]}.${version}.${kind}`;
  if (!Object.hasOwn(schema, shared))
    throw badRequest(`${apiVersion} ${kind} is not known in protobuf: send JSON`);
  return shared;
}

function message(type: string, bytes: Buffer): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const { number, value } of fields(bytes)) {
    const [label, of] = split(schema[type]?.[number] ?? "");
    if (label === undefined || of === undefined) continue;
    const pointer = label.endsWith("!");
    const name = pointer ? label.slice(0, -1) : label;
    if (name === "...") Object.assign(result, message(of, value as Buffer));
    else if (of.startsWith("[]"))
      result[name] = [...((result[name] as unknown[]) ?? []), single(of.slice(2), value)];
    else if (of.startsWith("{}")) {
      result[name] = Object.assign(result[name] ?? {}, entry(of.slice(2), value as Buffer));
    } else {
      const read = single(of, value);
      if (pointer || !isEmpty(read)) result[name] = read;
    }
  }
  return result;
}

const split = (field: string) => field.split(":", 2) as [string?, string?];

const isEmpty = (value: unknown) =>
  value === undefined ||
  value === "" ||
  value === 0 ||
  value === false ||
  (typeof value === "object" && Object.keys(value as object).length === 0);

function entry(type: string, bytes: Buffer): Record<string, unknown> {
  const parts = new Map([...fields(bytes)].map(({ number, value }) => [number, value]));
  const key = ((parts.get(1) ?? empty) as Buffer).toString();
  return { [key]: single(type, parts.get(2) ?? empty) };
}

function single(type: string, value: Buffer | bigint): unknown {
  if (typeof value === "bigint") return type === "bool" ? value !== 0n : Number(BigInt.asIntN(64, value));
  switch (type) {
    case "string":
      return value.toString();
    case "bytes":
      return value.toString("base64");
    case "quantity":
      return numbered(value, 1)?.toString() ?? "0";
    case "json":
      return JSON.parse(numbered(value, 1)?.toString() ?? "null");
    case "time": {
      const seconds = numbered(value, 1);
      return typeof seconds === "bigint"
        ? `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}Z`
        : undefined;
    }
    case "intOrString":
      return numbered(value, 1) === 1n ? numbered(value, 3)?.toString() : Number(numbered(value, 2) ?? 0n);
    default:
      return message(type, value);
  }
}

const numbered = (bytes: Buffer, number: number) =>
  [...fields(bytes)].find((field) => field.number === number)?.value;

/** The fields of a message as they stand. @throws RangeError when the bytes end too early */
function* fields(bytes: Buffer): Generator<{ number: number; value: Buffer | bigint }> {
  let position = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes.readUInt8(position);
      position += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
      if (shift > 63n) throw new RangeError("varint");
    }
  };
  const take = (length: number) => {
    if (length > bytes.length - position) throw new RangeError("length");
    position += length;
    return bytes.subarray(position - length, position);
  };
  while (position < bytes.length) {
    const tag = Number(varint());
    const number = tag >>> 3;
    const wire = tag & 7;
    if (wire === 0) yield { number, value: varint() };
    else if (wire === 2) yield { number, value: take(Number(varint())) };
    else if (wire === 1) take(8);
    else if (wire === 5) take(4);
    else throw new RangeError("wire type");
  }
}
