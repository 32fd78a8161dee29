import { AzureError } from "../core/azure-error";

/** A JSON object of which nothing is known yet. */
export type JsonObject = Record<string, unknown>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function invalid(name: string, expected: string): AzureError {
  return new AzureError(
    400,
    "InvalidRequestContent",
    `The request content was invalid and could not be deserialized: '${name}' must be ${expected}.`,
  );
}

function read<T>(
  object: JsonObject,
  name: string,
  expected: string,
  accepts: (value: unknown) => value is T,
) {
  const value = Object.hasOwn(object, name) ? object[name] : undefined;
  if (value === undefined || value === null) return undefined;
  if (!accepts(value)) throw invalid(name, expected);
  return value;
}

// Readers of a request's fields. Null counts as absent; a wrong type is 400 InvalidRequestContent.

export const textIn = (object: JsonObject, name: string): string | undefined =>
  read(object, name, "a string", (value) => typeof value === "string");

export const booleanIn = (object: JsonObject, name: string): boolean | undefined =>
  read(object, name, "a boolean", (value) => typeof value === "boolean");

export const numberIn = (object: JsonObject, name: string): number | undefined =>
  read(object, name, "a number", (value) => typeof value === "number");

export const listIn = (object: JsonObject, name: string): unknown[] | undefined =>
  read(object, name, "an array", (value) => Array.isArray(value));

/** The object of this name, or an empty one. */
export const objectIn = (object: JsonObject, name: string): JsonObject =>
  read(object, name, "an object", isObject) ?? {};

/** The object of this name, or undefined when there is none. */
export const optionalObjectIn = (object: JsonObject, name: string): JsonObject | undefined =>
  read(object, name, "an object", isObject);

/** A list of objects. */
export function objectsIn(object: JsonObject, name: string): JsonObject[] | undefined {
  const items = listIn(object, name);
  if (items && !items.every(isObject)) throw invalid(name, "an array of objects");
  return items as JsonObject[] | undefined;
}

/** A list of strings. */
export function textsIn(object: JsonObject, name: string): string[] | undefined {
  const items = listIn(object, name);
  if (items && !items.every((item) => typeof item === "string")) throw invalid(name, "an array of strings");
  return items as string[] | undefined;
}

/** An object without the members that are undefined. */
export function defined(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}

/** `target` as `patch` changes it: objects are merged, null removes, anything else replaces (RFC 7396). */
export function mergePatch(target: JsonObject, patch: JsonObject): JsonObject {
  const merged = new Map(Object.entries(target));
  for (const [name, value] of Object.entries(patch)) {
    const before = merged.get(name);
    if (value === null) merged.delete(name);
    else merged.set(name, isObject(value) ? mergePatch(isObject(before) ? before : {}, value) : value);
  }
  return Object.fromEntries(merged);
}

const deepestNesting = 100;

/** How deeply arrays and objects are nested in a JSON text. */
function nestingOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/gs)) {
    if (token === "[" || token === "{") deepest = Math.max(deepest, ++depth);
    else if (token === "]" || token === "}") depth--;
  }
  return deepest;
}

/** Reads a request's body: an object, or nothing. @throws AzureError 400 InvalidRequestContent */
export function parseBody(bytes: Buffer): JsonObject {
  if (bytes.length === 0) return {};
  const text = bytes.toString("utf8");
  if (nestingOf(text) > deepestNesting) throw invalid("body", `nested at most ${deepestNesting} deep`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new AzureError(
      400,
      "InvalidRequestContent",
      "The request content was invalid and could not be deserialized.",
    );
  }
  if (!isObject(value)) throw invalid("body", "an object");
  return value;
}
