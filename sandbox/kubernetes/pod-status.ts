import { at, recordAt, recordsAt, type StoredObject, timestamp } from "./object";
import { numberFrom } from "./service-addresses";

/** How long scheduling, pulling and starting take, in milliseconds; times the faults' operationTimeFactor. */
const startTime = { shortest: 1500, spread: 2500 };

/** How long a pod works that is not to be restarted, likewise. */
const workTime = 1000;

/** How long the kubelet waits before it tries again to pull an image, in milliseconds. */
export const pullBackOff = 10_000;

/** When a pod that waits on its node runs, in milliseconds since the epoch. */
export function startsAt(pod: StoredObject, operationTimeFactor: number): number {
  const began = Date.parse(String(at(pod, "status", "startTime")));
  const share = (numberFrom(pod.metadata.uid) % 1000) / 1000;
  return began + (startTime.shortest + share * startTime.spread) * operationTimeFactor;
}

/** When a pod that runs once has done its work, in milliseconds since the epoch. */
export function completesAt(pod: StoredObject, operationTimeFactor: number): number {
  return Date.parse(String(startedAt(pod))) + workTime * operationTimeFactor;
}

const containersOf = (pod: StoredObject) => recordsAt(pod, "spec", "containers");
const startedAt = (pod: StoredObject): unknown =>
  recordsAt(pod, "status", "containerStatuses").map((one) => at(one, "state", "running", "startedAt"))[0];

/** The status of a pod that a node has taken. */
export function scheduledStatus(pod: StoredObject, node: StoredObject, now: number): Record<string, unknown> {
  const time = timestamp(now);
  return {
    phase: "Pending",
    qosClass: at(pod, "status", "qosClass") ?? "BestEffort",
    startTime: time,
    hostIP: recordsAt(node, "status", "addresses").find(({ type }) => type === "InternalIP")?.address,
    conditions: conditions(false, time),
    containerStatuses: containersOf(pod).map((container) =>
      containerStatus(container, { waiting: { reason: "ContainerCreating" } }),
    ),
  };
}

/** The status of a pod whose images the node may not pull. */
export function pullFailedStatus(pod: StoredObject, message: string): Record<string, unknown> {
  return {
    ...recordAt(pod, "status"),
    containerStatuses: containersOf(pod).map((container) =>
      containerStatus(container, { waiting: { reason: "ImagePullBackOff", message } }),
    ),
  };
}

export function runningStatus(pod: StoredObject, podIP: string, now: number): Record<string, unknown> {
  const time = timestamp(now);
  return {
    ...recordAt(pod, "status"),
    phase: "Running",
    podIP,
    podIPs: [{ ip: podIP }],
    conditions: conditions(true, time),
    containerStatuses: containersOf(pod).map((container) =>
      containerStatus(container, { running: { startedAt: time } }),
    ),
  };
}

export function succeededStatus(pod: StoredObject, now: number): Record<string, unknown> {
  const time = timestamp(now);
  const terminated = { exitCode: 0, reason: "Completed", startedAt: startedAt(pod), finishedAt: time };
  return {
    ...recordAt(pod, "status"),
    phase: "Succeeded",
    conditions: conditions(false, time, "PodCompleted"),
    containerStatuses: containersOf(pod).map((container) => containerStatus(container, { terminated })),
  };
}

/** From AKS' default pod range, 10.244.0.0/16. */
export const podAddress = (number: number): string =>
  `10.244.${Math.floor(number / 250) % 250}.${1 + (number % 250)}`;

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
