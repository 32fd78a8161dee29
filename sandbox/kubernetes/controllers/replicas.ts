import { builtInKind } from "../kinds";
import { stableHash } from "../names";
import { at, recordAt, type StoredObject } from "../object";
import type { ClusterRuntime } from "../runtime";
import { replicasOf, updateStatus } from "../update";
import { setCondition } from "./condition";
import { createPod, deletePod, isReady, podsOf } from "./pods-of";

const replicaSets = builtInKind("ReplicaSet");
const statefulSets = builtInKind("StatefulSet");
const daemonSets = builtInKind("DaemonSet");
const nodes = builtInKind("Node");

const revisionLabel = "controller-revision-hash";

export function reconcileReplicaSet(runtime: ClusterRuntime, set: StoredObject): undefined {
  const wanted = replicasOf(set);
  const present = podsOf(runtime, set);
  let refusal: string | undefined;
  for (let count = present.length; count < wanted && refusal === undefined; count += 1) {
    refusal = createPod(runtime, replicaSets, set, { generateName: `${set.metadata.name}-` });
  }
  for (const pod of present.slice(wanted)) deletePod(runtime, pod);
  const pods = podsOf(runtime, set);
  const ready = pods.filter(isReady).length;
  const status = recordAt(set, "status");
  updateStatus(runtime, replicaSets, set, {
    replicas: pods.length,
    fullyLabeledReplicas: pods.length,
    readyReplicas: ready,
    availableReplicas: ready,
    observedGeneration: set.metadata.generation,
    ...(refusal !== undefined && {
      conditions: setCondition(status, runtime, {
        type: "ReplicaFailure",
        status: "True",
        reason: "FailedCreate",
        message: refusal,
      }),
    }),
  });
}

/** The pods of a set that are made anew when their template changes; `names` are those that there should be. */
function reconcileNamed(
  runtime: ClusterRuntime,
  set: StoredObject,
  kind: typeof statefulSets,
  names: string[],
): { pods: StoredObject[]; revision: string } {
  const revision = stableHash(at(set, "spec", "template"));
  for (const pod of podsOf(runtime, set)) {
    const outdated = pod.metadata.labels?.[revisionLabel] !== revision;
    if (outdated || !names.includes(pod.metadata.name)) deletePod(runtime, pod);
  }
  const present = new Set(podsOf(runtime, set).map((pod) => pod.metadata.name));
  for (const name of names.filter((one) => !present.has(one))) {
    if (createPod(runtime, kind, set, { name }, { [revisionLabel]: revision }) !== undefined) break;
  }
  return { pods: podsOf(runtime, set), revision: `${set.metadata.name}-${revision}` };
}

export function reconcileStatefulSet(runtime: ClusterRuntime, set: StoredObject): undefined {
  const names = Array.from({ length: replicasOf(set) }, (_, ordinal) => `${set.metadata.name}-${ordinal}`);
  const { pods, revision } = reconcileNamed(runtime, set, statefulSets, names);
  const ready = pods.filter(isReady).length;
  updateStatus(runtime, statefulSets, set, {
    replicas: pods.length,
    readyReplicas: ready,
    availableReplicas: ready,
    currentReplicas: pods.length,
    updatedReplicas: pods.length,
    currentRevision: revision,
    updateRevision: revision,
    collisionCount: 0,
    observedGeneration: set.metadata.generation,
  });
}

export function reconcileDaemonSet(runtime: ClusterRuntime, set: StoredObject): undefined {
  const names = runtime.objects
    .list(nodes)
    .map((node) => `${set.metadata.name}-${stableHash(node.metadata.name).slice(0, 5)}`);
  const { pods } = reconcileNamed(runtime, set, daemonSets, names);
  const ready = pods.filter(isReady).length;
  updateStatus(runtime, daemonSets, set, {
    currentNumberScheduled: pods.length,
    desiredNumberScheduled: names.length,
    numberAvailable: ready,
    numberMisscheduled: 0,
    numberReady: ready,
    numberUnavailable: names.length - ready,
    updatedNumberScheduled: pods.length,
    observedGeneration: set.metadata.generation,
  });
}
