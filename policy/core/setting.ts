import { type Properties, type Resource, UNKNOWN, type Value } from "./resource";
import type { Violation } from "./rule";

/**
 * The value at a dotted path, `undefined` where it or anything above it was left out or is null, and
 * `UNKNOWN` where it or anything above it is not known yet. A value above it that is no object counts as
 * having nothing in it.
 */
export function valueAt(properties: Properties, path: string): Value {
  let value: Value = properties;
  for (const name of path.split(".")) {
    if (value === UNKNOWN) return UNKNOWN;
    if (!isProperties(value)) return undefined;
    value = Object.hasOwn(value, name) ? value[name] : undefined;
  }
  return value ?? undefined;
}

/** Whether `value` is a bag of properties, not a list and not a scalar. */
export function isProperties(value: Value): value is Properties {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The violation, if any, of "the property at `path` is exactly `required`". An unknown value is let pass. */
export function requireSetting(
  resource: Resource,
  path: string,
  required: boolean,
  advice: Pick<Violation, "remedy" | "url">,
): Violation[] {
  const value = valueAt(resource.properties, path);
  if (value === required || value === UNKNOWN) return [];
  return [{ property: path, allowed: String(required), found: shown(value), ...advice }];
}

const SHOWN_LENGTH = 120;

/** A value in a message: scalars as they are, cut to a readable length, anything else by its type only. */
export function shown(value: Value): string {
  if (value === undefined || value === null) return "nothing (it is not set)";
  if (value === UNKNOWN) return "a value that is not known yet";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (isProperties(value)) return "an object";
  if (typeof value !== "string") return String(value);
  return JSON.stringify(value.length > SHOWN_LENGTH ? `${value.slice(0, SHOWN_LENGTH)}…` : value);
}
