import { imagePullProblem } from "../image-pull";
import { builtInKind } from "../kinds";
import { at, recordAt, recordsAt, type StoredObject, timestamp } from "../object";
import type { ClusterRuntime } from "../runtime";
import { numberFrom } from "../service-addresses";
import { updateStatus } from "../update";

const pods = builtInKind("Pod");
const nodes = builtInKind("Node");

/** How long scheduling, pulling and starting take, in milliseconds; times the faults' operationTimeFactor. */
const startTime = { shortest: 1500, spread: 2500 };

/** How long a Job's pod works, likewise. */
const workTime = 1000;

/** How long the kubelet waits before it tries again to pull an image, in milliseconds. */
const pullBackOff = 10_000;

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
  const time = timestamp(now);
  return runtime.objects.put(pods, {
    ...assigned,
    status: {
      phase: "Pending",
      qosClass: "BestEffort",
      startTime: time,
      hostIP: recordsAt(node, "status", "addresses").find(({ type }) => type === "InternalIP")?.address,
      conditions: conditions(false, time),
      containerStatuses: recordsAt(pod, "spec", "containers").map((container) =>
        containerStatus(container, { waiting: { reason: "ContainerCreating" } }),
      ),
    },
  });
}

function start(runtime: ClusterRuntime, pod: StoredObject, now: number): number | undefined {
  const began = Date.parse(String(at(pod, "status", "startTime")));
  const share = (numberFrom(pod.metadata.uid) % 1000) / 1000;
  const startsAt = began + (startTime.shortest + share * startTime.spread) * factor(runtime);
  if (now < startsAt) return startsAt - now;
  const containers = recordsAt(pod, "spec", "containers");
  const problem = containers
    .map(({ image }) => imagePullProblem(runtime, String(image)))
    .find((found) => found !== undefined);
  const status = recordAt(pod, "status");
  if (problem) {
    updateStatus(runtime, pods, pod, {
      ...status,
      containerStatuses: containers.map((container) =>
        containerStatus(container, { waiting: { reason: "ImagePullBackOff", message: problem } }),
      ),
    });
    return pullBackOff;
  }
  const time = timestamp(now);
  const address = podAddress(runtime);
  updateStatus(runtime, pods, pod, {
    ...status,
    phase: "Running",
    podIP: address,
    podIPs: [{ ip: address }],
    conditions: conditions(true, time),
    containerStatuses: containers.map((container) =>
      containerStatus(container, { running: { startedAt: time } }),
    ),
  });
  return undefined;
}

/** A pod that is not to be restarted has done its work after a while. */
function complete(runtime: ClusterRuntime, pod: StoredObject, now: number): number | undefined {
  const status = recordAt(pod, "status");
  const running = recordsAt(status, "containerStatuses").map((one) =>
    at(one, "state", "running", "startedAt"),
  );
  const endsAt = Date.parse(String(running[0])) + workTime * factor(runtime);
  if (now < endsAt) return endsAt - now;
  const time = timestamp(now);
  const terminated = { exitCode: 0, reason: "Completed", startedAt: running[0], finishedAt: time };
  updateStatus(runtime, pods, pod, {
    ...status,
    phase: "Succeeded",
    conditions: conditions(false, time, "PodCompleted"),
    containerStatuses: recordsAt(pod, "spec", "containers").map((container) =>
      containerStatus(container, { terminated }),
    ),
  });
  return undefined;
}

/** From AKS' default pod range, 10.244.0.0/16. */
function podAddress(runtime: ClusterRuntime): string {
  const number = runtime.objects.revision;
  return `10.244.${Math.floor(number / 250) % 250}.${1 + (number % 250)}`;
}

function conditions(ready: boolean, lastTransitionTime: string, reason?: string) {
  const one = (type: string, holds: boolean) => ({
    type,
    status: holds ? "True" : "False",
    lastProbeTime: null,
    lastTransitionTime,
    ...(!holds && { reason: reason ?? "ContainersNotReady" }),
  });
  return [
    { type: "PodScheduled", status: "True", lastProbeTime: null, lastTransitionTime },
    one("Initialized", true),
    one("ContainersReady", ready),
    one("Ready", ready),
  ];
}

function containerStatus(container: Record<string, unknown>, state: Record<string, unknown>) {
  const running = "running" in state;
  return {
    name: container.name,
    image: container.image,
    imageID: running ? String(container.image) : "",
    ready: running,
    started: running,
    restartCount: 0,
    state,
    lastState: {},
  };
}
