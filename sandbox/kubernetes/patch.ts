import { isDeepStrictEqual } from "node:util";
import { mapKeysOf } from "./list-types";
import { isRecord } from "./object";
import { ApiError, badRequest } from "./status";

/** RFC 7386. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const result: Record<string, unknown> = isRecord(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = mergePatch(result[name], value);
  }
  return result;
}

/**
 * Kubernetes' strategic merge patch: lists of keyed items are merged, and directives (`$patch`, `$retainKeys`,
 * `$setElementOrder/…`, `$deleteFromPrimitiveList/…`) say what to remove.
 * @see https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md
 */
export function strategicMergePatch(target: unknown, patch: unknown, path: readonly string[] = []): unknown {
  if (!isRecord(patch)) return patch;
  const { $patch: directive, $retainKeys: retained, ...fields } = patch;
  if (directive === "replace") return fields;
  if (directive === "delete") return {};
  const result: Record<string, unknown> = isRecord(target) ? { ...target } : {};
  if (Array.isArray(retained)) {
    for (const name of Object.keys(result)) if (!retained.includes(name)) delete result[name];
  }
  for (const [name, value] of Object.entries(fields)) {
    const [command, list] = name.startsWith("$") ? name.split("/", 2) : [];
    if (command === "$deleteFromPrimitiveList" && list && Array.isArray(value)) {
      const current = result[list];
      if (Array.isArray(current)) result[list] = current.filter((member) => !value.includes(member));
    } else if (command !== undefined) {
    } else if (value === null) delete result[name];
    else if (Array.isArray(value)) result[name] = patchedList(result[name], value, [...path, name]);
    else result[name] = strategicMergePatch(result[name], value, [...path, name]);
  }
  for (const [name, order] of Object.entries(fields)) {
    const list = name.startsWith("$setElementOrder/") ? name.slice("$setElementOrder/".length) : undefined;
    const current = list && result[list];
    if (list && Array.isArray(current) && Array.isArray(order)) {
      result[list] = inOrder(current, order, [...path, list]);
    }
  }
  return result;
}

function patchedList(target: unknown, patch: unknown[], path: readonly string[]): unknown[] {
  const key = mapKeysOf(path)?.[0];
  const items = patch.filter((item) => !(isRecord(item) && item.$patch === "replace"));
  if (key === undefined || !Array.isArray(target) || items.length < patch.length) return items.map(clean);
  let result: unknown[] = [...target];
  for (const item of items) {
    if (!isRecord(item)) throw badRequest(`the list at ${path.join(".")} takes objects only`);
    const index = result.findIndex((current) => isRecord(current) && current[key] === item[key]);
    if (item.$patch === "delete") result = result.filter((_, position) => position !== index);
    else if (index < 0) result.push(clean(item));
    else result[index] = strategicMergePatch(result[index], item, path);
  }
  return result;
}

/** An item that is new carries no directives. */
const clean = (item: unknown) => (isRecord(item) ? strategicMergePatch({}, item) : item);

function inOrder(list: unknown[], order: unknown[], path: readonly string[]): unknown[] {
  const key = mapKeysOf(path)?.[0];
  const identity = (item: unknown) => (key && isRecord(item) ? item[key] : item);
  const wanted = order.map(identity);
  const place = (item: unknown) => {
    const index = wanted.indexOf(identity(item));
    return index < 0 ? wanted.length : index;
  };
  return [...list].sort((a, b) => place(a) - place(b));
}

/** RFC 6902. @throws ApiError 422 when a test fails or a path is not there */
export function jsonPatch(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw badRequest("a JSON patch is an array of operations");
  return patch.reduce((document, operation) => operate(document, operation), structuredClone(target));
}

function operate(document: unknown, operation: unknown): unknown {
  if (!isRecord(operation) || typeof operation.path !== "string") {
    throw badRequest("each operation of a JSON patch has 'op' and 'path'");
  }
  const steps = pointer(operation.path);
  const from = () => pointer(String(operation.from ?? ""));
  switch (operation.op) {
    case "add":
      return edit(document, steps, (parent, key) => insert(parent, key, operation.value), operation.value);
    case "replace":
      read(document, steps);
      return edit(document, steps, (parent, key) => assign(parent, key, operation.value), operation.value);
    case "remove":
      read(document, steps);
      return edit(document, steps, remove, undefined);
    case "copy":
    case "move": {
      const value = structuredClone(read(document, from()));
      const rest = operation.op === "move" ? edit(document, from(), remove, undefined) : document;
      return edit(rest, steps, (parent, key) => insert(parent, key, value), value);
    }
    case "test":
      if (isDeepStrictEqual(read(document, steps), operation.value)) return document;
      throw unprocessable(`testing path ${operation.path} failed`);
    default:
      throw badRequest(`unknown operation '${String(operation.op)}' in a JSON patch`);
  }
}

type Container = Record<string, unknown> | unknown[];
const unprocessable = (message: string) =>
  new ApiError(422, "Invalid", `the server rejected our request: ${message}`);

const pointer = (path: string) =>
  path === ""
    ? []
    : path
        .slice(1)
        .split("/")
        .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));

function read(document: unknown, steps: readonly string[]): unknown {
  let value = document;
  for (const step of steps) {
    const container = isRecord(value) || Array.isArray(value) ? value : undefined;
    if (!container || !Object.hasOwn(container, step))
      throw unprocessable(`missing path: /${steps.join("/")}`);
    value = (container as Record<string, unknown>)[step];
  }
  return value;
}

function edit(
  document: unknown,
  steps: readonly string[],
  change: (parent: Container, key: string) => void,
  whole: unknown,
): unknown {
  const key = steps.at(-1);
  if (key === undefined) return whole;
  const parent = read(document, steps.slice(0, -1));
  if (!isRecord(parent) && !Array.isArray(parent)) throw unprocessable(`missing path: /${steps.join("/")}`);
  change(parent, key);
  return document;
}

function index(list: unknown[], key: string): number {
  const position = key === "-" ? list.length : /^\d+$/.test(key) ? Number(key) : Number.NaN;
  if (!(position <= list.length)) throw unprocessable(`invalid array index ${key}`);
  return position;
}

function insert(parent: Container, key: string, value: unknown): void {
  if (Array.isArray(parent)) parent.splice(index(parent, key), 0, value);
  else define(parent, key, value);
}

function assign(parent: Container, key: string, value: unknown): void {
  if (Array.isArray(parent)) parent[index(parent, key)] = value;
  else define(parent, key, value);
}

function remove(parent: Container, key: string): void {
  if (Array.isArray(parent)) parent.splice(index(parent, key), 1);
  else delete parent[key];
}

/** Also for `__proto__`, which an assignment would take for something else. */
const define = (parent: Record<string, unknown>, key: string, value: unknown) =>
  Object.defineProperty(parent, key, { value, writable: true, enumerable: true, configurable: true });
