import { isDeepStrictEqual } from "node:util";
import {
  child,
  descend,
  difference,
  existing,
  fieldsOf,
  isLeaf,
  readable,
  sharedLeaves,
  union,
  valueAt,
} from "./field-set";
import { isAtomicMap, isSet, itemKey, mapKeysOf } from "./list-types";
import { type FieldsV1, isRecord, type KubernetesObject, type ManagedFieldsEntry } from "./object";
import { ApiError, type Cause } from "./status";

/** Who writes, and when. */
export interface Manager {
  name: string;
  operation: "Apply" | "Update";
  time: string;
  /** Takes fields over from other managers instead of failing. */
  force?: boolean;
}

/**
 * Server-side apply: merges `applied` into `live`, removes what this manager applied before and no longer does,
 * and keeps who owns what in `metadata.managedFields`.
 * @throws ApiError 409 when another manager owns a field with another value, unless forced
 * @see https://kubernetes.io/docs/reference/using-api/server-side-apply/
 */
export function apply<T extends KubernetesObject>(live: T, applied: KubernetesObject, manager: Manager): T {
  const entries = live.metadata.managedFields ?? [];
  const mine = entries.find((entry) => isBy(entry, manager));
  const others = entries.filter((entry) => entry !== mine);
  const fields = fieldsOf(applied);

  const conflicts = others.flatMap((entry) =>
    sharedLeaves(fields, entry.fieldsV1)
      .filter((steps) => !agree(valueAt(live, steps), valueAt(applied, steps)))
      .map((steps) => ({ entry, steps })),
  );
  if (conflicts.length > 0 && !manager.force) throw conflictError(conflicts);

  const merged = merge(live, applied, []) as T;
  const dropped = mine ? difference(mine.fieldsV1, fields) : {};
  const kept = others.reduce((all, entry) => union(all, entry.fieldsV1), fields);
  const result = removeFields(merged, dropped, kept, []) as T;

  const taken = conflicts.reduce((all, { steps }) => union(all, treeOf(steps)), {} as FieldsV1);
  const remaining = others
    .map((entry) => ({ ...entry, fieldsV1: difference(entry.fieldsV1, taken) }))
    .filter((entry) => Object.keys(entry.fieldsV1).length > 0);
  const unchanged = mine && isDeepStrictEqual(mine.fieldsV1, fields);
  const entry = unchanged ? mine : entryOf(manager, applied.apiVersion, fields);
  return { ...result, metadata: { ...result.metadata, managedFields: [...remaining, entry] } };
}

/** After an ordinary write: what changed belongs to its manager now, what is gone to nobody. */
export function recordUpdate<T extends KubernetesObject>(
  before: T | undefined,
  after: T,
  manager: Manager,
): T {
  const changed = before ? changedFields(fieldsOf(after), before, after) : fieldsOf(after);
  const entries = (before ?? after).metadata.managedFields ?? [];
  const mine = entries.find((entry) => isBy(entry, manager));
  const rest = entries
    .filter((entry) => entry !== mine)
    .map((entry) => ({ ...entry, fieldsV1: existing(difference(entry.fieldsV1, changed), after) }));
  const owned = existing(union(mine?.fieldsV1 ?? {}, changed), after);
  const entry =
    mine && isDeepStrictEqual(mine.fieldsV1, owned) ? mine : entryOf(manager, after.apiVersion, owned);
  const managedFields = [...rest, entry].filter(({ fieldsV1 }) => Object.keys(fieldsV1).length > 0);
  return { ...after, metadata: { ...after.metadata, managedFields } };
}

/** An empty object takes nothing from what is there. */
const agree = (live: unknown, applied: unknown) =>
  isDeepStrictEqual(live, applied) ||
  (isRecord(live) && isRecord(applied) && Object.keys(applied).length === 0);

const isBy = (entry: ManagedFieldsEntry, manager: Manager) =>
  entry.manager === manager.name && entry.operation === manager.operation && entry.subresource === undefined;

const entryOf = (manager: Manager, apiVersion: string, fieldsV1: FieldsV1): ManagedFieldsEntry => ({
  manager: manager.name,
  operation: manager.operation,
  apiVersion,
  time: manager.time,
  fieldsType: "FieldsV1",
  fieldsV1,
});

