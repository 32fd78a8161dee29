import { createHash, randomBytes } from "node:crypto";
import { stringify } from "uuid";
import type { CheckArgs, CheckFailure, CheckResult } from "../provider";
import {
  hasUnknowns,
  isMap,
  type PropertyMap,
  type PropertyValue,
  Secret,
  unknownValue,
  unwrapSecrets,
} from "../values";
import { nameInput, pathInputs, type ResourceType } from "./resource-type";

/** Where a resource goes whose inputs do not say it. */
export interface DefaultLocation {
  /** The provider's configuration `location`. */
  configured: string | undefined;
  /** The location of a resource group; undefined when there is no such group. */
  ofResourceGroup(name: string): Promise<string | undefined>;
}

/**
 * Set in the inputs of a resource with a random name, whose replacement can exist beside it. This is how
 * azure-native remembers it.
 */
export const createBeforeDelete = "__createBeforeDelete";

/** Without the members that are null, which a program gives for what it leaves out. */
function withoutNulls<T extends PropertyValue>(value: T): T;
function withoutNulls(value: PropertyValue): PropertyValue {
  if (Array.isArray(value)) return value.map((item) => withoutNulls(item));
  if (value instanceof Secret) return new Secret(withoutNulls(value.value));
  if (!isMap(value)) return value;
  const kept = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(kept.map(([key, member]) => [key, withoutNulls(member)]));
}

/** Bytes that are the same for the same resource in preview and deployment. */
function seededBytes(seed: Uint8Array, purpose: string): Uint8Array {
  if (seed.length === 0) return randomBytes(16);
  return createHash("sha256").update(seed).update(purpose).digest().subarray(0, 16);
}

function automaticName(type: ResourceType, args: CheckArgs): { name: string; random: boolean } {
  if (typeof type.naming === "object") return { name: type.naming.always, random: false };
  if (type.naming === "copy") return { name: args.name, random: false };
  const bytes = seededBytes(args.randomSeed, args.urn);
  if (type.naming === "random") {
    return { name: args.name + Buffer.from(bytes.subarray(0, 4)).toString("hex"), random: true };
  }
  // The version and variant bits of a random UUID.
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return { name: stringify(bytes), random: true };
}

/**
 * What a resource has stays as it is when the configuration changes: azure-native moves nothing unless the program
 * itself says where.
 *
 * @see https://github.com/pulumi/pulumi-azure-native/pull/505
 */
async function locationFor(
  args: CheckArgs,
  inputs: PropertyMap,
  defaults: DefaultLocation,
): Promise<PropertyValue | undefined> {
  if (args.oldInputs?.location !== undefined) return args.oldInputs.location;
  if (defaults.configured !== undefined) return defaults.configured;
  const group = inputs.resourceGroupName;
  if (group === undefined) return undefined;
  if (hasUnknowns(group)) return unknownValue;
  return await defaults.ofResourceGroup(String(unwrapSecrets(group)));
}

function failures(type: ResourceType, inputs: PropertyMap): CheckFailure[] {
  const hint =
    ". Either set it explicitly or configure it with 'pulumi config set azure-native:location <value>'.";
  return [...pathInputs(type), ...(type.required ?? [])]
    .filter((name) => inputs[name] === undefined)
    .map((name) => ({
      property: name,
      reason: `missing required property '${name}'${name === "location" ? hint : ""}`,
    }));
}

/** Fills in name, location and API version as azure-native does, and says what is missing. */
export async function checkInputs(
  type: ResourceType,
  args: CheckArgs,
  defaults: DefaultLocation,
): Promise<CheckResult> {
  const inputs = withoutNulls(args.inputs);
  const nameKey = nameInput(type);
  if (inputs[nameKey] === undefined) {
    const oldName = args.oldInputs?.[nameKey];
    const automatic = oldName === undefined ? automaticName(type, args) : undefined;
    inputs[nameKey] = automatic?.name ?? oldName!;
    if (automatic?.random ?? args.oldInputs?.[createBeforeDelete] === true) inputs[createBeforeDelete] = true;
  }
  if (type.inputs.envelope?.includes("location") && inputs.location === undefined) {
    const location = await locationFor(args, inputs, defaults);
    if (location !== undefined) inputs.location = location;
  }
  inputs.azureApiVersion ??= type.apiVersion;
  return { inputs, failures: failures(type, inputs) };
}
