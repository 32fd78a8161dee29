import {
  isMap,
  type PlainObject,
  type PropertyMap,
  type PropertyValue,
  Secret,
  unknownValue,
} from "../values";
import { withArmNames, withSdkNames } from "./arm-names";
import type { ResourceType } from "./resource-type";

/** Where an input or output stands in ARM's body. */
function membersOf(type: ResourceType, side: "envelope" | "properties"): string[] {
  return [...(type.inputs[side] ?? []), ...(type.outputs[side] ?? [])];
}

/** The inputs that go into ARM's body. */
export function bodyInputs(type: ResourceType): string[] {
  return [...(type.inputs.envelope ?? []), ...(type.inputs.properties ?? [])];
}

/** Everything that a resource of this type has as an output. */
export function outputNames(type: ResourceType): string[] {
  const own = [...membersOf(type, "envelope"), ...membersOf(type, "properties")];
  const readable = own.filter((name) => !(type.writeOnly ?? []).includes(name));
  return [...new Set([...readable, "name", "type", "azureApiVersion"])];
}

function pick(from: PlainObject, members: readonly string[]): PlainObject {
  const picked: PlainObject = {};
  for (const member of members) {
    const value = from[member];
    if (value !== undefined) picked[member] = value;
  }
  return picked;
}

/** The body of the PUT request that makes a resource with these inputs. */
export function requestBody(type: ResourceType, inputs: PlainObject): PlainObject {
  const body = pick(inputs, type.inputs.envelope ?? []);
  if (type.inputs.properties !== undefined) body.properties = pick(inputs, type.inputs.properties);
  return withArmNames(type, body);
}

/** The outputs that ARM's answer means. What the SDK does not know is left out. */
export function outputsOf(type: ResourceType, response: PlainObject): PropertyMap {
  const body = withSdkNames(type, response);
  const properties = isMap(body.properties) ? (body.properties as PlainObject) : {};
  const nested = membersOf(type, "properties");
  const envelope = [...membersOf(type, "envelope"), "name", "type"].filter((name) => !nested.includes(name));
  return {
    ...pick(body, envelope),
    ...pick(properties, nested),
    azureApiVersion: type.apiVersion,
  };
}

/** `value` without what stands at `path`; the same object when there is nothing. */
function without(value: PropertyValue, path: readonly string[]): PropertyValue {
  const [step, ...rest] = path;
  if (step === undefined || !isMap(value)) return value;
  const name = step.replace(/\[\]$/, "");
  const member = value[name];
  if (member === undefined) return value;
  if (rest.length === 0) {
    const { [name]: _removed, ...others } = value;
    return others;
  }
  const inside = (nested: PropertyValue) => without(nested, rest);
  if (name === step) return { ...value, [name]: inside(member) };
  if (Array.isArray(member)) return { ...value, [name]: member.map(inside) };
  if (!isMap(member)) return value;
  const each = Object.entries(member).map(([key, nested]) => [key, inside(nested)] as const);
  return { ...value, [name]: Object.fromEntries(each) };
}

/** The part of a resource's outputs that its inputs could have said. */
export function inputsFromOutputs(type: ResourceType, outputs: PropertyMap): PropertyMap {
  let projected: PropertyValue = {};
  for (const name of bodyInputs(type)) {
    const value = outputs[name];
    if (value !== undefined && !(type.writeOnly ?? []).includes(name)) projected[name] = value;
  }
  for (const path of type.computed ?? []) projected = without(projected, path.split(".")) as PropertyMap;
  for (const path of type.keySets ?? []) projected = listKeys(projected as PropertyMap, path.split("."));
  return projected as PropertyMap;
}

function listKeys(value: PropertyMap, [step, ...rest]: readonly string[]): PropertyMap {
  const member = step === undefined ? undefined : value[step];
  if (step === undefined || !isMap(member)) return value;
  return { ...value, [step]: rest.length === 0 ? Object.keys(member) : listKeys(member, rest) };
}

/** Without empty lists and objects, which ARM shows for what was never set. */
function withoutEmpty(value: PropertyValue): PropertyValue | undefined {
  if (Array.isArray(value)) {
    const kept = value.map(withoutEmpty).filter((item) => item !== undefined);
    return kept.length === 0 ? undefined : kept;
  }
  if (!isMap(value)) return value;
  const kept = Object.entries(value).flatMap(([key, member]): [string, PropertyValue][] => {
    const nested = withoutEmpty(member);
    return nested === undefined ? [] : [[key, nested]];
  });
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

/** The inputs that would have made a resource that nobody knows the inputs of. */
export function inputsForImport(
  type: ResourceType,
  pathValues: Record<string, string>,
  outputs: PropertyMap,
): PropertyMap {
  return { ...pathValues, ...((withoutEmpty(inputsFromOutputs(type, outputs)) ?? {}) as PropertyMap) };
}

/** Whether a value comes back from ARM as it was sent: what has members may come back with more of them. */
function comesBackAsSent(name: string, value: PropertyValue): boolean {
  if (value instanceof Secret) return comesBackAsSent(name, value.value);
  if (name === "tags" || name === "metadata") return true;
  return Array.isArray(value) ? value.every((item) => comesBackAsSent("", item)) : !isMap(value);
}

/** The outputs as far as they are known before ARM has been asked. */
export function previewOutputs(type: ResourceType, inputs: PropertyMap): PropertyMap {
  const outputs: PropertyMap = {};
  for (const name of outputNames(type)) {
    const input = inputs[name];
    outputs[name] = input !== undefined && comesBackAsSent(name, input) ? input : unknownValue;
  }
  outputs.azureApiVersion = type.apiVersion;
  return outputs;
}
