import { createObject } from "../creation";
import { builtInKind, type Kind } from "../kinds";
import { at, type KubernetesObject, recordsAt, type StoredObject } from "../object";
import type { ClusterRuntime } from "../runtime";
import { updateObject } from "../update";
import { isReady } from "./pods-of";

const endpoints = builtInKind("Endpoints");
const endpointSlices = builtInKind("EndpointSlice");
const pods = builtInKind("Pod");

/** Keeps both lists of the ready pods that a Service selects: Endpoints and an EndpointSlice. */
export function reconcileEndpoints(runtime: ClusterRuntime, service: StoredObject): void {
  const { name, namespace } = service.metadata;
  const selector = Object.entries(at(service, "spec", "selector") as object);
  const ready = runtime.objects
    .all(pods, namespace)
    .filter((pod) => selector.every(([key, value]) => pod.metadata.labels?.[key] === value) && isReady(pod));
  const ports = recordsAt(service, "spec", "ports").map((port) => ({
    name: port.name ?? "",
    port: typeof port.targetPort === "number" ? port.targetPort : port.port,
    protocol: port.protocol,
  }));
  const target = (pod: StoredObject) => ({
    nodeName: at(pod, "spec", "nodeName"),
    targetRef: { kind: "Pod", namespace, name: pod.metadata.name, uid: pod.metadata.uid },
  });
  const metadata = {
    namespace: namespace!,
    ownerReferences: [
      { apiVersion: "v1", kind: "Service", name, uid: service.metadata.uid, controller: true },
    ],
  };
  const addresses = ready.map((pod) => ({ ip: at(pod, "status", "podIP"), ...target(pod) }));
  keep(runtime, endpoints, {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: { ...metadata, name },
    subsets: addresses.length > 0 ? [{ addresses, ports }] : [],
  });
  keep(runtime, endpointSlices, {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      ...metadata,
      name: `${name}-${service.metadata.uid.slice(0, 5)}`,
      labels: { "kubernetes.io/service-name": name },
    },
    addressType: "IPv4",
    endpoints: ready.map((pod) => ({
      addresses: [at(pod, "status", "podIP")],
      conditions: { ready: true, serving: true, terminating: false },
      ...target(pod),
    })),
    ports,
  });
}

function keep(runtime: ClusterRuntime, kind: Kind, wanted: KubernetesObject): void {
  const known = runtime.objects.get(kind, wanted.metadata.namespace, wanted.metadata.name!);
  if (known) updateObject(runtime, kind, known, { ...known, ...wanted, metadata: known.metadata });
  else createObject(runtime, kind, wanted);
}
