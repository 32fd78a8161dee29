import { isMap, type PropertyValue, Secret, unknownValue } from "./values";

/** Names of members and positions in arrays, from the outside in. */
export type PropertyPath = (string | number)[];

/** One place at which two values differ. */
export interface Difference {
  path: PropertyPath;
  kind: "add" | "delete" | "update";
}

/** A path as the engine writes it: `properties.rules[0]["a.b"]`. */
export function formatPath(path: PropertyPath): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else if (/^[A-Za-z_$][\w$]*$/.test(step)) text += text === "" ? step : `.${step}`;
    else text += `["${step.replaceAll('"', '\\"')}"]`;
  }
  return text;
}

const absent = (value: PropertyValue | undefined): boolean => value === undefined || value === null;
const bare = (value: PropertyValue | undefined): PropertyValue | undefined =>
  value instanceof Secret ? bare(value.value) : value;

/**
 * Where `next` differs from `previous`, as deep as can be said. Null counts as absent, a secret as its value
 * and an unknown in `next` as a change.
 */
export function differences(
  previous: PropertyValue | undefined,
  next: PropertyValue | undefined,
  path: PropertyPath = [],
): Difference[] {
  const before = bare(previous);
  const after = bare(next);
  if (absent(before) && absent(after)) return [];
  if (absent(before)) return [{ path, kind: "add" }];
  if (absent(after)) return [{ path, kind: "delete" }];
  if (after === unknownValue) return [{ path, kind: "update" }];
  if (Array.isArray(before) && Array.isArray(after)) {
    const longest = before.length > after.length ? before : after;
    return longest.flatMap((_, index) => differences(before[index], after[index], [...path, index]));
  }
  if (isMap(before) && isMap(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].flatMap((key) => differences(before[key], after[key], [...path, key]));
  }
  return before === after ? [] : [{ path, kind: "update" }];
}
