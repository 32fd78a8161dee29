import { podPullProblem } from "../image-pull";
import { journalObject } from "../journal-object";
import { builtInKind } from "../kinds";
import { at, recordAt, type StoredObject } from "../object";
import {
  completesAt,
  podAddress,
  pullBackOff,
  pullFailedStatus,
  runningStatus,
  scheduledStatus,
  startsAt,
  succeededStatus,
} from "../pod-status";
import type { ClusterRuntime } from "../runtime";
import { numberFrom } from "../service-addresses";
import { updateStatus } from "../update";

const pods = builtInKind("Pod");
const nodes = builtInKind("Node");

/** The scheduler and the kubelet: gives a pod a node and an address, and lets it run. */
export function reconcilePod(runtime: ClusterRuntime, pod: StoredObject): number | undefined {
  const now = runtime.context.clock.now();
  const phase = at(pod, "status", "phase");
  if (phase === undefined) return start(runtime, schedule(runtime, pod, now), now);
  if (phase === "Pending") return start(runtime, pod, now);
  if (phase === "Running" && at(pod, "spec", "restartPolicy") !== "Always")
    return complete(runtime, pod, now);
  return undefined;
}

const factor = (runtime: ClusterRuntime) => runtime.context.faults.settings.operationTimeFactor;

function schedule(runtime: ClusterRuntime, pod: StoredObject, now: number): StoredObject {
  const available = runtime.objects.all(nodes);
  const node = available[numberFrom(pod.metadata.uid) % available.length]!;
  const assigned = { ...pod, spec: { ...recordAt(pod, "spec"), nodeName: node.metadata.name } };
  return runtime.objects.put(pods, { ...assigned, status: scheduledStatus(pod, node, now) });
}

function start(runtime: ClusterRuntime, pod: StoredObject, now: number): number | undefined {
  const from = startsAt(pod, factor(runtime));
  if (now < from) return from - now;
  const problem = podPullProblem(runtime, pod);
  if (problem) {
    updateStatus(runtime, pods, pod, pullFailedStatus(pod, problem));
    return pullBackOff;
  }
  // What the image kept it waiting for is not the cluster's own time.
  const startedAt = Date.parse(String(at(pod, "status", "startTime")));
  journalObject(runtime, pods, pod, { startedAt, completedAt: from });
  updateStatus(runtime, pods, pod, runningStatus(pod, podAddress(runtime.objects.revision), now));
  return undefined;
}

/** A pod that is not to be restarted has done its work after a while. */
function complete(runtime: ClusterRuntime, pod: StoredObject, now: number): number | undefined {
  const end = completesAt(pod, factor(runtime));
  if (now < end) return end - now;
  updateStatus(runtime, pods, pod, succeededStatus(pod, now));
  return undefined;
}
