import { isMap, type PlainObject, type PlainValue } from "../values";
import type { ApiClient } from "./api-client";

/** Whether an object does what it is there for. */
export type Readiness =
  | { ready: true }
  /** What it still lacks, for the user to read. */
  | { ready: false; waitingFor: string }
  /** It will not get there by itself. */
  | { ready: false; failed: string };

const ready: Readiness = { ready: true };
const waiting = (waitingFor: string): Readiness => ({ ready: false, waitingFor });

const at = (value: PlainValue | undefined, ...path: string[]): PlainValue | undefined =>
  path.reduce<PlainValue | undefined>(
    (found, step) => (isMap(found) ? (found as PlainObject)[step] : undefined),
    value,
  );

const count = (object: PlainObject, ...path: string[]) => Number(at(object, ...path) ?? 0);

function condition(object: PlainObject, type: string): PlainObject | undefined {
  const conditions = at(object, "status", "conditions");
  const found = Array.isArray(conditions) ? conditions.find((one) => at(one, "type") === type) : undefined;
  return found as PlainObject | undefined;
}

type Check = (object: PlainObject, client: ApiClient) => Readiness | Promise<Readiness>;

const observed = (object: PlainObject) =>
  count(object, "status", "observedGeneration") >= count(object, "metadata", "generation");

function deployment(object: PlainObject): Readiness {
  const wanted = Number(at(object, "spec", "replicas") ?? 1);
  const progressing = condition(object, "Progressing");
  if (progressing?.reason === "ProgressDeadlineExceeded")
    return { ready: false, failed: String(progressing.message) };
  const refused = condition(object, "ReplicaFailure");
  if (refused?.status === "True") return waiting(String(refused.message));
  const updated = count(object, "status", "updatedReplicas");
  const available = count(object, "status", "availableReplicas");
  const total = count(object, "status", "replicas");
  const current = observed(object) && condition(object, "Available")?.status === "True";
  if (current && updated === wanted && available >= wanted && total === wanted) return ready;
  return waiting(`${Math.min(updated, available)}/${wanted} pods to be available`);
}

function statefulSet(object: PlainObject): Readiness {
  const wanted = Number(at(object, "spec", "replicas") ?? 1);
  const updated = at(object, "status", "currentRevision") === at(object, "status", "updateRevision");
  const readyReplicas = count(object, "status", "readyReplicas");
  if (observed(object) && updated && readyReplicas === wanted) return ready;
  return waiting(`${readyReplicas}/${wanted} pods to be ready`);
}

function daemonSet(object: PlainObject): Readiness {
  const wanted = count(object, "status", "desiredNumberScheduled");
  const available = count(object, "status", "numberAvailable");
  if (observed(object) && available >= wanted && count(object, "status", "updatedNumberScheduled") >= wanted)
    return ready;
  return waiting(`${available}/${wanted} pods to be available`);
}

function job(object: PlainObject): Readiness {
  const failed = condition(object, "Failed");
  if (failed?.status === "True") return { ready: false, failed: String(failed.message) };
  return condition(object, "Complete")?.status === "True" ? ready : waiting("the Job to complete");
}

function pod(object: PlainObject): Readiness {
  const phase = at(object, "status", "phase");
  if (phase === "Succeeded" || condition(object, "Ready")?.status === "True") return ready;
  if (phase === "Failed")
    return { ready: false, failed: String(at(object, "status", "message") ?? "the Pod failed") };
  return waiting("the Pod to be ready");
}

/** Pods behind it, unless it has none to select, and an address in front of a load balancer. */
async function service(object: PlainObject, client: ApiClient): Promise<Readiness> {
  const type = at(object, "spec", "type");
  const selector = at(object, "spec", "selector");
  const selects = isMap(selector) && Object.keys(selector).length > 0;
  if (type === "LoadBalancer") {
    const ingress = at(object, "status", "loadBalancer", "ingress");
    if (!Array.isArray(ingress) || ingress.length === 0)
      return waiting("the load balancer to have an address");
  }
  if (type === "ExternalName" || at(object, "spec", "clusterIP") === "None" || !selects) return ready;
  const label = `kubernetes.io/service-name=${String(at(object, "metadata", "name"))}`;
  const namespace = String(at(object, "metadata", "namespace"));
  const slices = await client.list("discovery.k8s.io/v1", "EndpointSlice", namespace, label);
  const answering = slices.some((slice) => {
    const endpoints = at(slice, "endpoints");
    return Array.isArray(endpoints) && endpoints.some((one) => at(one, "conditions", "ready") !== false);
  });
  return answering ? ready : waiting("pods that the Service selects");
}

const checks: Record<string, Check> = {
  "apps/v1 DaemonSet": daemonSet,
  "apps/v1 Deployment": deployment,
  "apps/v1 StatefulSet": statefulSet,
  "batch/v1 Job": job,
  "v1 Pod": pod,
  "v1 Service": service,
};

/** Whether `object` is ready, by the rules of its kind; one without rules is ready at once. */
export function readinessOf(object: PlainObject, client: ApiClient): Readiness | Promise<Readiness> {
  return checks[`${String(object.apiVersion)} ${String(object.kind)}`]?.(object, client) ?? ready;
}
