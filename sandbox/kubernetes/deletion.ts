import { builtInKind, type Kind } from "./kinds";
import { type StoredObject, timestamp } from "./object";
import { type ClusterRuntime, kindOf, kindsOf } from "./runtime";
import { conflict } from "./status";

/** What a client may say about a deletion. */
export interface DeleteOptions {
  propagationPolicy?: "Background" | "Foreground" | "Orphan";
  preconditions?: { uid?: string; resourceVersion?: string };
}

const undeletable = new Set(["default", "kube-system", "kube-public", "kube-node-lease"]);

export const isProtectedNamespace = (kind: Kind, name: string): boolean =>
  kind.kind === "Namespace" && kind.group === "" && undeletable.has(name);

/**
 * Deletes an object and what it owns; one with finalizers is only marked, until they are gone.
 * Only within a transaction.
 * @returns the object while it is still there, else undefined
 * @throws ApiError 409 when a precondition does not hold
 */
export function deleteObject(
  runtime: ClusterRuntime,
  kind: Kind,
  object: StoredObject,
  options: DeleteOptions = {},
): StoredObject | undefined {
  const { uid, resourceVersion } = options.preconditions ?? {};
  const { metadata } = object;
  if (uid && uid !== metadata.uid) {
    throw conflict(
      kind,
      metadata.name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata.uid}`,
    );
  }
  if (resourceVersion && resourceVersion !== metadata.resourceVersion) {
    throw conflict(kind, metadata.name, "Precondition failed: the resource version is another");
  }
  if (options.propagationPolicy === "Orphan") orphan(runtime, metadata.uid);
  const held = kind.kind === "Namespace" || (metadata.finalizers ?? []).length > 0;
  const marked =
    metadata.deletionTimestamp || !held
      ? object
      : runtime.objects.put(kind, {
          ...object,
          metadata: {
            ...metadata,
            deletionTimestamp: timestamp(runtime.context.clock.now()),
            deletionGracePeriodSeconds: 0,
          },
          ...(kind.kind === "Namespace" && { status: { phase: "Terminating" } }),
        });
  if (kind.kind === "Namespace" && hasOnlyItsOwn(runtime, metadata.name)) emptyNamespace(runtime, marked);
  else finish(runtime, kind, marked);
  return runtime.objects.get(kind, metadata.namespace, metadata.name);
}

/** Removes an object that is marked for deletion once nothing holds it. Returns it as it was last. */
export function finish(runtime: ClusterRuntime, kind: Kind, object: StoredObject): StoredObject {
  if ((object.metadata.finalizers ?? []).length > 0) return object;
  if (kind.kind === "Namespace" && contentsOf(runtime, object.metadata.name).length > 0) return object;
  runtime.objects.remove(kind, object);
  for (const dependent of runtime.objects.ownedBy(object.metadata.uid)) {
    const dependentKind = kindOf(runtime, dependent);
    if (dependentKind) deleteObject(runtime, dependentKind, dependent);
  }
  return object;
}

/** Deletes what is in a namespace, and the namespace itself when nothing is left. Only within a transaction. */
export function emptyNamespace(runtime: ClusterRuntime, namespace: StoredObject): void {
  const { name } = namespace.metadata;
  for (const { kind, object } of contentsOf(runtime, name)) {
    const current = runtime.objects.get(kind, name, object.metadata.name);
    if (current) deleteObject(runtime, kind, current);
  }
  finish(runtime, namespaces, namespace);
}

const namespaces = builtInKind("Namespace");

function contentsOf(runtime: ClusterRuntime, namespace: string) {
  return kindsOf(runtime)
    .filter((kind) => kind.namespaced)
    .flatMap((kind) => runtime.objects.all(kind, namespace).map((object) => ({ kind, object })));
}

/** Whether a namespace holds nothing but what it came with, and what is told of things that are gone. */
const hasOnlyItsOwn = (runtime: ClusterRuntime, namespace: string): boolean =>
  contentsOf(runtime, namespace).every(
    ({ kind, object }) =>
      kind.kind === "Event" || ["default", "kube-root-ca.crt"].includes(object.metadata.name),
  );

function orphan(runtime: ClusterRuntime, owner: string): void {
  for (const dependent of runtime.objects.ownedBy(owner)) {
    const kind = kindOf(runtime, dependent);
    const ownerReferences = (dependent.metadata.ownerReferences ?? []).filter(({ uid }) => uid !== owner);
    if (kind)
      runtime.objects.put(kind, { ...dependent, metadata: { ...dependent.metadata, ownerReferences } });
  }
}
