import { createObject } from "../creation";
import { type DeleteOptions, deleteObject, isProtectedNamespace } from "../deletion";
import { apiVersionOf, type Kind } from "../kinds";
import { isRecord, type KubernetesObject, recordAt, type StoredObject, timestamp } from "../object";
import { jsonPatch, mergePatch, strategicMergePatch } from "../patch";
import type { ClusterRuntime } from "../runtime";
import { apply, type Manager } from "../server-side-apply";
import { ApiError, badRequest, forbidden } from "../status";
import { replicasOf, updateObject, updateStatus } from "../update";
import { type Body, parseBody } from "./http";
import { find, selected } from "./read";
import type { Target } from "./target";

/** A write, apart from what it writes. */
export interface WriteRequest {
  runtime: ClusterRuntime;
  target: Target;
  query: URLSearchParams;
  /** "kubectl/v1.33 …" */
  userAgent: string;
}

export interface Written {
  code: number;
  body: unknown;
}

/** Thrown to undo a dry run with what it would have answered. */
class DryRun extends Error {
  constructor(readonly written: Written) {
    super("dry run");
  }
}

/** All of `work` at once; a dry run leaves nothing behind. */
function perform({ runtime, query }: WriteRequest, work: () => Written): Written {
  const dryRun = query.get("dryRun");
  if (dryRun && dryRun !== "All")
    throw badRequest(`dryRun: Unsupported value: "${dryRun}": supported values: "All"`);
  try {
    return runtime.objects.transact(() => {
      const written = work();
      if (dryRun) throw new DryRun(written);
      return written;
    });
  } catch (error) {
    if (error instanceof DryRun) return error.written;
    throw error;
  }
}

function managerOf({ runtime, query, userAgent }: WriteRequest, operation: Manager["operation"]): Manager {
  return {
    name: query.get("fieldManager") || userAgent.split("/")[0] || "unknown",
    operation,
    time: timestamp(runtime.context.clock.now()),
    force: query.get("force") === "true",
  };
}

/** The object of a request's body, of the kind and in the namespace that its path says. @throws ApiError 400 */
function objectOf({ kind, namespace, name }: Target, body: unknown): KubernetesObject {
  if (!isRecord(body)) throw badRequest("the object provided is unrecognized: it must be an object");
  const apiVersion = body.apiVersion ?? apiVersionOf(kind);
  const said = body.kind ?? kind.kind;
  if (apiVersion !== apiVersionOf(kind) || said !== kind.kind) {
    throw badRequest(
      `the object provided (${String(apiVersion)}, Kind=${String(said)}) does not match the kind of the request (${apiVersionOf(kind)}, Kind=${kind.kind})`,
    );
  }
  const metadata = recordAt(body, "metadata") as KubernetesObject["metadata"];
  for (const field of ["labels", "annotations"] as const) {
    if (metadata[field] !== undefined && metadata[field] !== null && !isRecord(metadata[field])) {
      throw badRequest(`metadata.${field} must be an object`);
    }
  }
  for (const field of ["finalizers", "ownerReferences", "managedFields"] as const) {
    if (metadata[field] !== undefined && metadata[field] !== null && !Array.isArray(metadata[field])) {
      throw badRequest(`metadata.${field} must be an array`);
    }
  }
  if (kind.namespaced && metadata.namespace !== undefined && metadata.namespace !== namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  return {
    ...body,
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    metadata: {
      ...withoutNull(metadata),
      ...(metadata.name === undefined && name !== undefined && { name }),
      ...(kind.namespaced && namespace !== undefined && { namespace }),
    },
  };
}

const withoutNull = <T extends object>(fields: T): T =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)) as T;

export function create(request: WriteRequest, body: unknown): Written {
  const { runtime, target } = request;
  const { managedFields: _, ...metadata } = objectOf(target, body).metadata;
  const object = { ...objectOf(target, body), metadata };
  return perform(request, () => ({
    code: 201,
    body: createObject(runtime, target.kind, object, managerOf(request, "Update")),
  }));
}

export function replace(request: WriteRequest, body: unknown): Written {
  const { runtime, target } = request;
  if (target.subresource === "scale") return scaleTo(request, body);
  const given = objectOf(target, body);
  return perform(request, () => ({ code: 200, body: writeOver(request, find(runtime, target), given) }));
}

function writeOver(request: WriteRequest, old: StoredObject, given: KubernetesObject): StoredObject {
  const { runtime, target } = request;
  if (target.subresource === "status") return updateStatus(runtime, target.kind, old, given.status);
  // A client that sends no managedFields leaves them as they are.
  const { managedFields } = old.metadata;
  const kept = { ...given, metadata: { ...given.metadata, ...(managedFields && { managedFields }) } };
  return updateObject(runtime, target.kind, old, kept, managerOf(request, "Update"));
}

