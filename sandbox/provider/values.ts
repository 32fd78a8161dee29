import { inspect } from "node:util";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";

/** Stands for a value that is not known before the resource behind it exists. */
export const unknownValue: unique symbol = Symbol("unknown");

/** A value that the engine keeps encrypted. It can neither be printed nor turned into JSON by mistake. */
export class Secret {
  constructor(readonly value: PropertyValue) {}

  toJSON(): string {
    return "[secret]";
  }

  [inspect.custom](): string {
    return "[secret]";
  }
}

/** What the engine and a provider hand to each other. */
export type PropertyValue =
  | null
  | boolean
  | number
  | string
  | typeof unknownValue
  | Secret
  | PropertyValue[]
  | PropertyMap;

/** A resource's inputs or outputs by name. */
export interface PropertyMap {
  [key: string]: PropertyValue;
}

/** JSON without unknowns and secrets: what goes over HTTP. */
export type PlainValue = null | boolean | number | string | PlainValue[] | PlainObject;
export interface PlainObject {
  [key: string]: PlainValue;
}

/**
 * How the engine writes special values.
 * @see https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/properties.go
 */
const signatureKey = "4dabf18193072939515e22adb298388d";
const signatures = {
  secret: "1b47061264138c4ac30d75fd1eb44270",
  output: "d0e6a833031e9bbcd3f4e8bde6ca49a4",
  asset: "c44067f5952c0a294b673a41bacd8c17",
  archive: "0def7320c3a5731c473e5ecbe6d01bc7",
} as const;

/** What is written for an unknown value, whatever its type. */
export const unknownSentinel = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** The engine has a sentinel for each type: string, boolean, number, array, asset, archive, object. */
const unknownSentinels = new Set([
  unknownSentinel,
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

type Wire = null | boolean | number | string | Wire[] | { [key: string]: Wire };

/** Whether `value` is an object with named members: no array, secret or unknown. */
export function isMap(value: PropertyValue | undefined): value is PropertyMap {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Secret);
}

function fromMembers(wire: { [key: string]: Wire }): PropertyMap {
  return Object.fromEntries(Object.entries(wire).map(([key, member]) => [key, fromWire(member)]));
}

function fromWire(wire: Wire): PropertyValue {
  if (typeof wire === "string") return unknownSentinels.has(wire) ? unknownValue : wire;
  if (wire === null || typeof wire !== "object") return wire;
  if (Array.isArray(wire)) return wire.map(fromWire);
  switch (wire[signatureKey]) {
    case undefined:
      return fromMembers(wire);
    case signatures.secret:
      return secretOf(fromWire(wire.value ?? null));
    case signatures.output: {
      const value = wire.value === undefined ? unknownValue : fromWire(wire.value);
      return wire.secret === true ? secretOf(value) : value;
    }
    case signatures.asset:
    case signatures.archive:
      throw new Error("Assets and archives are not supported by this provider.");
    default:
      throw new Error(`Values with the signature ${JSON.stringify(wire[signatureKey])} are not supported.`);
  }
}

function toWire(value: PropertyValue): Wire {
  if (value === unknownValue) return unknownSentinel;
  if (value === null || typeof value !== "object") return value;
  if (value instanceof Secret) return { [signatureKey]: signatures.secret, value: toWire(value.value) };
  if (Array.isArray(value)) return value.map(toWire);
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, toWire(member)]));
}

/** Reads what the engine sent. @throws Error on an asset or archive. */
export function fromStruct(struct: Struct | undefined): PropertyMap {
  if (struct === undefined) return {};
  return fromMembers(struct.toJavaScript() as { [key: string]: Wire });
}

/** Writes what the engine is to read. */
export function toStruct(map: PropertyMap): Struct {
  return Struct.fromJavaScript(toWire(map) as { [key: string]: Wire });
}

/** `value` as a secret; a secret stays one. */
export function secretOf(value: PropertyValue): Secret {
  return value instanceof Secret ? value : new Secret(value);
}

/** Whether an unknown is `value` itself or anywhere inside it, secrets included. */
export function hasUnknowns(value: PropertyValue | undefined): boolean {
  if (value === unknownValue) return true;
  if (value === undefined || value === null || typeof value !== "object") return false;
  if (value instanceof Secret) return hasUnknowns(value.value);
  return (Array.isArray(value) ? value : Object.values(value)).some(hasUnknowns);
}

/** The same without its secrets' wrappers: for comparing. Unknowns stay. */
export function unwrapSecrets<T extends PropertyValue>(value: T): Exclude<T, Secret>;
export function unwrapSecrets(value: PropertyValue): PropertyValue {
  if (value === null || typeof value !== "object") return value;
  if (value instanceof Secret) return unwrapSecrets(value.value as Exclude<PropertyValue, Secret>);
  if (Array.isArray(value)) return value.map((member) => unwrapSecrets(member));
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, unwrapSecrets(member)]));
}

/** The same as plain JSON: for sending. @throws Error when something in it is unknown. */
export function toPlain(map: PropertyMap): PlainObject {
  if (hasUnknowns(map)) throw new Error("A value is not known yet.");
  return unwrapSecrets(map) as PlainObject;
}

/**
 * `value` with secrets wherever `model` has them at the same place. An array's members are matched by
 * position; where `model` is a secret as a whole, so is the result.
 */
export function rewrapSecrets(value: PropertyValue, model: PropertyValue | undefined): PropertyValue {
  if (model instanceof Secret) return secretOf(value);
  if (value instanceof Secret) return value;
  if (Array.isArray(value) && Array.isArray(model)) {
    return value.map((member, index) => rewrapSecrets(member, model[index]));
  }
  if (isMap(value) && isMap(model)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => [key, rewrapSecrets(member, model[key])]),
    );
  }
  return value;
}