function conflictError(conflicts: { entry: ManagedFieldsEntry; steps: string[] }[]): ApiError {
  const causes = conflicts.map(
    ({ entry, steps }): Cause => ({
      reason: "FieldManagerConflict",
      message: `conflict with "${entry.manager}"${entry.operation === "Update" ? ` using ${entry.apiVersion}` : ""}`,
      field: readable(steps),
    }),
  );
  const managers = [...new Set(causes.map((cause) => cause.message.slice("conflict with ".length)))].join(
    ", ",
  );
  const fields = causes.map((cause) => cause.field);
  const list = `conflicts with ${managers}:\n- ${fields.join("\n- ")}`;
  const what = causes.length === 1 ? `${causes[0]!.message}: ${fields[0]}` : list;
  const count = `${causes.length} conflict${causes.length === 1 ? "" : "s"}`;
  return new ApiError(409, "Conflict", `Apply failed with ${count}: ${what}`, { causes });
}

function treeOf(steps: readonly string[]): FieldsV1 {
  const [first, ...rest] = steps;
  return first === undefined ? {} : { [first]: treeOf(rest) };
}

/** The fields of `after` whose value is another in `before`, or was not there. */
function changedFields(
  fields: FieldsV1,
  before: unknown,
  after: unknown,
  path: readonly string[] = [],
): FieldsV1 {
  const result: FieldsV1 = {};
  for (const [step, inner] of Object.entries(fields)) {
    if (step === ".") {
      if (before === undefined) result["."] = {};
      continue;
    }
    const here = descend(path, step);
    const old = child(before, step, here);
    const now = child(after, step, here);
    if (isDeepStrictEqual(old, now)) continue;
    if (isLeaf(inner) || old === undefined) result[step] = inner;
    else {
      const changed = changedFields(inner, old, now, here);
      if (Object.keys(changed).length > 0) result[step] = changed;
    }
  }
  return result;
}

function merge(live: unknown, applied: unknown, path: readonly string[]): unknown {
  if (isRecord(live) && isRecord(applied) && !isAtomicMap(path)) {
    const result = { ...live };
    for (const [name, value] of Object.entries(applied)) {
      if (value !== undefined) result[name] = merge(live[name], value, [...path, name]);
    }
    return result;
  }
  if (!Array.isArray(live) || !Array.isArray(applied)) return applied;
  if (isSet(path)) return [...new Set([...live, ...applied])];
  const keys = mapKeysOf(path);
  if (!keys) return applied;
  const keyOf = (item: unknown) => (isRecord(item) ? itemKey(item, keys) : "");
  const liveByKey = new Map(live.map((item) => [keyOf(item), item as unknown]));
  const appliedKeys = new Set(applied.map(keyOf));
  return [
    ...applied.map((item) => merge(liveByKey.get(keyOf(item)), item, path)),
    ...live.filter((item) => !appliedKeys.has(keyOf(item))),
  ];
}

/** `value` without the fields of `dropped`, except for those in `kept`. */
function removeFields(value: unknown, dropped: FieldsV1, kept: FieldsV1, path: readonly string[]): unknown {
  let result = value;
  for (const [step, inner] of Object.entries(dropped)) {
    if (step === ".") continue;
    const here = descend(path, step);
    const current = child(result, step, here);
    const others = kept[step];
    if (current === undefined || (others && isLeaf(inner))) continue;
    const whole = !others && (isLeaf(inner) || "." in inner);
    const left = whole ? undefined : removeFields(current, inner, others ?? {}, here);
    const emptied = !others && isRecord(left) && Object.keys(left).length === 0;
    result = replaceChild(result, step, here, emptied ? undefined : left);
  }
  return result;
}

function replaceChild(value: unknown, step: string, path: readonly string[], replacement: unknown): unknown {
  if (step.startsWith("f:") && isRecord(value)) {
    const { [step.slice(2)]: _, ...rest } = value;
    return replacement === undefined ? rest : { ...value, [step.slice(2)]: replacement };
  }
  const target = child(value, step, path);
  return (value as unknown[]).flatMap((item) => {
    if (item !== target) return [item];
    return replacement === undefined ? [] : [replacement];
  });
}
