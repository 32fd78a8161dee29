import { v4 as uuid } from "uuid";
import { admitPod } from "./admission";
import { applyDefaults } from "./defaults";
import { builtInKind, type Kind } from "./kinds";
import { randomSuffix } from "./names";
import { type KubernetesObject, type StoredObject, timestamp } from "./object";
import type { ClusterRuntime } from "./runtime";
import { type Manager, recordUpdate } from "./server-side-apply";
import { allocateAddresses } from "./service-addresses";
import { alreadyExists, forbidden, notFound } from "./status";
import { validate } from "./validation";

const namespaces = builtInKind("Namespace");

/**
 * Adds an object, as the API server does: namespace, name, defaults, admission, validation.
 * Only within a transaction. `manager` is noted as the owner of the fields; controllers leave it out.
 * @throws ApiError 404 (namespace), 403 (admission), 409 (name taken), 422
 */
export function createObject(
  runtime: ClusterRuntime,
  kind: Kind,
  given: KubernetesObject,
  manager?: Manager,
): StoredObject {
  const { objects } = runtime;
  const namespace = kind.namespaced ? given.metadata.namespace : undefined;
  if (namespace !== undefined) checkNamespace(runtime, kind, given, namespace);
  const named = withIdentity(runtime, given, namespace);
  const defaulted = applyDefaults(named);
  const admitted = kind.kind === "Pod" && kind.group === "" ? admitPod(runtime, kind, defaulted) : defaulted;
  validate(kind, admitted);
  if (objects.get(kind, namespace, named.metadata.name)) throw alreadyExists(kind, named.metadata.name);
  const complete =
    kind.kind === "Service" && kind.group === "" ? allocateAddresses(objects, admitted) : admitted;
  return objects.put(kind, manager ? recordUpdate(undefined, complete, manager) : complete);
}

function checkNamespace(runtime: ClusterRuntime, kind: Kind, object: KubernetesObject, name: string): void {
  const namespace = runtime.objects.get(namespaces, undefined, name);
  if (!namespace) throw notFound(namespaces, name);
  if (namespace.metadata.deletionTimestamp) {
    const why = `unable to create new content in namespace ${name} because it is being terminated`;
    throw forbidden(kind, object.metadata.name ?? "", why);
  }
}

function withIdentity(
  runtime: ClusterRuntime,
  given: KubernetesObject,
  namespace: string | undefined,
): StoredObject {
  const { generateName, name, namespace: _, ...metadata } = given.metadata;
  const generated = generateName ? `${generateName.slice(0, 58)}${randomSuffix(5)}` : "";
  const { status: _status, ...fields } = given;
  const initialStatus = given.kind === "Namespace" ? { status: { phase: "Active" } } : {};
  return {
    ...fields,
    ...initialStatus,
    metadata: {
      ...metadata,
      ...(generateName && { generateName }),
      name: name || generated,
      ...(namespace !== undefined && { namespace }),
      uid: uuid(),
      resourceVersion: "",
      creationTimestamp: timestamp(runtime.context.clock.now()),
      ...("spec" in given && { generation: 1 }),
      ...(given.kind === "Namespace" && {
        labels: { ...metadata.labels, "kubernetes.io/metadata.name": name || generated },
      }),
    },
  } as StoredObject;
}
