import { createObject } from "../creation";
import { deleteObject } from "../deletion";
import { builtInKind } from "../kinds";
import { stableHash } from "../names";
import { at, recordAt, recordsAt, type StoredObject } from "../object";
import type { ClusterRuntime } from "../runtime";
import { replicasOf, updateObject, updateStatus } from "../update";
import { setCondition } from "./condition";
import { recordEvent } from "./event";
import { ownerReference } from "./pods-of";

const deployments = builtInKind("Deployment");
const replicaSets = builtInKind("ReplicaSet");
const hashLabel = "pod-template-hash";
const revisionAnnotation = "deployment.kubernetes.io/revision";

/** A ReplicaSet for the current template; the older ones shrink once it is up. */
export function reconcileDeployment(runtime: ClusterRuntime, deployment: StoredObject): undefined {
  const hash = stableHash(at(deployment, "spec", "template"));
  const before = setsOf(runtime, deployment);
  if (at(deployment, "spec", "paused") !== true) {
    const current = before.find((set) => set.metadata.labels?.[hashLabel] === hash);
    if (current) scale(runtime, current, replicasOf(deployment));
    else createSet(runtime, deployment, hash, before);
  }
  const sets = setsOf(runtime, deployment);
  const current = sets.find((set) => set.metadata.labels?.[hashLabel] === hash);
  const older = sets.filter((set) => set !== current);
  if (current && count(current, "availableReplicas") >= replicasOf(deployment)) {
    for (const set of older) scale(runtime, set, 0);
    prune(runtime, deployment, older);
  }
  const latest = runtime.objects.get(deployments, deployment.metadata.namespace, deployment.metadata.name)!;
  const annotated = withRevision(runtime, latest, current);
  updateStatus(
    runtime,
    deployments,
    annotated,
    statusOf(runtime, annotated, setsOf(runtime, annotated), hash),
  );
}

function setsOf({ objects }: ClusterRuntime, deployment: StoredObject): StoredObject[] {
  return objects.ownedBy(deployment.metadata.uid).filter((set) => set.kind === "ReplicaSet");
}

const count = (set: StoredObject, field: string) => Number(at(set, "status", field) ?? 0);
const revisionOf = (set: StoredObject) => Number(set.metadata.annotations?.[revisionAnnotation] ?? 0);

function createSet(
  runtime: ClusterRuntime,
  deployment: StoredObject,
  hash: string,
  before: StoredObject[],
): void {
  const { name, namespace } = deployment.metadata;
  const template = recordAt(deployment, "spec", "template");
  const labels = {
    ...(recordAt(template, "metadata", "labels") as Record<string, string>),
    [hashLabel]: hash,
  };
  const replicas = replicasOf(deployment);
  const set = createObject(runtime, replicaSets, {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name: `${name.slice(0, 242)}-${hash}`,
      namespace: namespace!,
      labels,
      annotations: {
        "deployment.kubernetes.io/desired-replicas": String(replicas),
        [revisionAnnotation]: String(1 + Math.max(0, ...before.map(revisionOf))),
      },
      ownerReferences: [ownerReference(deployment)],
    },
    spec: {
      replicas,
      selector: {
        ...recordAt(deployment, "spec", "selector"),
        matchLabels: { ...recordAt(deployment, "spec", "selector", "matchLabels"), [hashLabel]: hash },
      },
      template: { ...template, metadata: { ...recordAt(template, "metadata"), labels } },
    },
  });
  scaled(runtime, deployment, set, replicas);
}

const scaled = (runtime: ClusterRuntime, deployment: StoredObject, set: StoredObject, replicas: number) =>
  recordEvent(runtime, deployment, {
    type: "Normal",
    reason: "ScalingReplicaSet",
    message: `Scaled replica set ${set.metadata.name} to ${replicas}`,
    component: "deployment-controller",
  });

function scale(runtime: ClusterRuntime, set: StoredObject, replicas: number): void {
  if (replicasOf(set) === replicas) return;
  updateObject(runtime, replicaSets, set, { ...set, spec: { ...recordAt(set, "spec"), replicas } });
}

/** Keeps no more old ReplicaSets than the Deployment's history allows. */
function prune(runtime: ClusterRuntime, deployment: StoredObject, older: StoredObject[]): void {
  const limit = Number(at(deployment, "spec", "revisionHistoryLimit") ?? 10);
  const empty = older.filter((set) => replicasOf(set) === 0).sort((a, b) => revisionOf(b) - revisionOf(a));
  for (const set of empty.slice(limit)) deleteObject(runtime, replicaSets, set);
}

function withRevision(
  runtime: ClusterRuntime,
  deployment: StoredObject,
  set: StoredObject | undefined,
): StoredObject {
  const revision = set?.metadata.annotations?.[revisionAnnotation];
  const annotations = deployment.metadata.annotations ?? {};
  if (revision === undefined || annotations[revisionAnnotation] === revision) return deployment;
  const metadata = {
    ...deployment.metadata,
    annotations: { ...annotations, [revisionAnnotation]: revision },
  };
  return runtime.objects.put(deployments, { ...deployment, metadata });
}

function statusOf(runtime: ClusterRuntime, deployment: StoredObject, sets: StoredObject[], hash: string) {
  const wanted = replicasOf(deployment);
  const total = (field: string) => sets.reduce((sum, set) => sum + count(set, field), 0);
  const current = sets.find((set) => set.metadata.labels?.[hashLabel] === hash);
  const available = total("availableReplicas");
  const updated = current ? count(current, "replicas") : 0;
  const done = available >= wanted && updated === wanted && total("replicas") === wanted;
  const failure = recordsAt(current, "status", "conditions").find(({ type }) => type === "ReplicaFailure");

  let status: Record<string, unknown> = { conditions: recordsAt(deployment, "status", "conditions") };
  const set = (type: string, holds: boolean, reason: string, message: string) => {
    const conditions = setCondition(status, runtime, {
      type,
      status: holds ? "True" : "False",
      reason,
      message,
    });
    status = { ...status, conditions };
  };
  if (available >= wanted) {
    set("Available", true, "MinimumReplicasAvailable", "Deployment has minimum availability.");
  } else {
    set("Available", false, "MinimumReplicasUnavailable", "Deployment does not have minimum availability.");
  }
  const name = current?.metadata.name ?? deployment.metadata.name;
  if (done)
    set("Progressing", true, "NewReplicaSetAvailable", `ReplicaSet "${name}" has successfully progressed.`);
  else set("Progressing", true, "ReplicaSetUpdated", `ReplicaSet "${name}" is progressing.`);
  if (failure) set("ReplicaFailure", true, "FailedCreate", String(failure.message));
  const conditions = (status.conditions as { type: string }[]).filter(
    ({ type }) => failure !== undefined || type !== "ReplicaFailure",
  );
  return {
    observedGeneration: deployment.metadata.generation,
    ...(total("replicas") > 0 && { replicas: total("replicas") }),
    ...(updated > 0 && { updatedReplicas: updated }),
    ...(total("readyReplicas") > 0 && { readyReplicas: total("readyReplicas") }),
    ...(available > 0 && { availableReplicas: available }),
    ...(available < wanted && { unavailableReplicas: wanted - available }),
    conditions,
  };
}
