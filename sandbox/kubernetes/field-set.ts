import { isAtomicMap, isSet, itemKey, mapKeysOf } from "./list-types";
import { type FieldsV1, isRecord } from "./object";

/** Fields that nobody owns: identity and what the server writes. */
const unowned = new Set(["apiVersion", "kind", "status"]);
const unownedMetadata = new Set([
  "name",
  "generateName",
  "namespace",
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "managedFields",
]);

export const isLeaf = (fields: FieldsV1): boolean => Object.keys(fields).every((key) => key === ".");

/** The fields that `object` sets, without those that nobody owns. */
export function fieldsOf(object: Record<string, unknown>): FieldsV1 {
  const fields: FieldsV1 = {};
  for (const [name, value] of Object.entries(object)) {
    if (unowned.has(name) || value === undefined) continue;
    if (name !== "metadata") {
      fields[`f:${name}`] = valueFields(value, [name]);
      continue;
    }
    const owned = Object.entries(value as object).filter(
      ([key, at]) => !unownedMetadata.has(key) && at !== undefined,
    );
    const inner = Object.fromEntries(owned.map(([key, at]) => [`f:${key}`, valueFields(at, [name, key])]));
    if (owned.length > 0) fields["f:metadata"] = inner;
  }
  return fields;
}

function valueFields(value: unknown, path: string[]): FieldsV1 {
  if (isRecord(value)) {
    if (isAtomicMap(path)) return {};
    const entries = Object.entries(value).filter(([, child]) => child !== undefined);
    return Object.fromEntries(
      entries.map(([name, child]) => [`f:${name}`, valueFields(child, [...path, name])]),
    );
  }
  if (!Array.isArray(value)) return {};
  if (isSet(path)) return Object.fromEntries(value.map((member) => [`v:${JSON.stringify(member)}`, {}]));
  const keys = mapKeysOf(path);
  if (!keys) return {};
  return Object.fromEntries(
    value
      .filter(isRecord)
      .map((item) => [`k:${itemKey(item, keys)}`, { ".": {}, ...valueFields(item, path) }]),
  );
}

export function union(a: FieldsV1, b: FieldsV1): FieldsV1 {
  const result = { ...a };
  for (const [key, fields] of Object.entries(b))
    result[key] = result[key] ? union(result[key], fields) : fields;
  return result;
}

/** The fields of `a` that are not in `b`. */
export function difference(a: FieldsV1, b: FieldsV1): FieldsV1 {
  const result: FieldsV1 = {};
  for (const [key, fields] of Object.entries(a)) {
    const other = b[key];
    if (!other) result[key] = fields;
    else if (!isLeaf(fields)) {
      const rest = difference(fields, other);
      if (Object.keys(rest).length > 0) result[key] = rest;
    }
  }
  return result;
}

/** What stands at one step of a field path in `value`. */
export function child(value: unknown, step: string, path: readonly string[]): unknown {
  if (step.startsWith("f:")) return isRecord(value) ? value[step.slice(2)] : undefined;
  if (!Array.isArray(value)) return undefined;
  if (step.startsWith("v:")) {
    const member: unknown = JSON.parse(step.slice(2));
    return value.includes(member) ? member : undefined;
  }
  const keys = mapKeysOf(path);
  return keys && value.find((item) => isRecord(item) && itemKey(item, keys) === step.slice(2));
}

/** The path of field names after `step`; the items of a list share the list's. */
export const descend = (path: readonly string[], step: string): string[] =>
  step.startsWith("f:") ? [...path, step.slice(2)] : [...path];

/** The owned leaves of `fields` that also stand in `other`, each as the steps to it. */
export function sharedLeaves(fields: FieldsV1, other: FieldsV1, steps: string[] = []): string[][] {
  return Object.entries(fields).flatMap(([step, inner]) => {
    const theirs = other[step];
    if (!theirs || step === ".") return [];
    const here = [...steps, step];
    // An empty object beside one that another manager fills takes nothing from it.
    if (isLeaf(inner) !== isLeaf(theirs)) return [];
    return isLeaf(inner) ? [here] : sharedLeaves(inner, theirs, here);
  });
}

/** The value at the end of `steps`. */
export function valueAt(object: unknown, steps: readonly string[]): unknown {
  let value = object;
  let path: string[] = [];
  for (const step of steps) {
    path = descend(path, step);
    value = child(value, step, path);
  }
  return value;
}

/** The path as Kubernetes writes it: `.spec.containers[name="app"].image`. */
export function readable(steps: readonly string[]): string {
  return steps
    .map((step) => {
      if (step.startsWith("f:")) return `.${step.slice(2)}`;
      if (step.startsWith("v:")) return `[=${step.slice(2)}]`;
      const keys = Object.entries(JSON.parse(step.slice(2)) as object);
      return `[${keys.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(",")}]`;
    })
    .join("");
}

/** The fields of `fields` that `object` still has. */
export function existing(fields: FieldsV1, object: unknown, path: readonly string[] = []): FieldsV1 {
  const result: FieldsV1 = {};
  for (const [step, inner] of Object.entries(fields)) {
    const here = descend(path, step);
    const value = step === "." ? object : child(object, step, here);
    if (value === undefined) continue;
    if (isLeaf(inner)) result[step] = inner;
    else {
      const rest = existing(inner, value, here);
      if (Object.keys(rest).length > 0) result[step] = rest;
    }
  }
  return result;
}
