import { isDeepStrictEqual } from "node:util";
import { applyDefaults } from "./defaults";
import { finish } from "./deletion";
import type { Kind } from "./kinds";
import { at, isRecord, type KubernetesObject, recordAt, recordsAt, type StoredObject } from "./object";
import type { ClusterRuntime } from "./runtime";
import { type Manager, recordUpdate } from "./server-side-apply";
import { allocateAddresses, keepAddresses } from "./service-addresses";
import { badRequest, conflict, invalid, modified } from "./status";
import { validate } from "./validation";

/**
 * Replaces `old` by `given`, as the API server does: what the server alone writes is kept, the resourceVersion
 * must be the current one where it is given, and nothing is written when nothing changes.
 * Only within a transaction.
 * @throws ApiError 400 (another name), 409 (changed meanwhile), 422
 */
export function updateObject(
  runtime: ClusterRuntime,
  kind: Kind,
  old: StoredObject,
  given: KubernetesObject,
  manager?: Manager,
): StoredObject {
  checkSameObject(kind, old, given);
  const subresourced = kind.subresources.includes("status") || kind.kind === "Pod";
  const kept = subresourced ? { ...given, status: old.status } : given;
  const merged = applyDefaults({ ...kept, metadata: serverMetadata(old, given) } as StoredObject);
  const isService = kind.kind === "Service" && kind.group === "";
  const complete = isService ? allocateAddresses(runtime.objects, keepAddresses(merged, old)) : merged;
  if (complete.status === undefined) delete complete.status;
  validate(kind, complete, old);
  if (kind.kind === "Pod") checkPodUpdate(kind, old, complete);
  return write(
    runtime,
    kind,
    old,
    manager?.operation === "Update" ? recordUpdate(old, complete, manager) : complete,
  );
}

/** Replaces the status and nothing else. Only within a transaction. */
export function updateStatus(
  runtime: ClusterRuntime,
  kind: Kind,
  old: StoredObject,
  status: unknown,
): StoredObject {
  if (isDeepStrictEqual(old.status, status)) return old;
  return runtime.objects.put(kind, { ...old, status });
}

function checkSameObject(kind: Kind, old: StoredObject, { metadata }: KubernetesObject): void {
  const { name, namespace, uid, resourceVersion } = old.metadata;
  if (metadata.name !== name) {
    throw badRequest(
      `the name of the object (${metadata.name}) does not match the name on the URL (${name})`,
    );
  }
  if (metadata.namespace !== undefined && metadata.namespace !== namespace && kind.namespaced) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  if (metadata.uid && metadata.uid !== uid) {
    throw conflict(
      kind,
      name,
      `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${uid}`,
    );
  }
  if (metadata.resourceVersion && metadata.resourceVersion !== resourceVersion) throw modified(kind, name);
}

/** What only the server writes stays as it was. */
function serverMetadata(old: StoredObject, given: KubernetesObject): StoredObject["metadata"] {
  const { deletionTimestamp: _, deletionGracePeriodSeconds: _grace, ...metadata } = given.metadata;
  const {
    uid,
    resourceVersion,
    creationTimestamp,
    generation,
    deletionTimestamp,
    deletionGracePeriodSeconds,
    name,
  } = old.metadata;
  const { namespace } = old.metadata;
  return {
    ...metadata,
    name,
    ...(namespace !== undefined && { namespace }),
    uid,
    resourceVersion,
    creationTimestamp,
    ...(generation !== undefined && { generation }),
    ...(deletionTimestamp !== undefined && { deletionTimestamp }),
    ...(deletionGracePeriodSeconds !== undefined && { deletionGracePeriodSeconds }),
  };
}

function write(runtime: ClusterRuntime, kind: Kind, old: StoredObject, next: StoredObject): StoredObject {
  const specChanged = !isDeepStrictEqual(next.spec, old.spec);
  const generation = (old.metadata.generation ?? 0) + 1;
  const counted =
    specChanged && isRecord(next.spec) ? { ...next, metadata: { ...next.metadata, generation } } : next;
  if (sameContent(counted, old)) return old;
  const written = runtime.objects.put(kind, counted);
  return written.metadata.deletionTimestamp ? finish(runtime, kind, written) : written;
}

/** Fields with the value undefined are not there, for JSON. */
const sameContent = (a: StoredObject, b: StoredObject) =>
  isDeepStrictEqual(a, b) || JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([k, v]) => [k, sorted(v)]),
  );
}

/** Of a pod's specification only images and a few numbers may change. */
function checkPodUpdate(kind: Kind, old: StoredObject, next: StoredObject): void {
  const frozen = (pod: StoredObject) => {
    const { activeDeadlineSeconds: _, tolerations: _tolerations, ...spec } = recordAt(pod, "spec");
    const withoutImage = (list: string) =>
      recordsAt(spec, list).map(({ image: _image, ...container }) => container);
    return {
      ...spec,
      containers: withoutImage("containers"),
      initContainers: withoutImage("initContainers"),
    };
  };
  if (isDeepStrictEqual(frozen(old), frozen(next))) return;
  throw invalid(kind, old.metadata.name, [
    {
      reason: "FieldValueForbidden",
      message:
        "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
      field: "spec",
    },
  ]);
}

/** The number of pods that an object with a scale wants. */
export const replicasOf = (object: KubernetesObject): number => Number(at(object, "spec", "replicas") ?? 1);