/** @throws ApiError 415 for a patch of another type */
export function patch(request: WriteRequest, body: Body): Written {
  const { type } = body;
  if (type === "application/apply-patch+yaml") return applyPatch(request, parseBody(body));
  const change = patchers[type];
  if (!change) {
    throw new ApiError(
      415,
      "UnsupportedMediaType",
      `the body of the request was in an unknown format - ${type}`,
    );
  }
  const { runtime, target } = request;
  const given = parseBody(body);
  if (target.subresource === "scale") {
    return scaleTo(request, change(scaleOf(find(runtime, target)), given));
  }
  return perform(request, () => {
    const old = find(runtime, target);
    return { code: 200, body: writeOver(request, old, objectOf(target, change(old, given))) };
  });
}

const patchers: Record<string, (target: unknown, patch: unknown) => unknown> = {
  "application/json-patch+json": jsonPatch,
  "application/merge-patch+json": mergePatch,
  "application/strategic-merge-patch+json": strategicMergePatch,
};

function applyPatch(request: WriteRequest, body: unknown): Written {
  const { runtime, target, query } = request;
  const { kind } = target;
  if (!query.get("fieldManager")) throw badRequest("fieldManager is required for apply patch");
  if (!isRecord(body) || !body.apiVersion || !body.kind) {
    throw badRequest("the object provided is unrecognized: 'kind' and 'apiVersion' must be set");
  }
  const applied = objectOf(target, body);
  if (applied.metadata.managedFields) throw badRequest("metadata.managedFields must be nil");
  if (applied.metadata.name !== target.name) {
    throw badRequest(
      `the name of the object (${applied.metadata.name}) does not match the name on the URL (${target.name})`,
    );
  }
  const manager = managerOf(request, "Apply");
  return perform(request, () => {
    const old = runtime.objects.get(kind, kind.namespaced ? target.namespace : undefined, target.name!);
    if (!old) {
      const { name, namespace } = applied.metadata;
      const empty = {
        apiVersion: applied.apiVersion,
        kind: applied.kind,
        metadata: { name: name!, ...(namespace && { namespace }) },
      };
      return {
        code: 201,
        body: createObject(runtime, kind, apply<KubernetesObject>(empty, applied, manager)),
      };
    }
    const merged = apply<KubernetesObject>(old, applied, manager);
    if (target.subresource === "status") {
      return { code: 200, body: updateStatus(runtime, kind, old, merged.status) };
    }
    return { code: 200, body: updateObject(runtime, kind, old, merged, manager) };
  });
}

/** Deletes one object. @throws ApiError 403 for a namespace that every cluster has */
export function remove(request: WriteRequest, options: DeleteOptions): Written {
  const { runtime, target } = request;
  return perform(request, () => {
    const object = find(runtime, target);
    const { name, uid } = object.metadata;
    if (isProtectedNamespace(target.kind, name))
      throw forbidden(target.kind, name, "this namespace may not be deleted");
    const left = deleteObject(runtime, target.kind, object, options);
    if (left) return { code: 200, body: left };
    const { kind } = target;
    const details = { name, ...(kind.group && { group: kind.group }), kind: kind.plural, uid };
    return { code: 200, body: { ...success, details } };
  });
}

export function removeCollection(request: WriteRequest, options: DeleteOptions): Written {
  const { runtime, target, query } = request;
  return perform(request, () => {
    for (const object of selected(runtime, target, query))
      deleteObject(runtime, target.kind, object, options);
    return { code: 200, body: { ...success, details: { kind: target.kind.plural } } };
  });
}

const success = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success" };

/** An object's `scale` subresource. */
export function scaleOf(object: StoredObject) {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const labels = Object.entries(recordAt(object, "spec", "selector", "matchLabels"));
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: replicasOf(object) },
    status: {
      replicas: Number(recordAt(object, "status").replicas ?? 0),
      selector: labels.map(([key, value]) => `${key}=${String(value)}`).join(","),
    },
  };
}

function scaleTo(request: WriteRequest, scale: unknown): Written {
  const { runtime, target } = request;
  const { replicas } = recordAt(scale, "spec");
  return perform(request, () => {
    const old = find(runtime, target);
    const spec = { ...recordAt(old, "spec"), replicas };
    const next = updateObject(runtime, target.kind, old, { ...old, spec }, managerOf(request, "Update"));
    return { code: 200, body: scaleOf(next) };
  });
}

/** Kinds that may be created, changed or deleted at all. */
export const allows = (kind: Kind, verb: string): boolean => kind.verbs.includes(verb);
