/**
 * Stands for a value that the engine does not know yet: an output of a resource that is still to be created.
 * It is never the same as a value that was left out.
 *
 * Rules let it pass. That loses nothing: it occurs in previews only, and the engine runs the rules again
 * during the update, with every input known and before the resource is created.
 */
export const UNKNOWN: unique symbol = Symbol("not known before the update");

/** A property value as rules see it: plain data, in which secrets are unwrapped and unknowns are `UNKNOWN`. */
export type Value = string | number | boolean | null | undefined | typeof UNKNOWN | Value[] | Properties;

/** Properties by name, in the provider's own spelling. */
export interface Properties {
  [name: string]: Value;
}

/** A resource as rules see it. */
export interface Resource {
  /** The type token: `azure-native:storage:StorageAccount`. */
  type: string;
  /** The logical name, as given in the program. */
  name: string;
  urn: string;
  /** Inputs for a rule on single resources, outputs for a rule on the whole stack. */
  properties: Properties;
  /** The provider that the program chose. Tells one cluster from another. */
  provider?: { urn: string; properties: Properties };
}

/**
 * Turns what the policy SDK hands out into plain data. The SDK wraps properties so that touching an unknown
 * throws, which would end a rule at the first unknown and hide what is wrong beside it.
 */
export function plainProperties(properties: Record<string, unknown>): Properties {
  return Object.fromEntries(
    Object.keys(properties).map((name) => [name, plainValue(() => properties[name])]),
  );
}

function plainValue(read: () => unknown): Value {
  let value: unknown;
  try {
    value = read();
  } catch (error) {
    if (isUnknownValueError(error)) return UNKNOWN;
    throw error;
  }
  if (Array.isArray(value)) return Array.from({ length: value.length }, (_, i) => plainValue(() => value[i]));
  if (typeof value === "object" && value !== null) return plainProperties(value as Record<string, unknown>);
  return value as Value;
}

/** The SDK exports its `UnknownValueError` without a type, so it is known by the field that only it has. */
function isUnknownValueError(error: unknown): boolean {
  return error instanceof Error && "unknownTypeSentinel" in error;
}

/**
 * Whether `type` is one of azure-native's `resources` (`storage:StorageAccount`), in any of the spellings
 * that a type token has had: `azure-native:storage:StorageAccount`, with an API version
 * `azure-native:storage/v20230101:StorageAccount`, and from a generated local package
 * `azure-native_storage_v20230101:storage:StorageAccount`.
 *
 * @see https://www.pulumi.com/registry/packages/azure-native/version-guide/
 */
export function isAzureNative(type: string, ...resources: string[]): boolean {
  const token = /^azure-native(?:_[a-z0-9]+_v\w+)?:([a-z0-9]+)(?:\/v\w+)?:(\w+)$/i.exec(type);
  return token !== null && resources.includes(`${token[1]}:${token[2]}`);
}

/** The last part of a type token: `StorageAccount`. */
export function kindOf(type: string): string {
  return type.slice(type.lastIndexOf(":") + 1);
}
