import type { AzureSide } from "../kubernetes/azure-side";
import { podPullProblem } from "../kubernetes/image-pull";
import { at, recordsAt, type StoredObject } from "../kubernetes/object";
import {
  completesAt,
  podAddress,
  pullBackOff,
  pullFailedStatus,
  runningStatus,
  scheduledStatus,
  startsAt,
  succeededStatus,
} from "../kubernetes/pod-status";
import { numberFrom } from "../kubernetes/service-addresses";
import { type ApiServerClient, mergePatch } from "./api-server-client";
import { retryAfter, type Step } from "./look-after";

/**
 * What scheduler and kubelet do next with a pod: give it a node, let it run when the node may pull its images, confirm
 * its end.
 * @param nodes those of the cluster, at any time
 */
export function podStep(side: () => AzureSide, client: ApiServerClient, nodes: () => StoredObject[]): Step {
  /** The addresses of all pods that were seen. */
  const addresses = new Set<string>();
  return async (pod) => {
    const { namespace, name, uid, deletionTimestamp } = pod.metadata;
    const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
    const { context } = side();
    const factor = context.faults.settings.operationTimeFactor;
    const now = context.clock.now();
    const setStatus = (status: Record<string, unknown>) =>
      client.call("PATCH", `${path}/status`, { metadata: { uid }, status }, mergePatch);
    const nodeName = at(pod, "spec", "nodeName");
    const address = at(pod, "status", "podIP");
    if (typeof address === "string") addresses.add(address);

    /** As a kubelet confirms that the containers have ended. */
    async function confirmEnd(): Promise<undefined> {
      if (nodeName === undefined) return;
      await client.callIfThere("DELETE", path, { gracePeriodSeconds: 0, preconditions: { uid } });
    }

    async function bind(): Promise<number | undefined> {
      const node = nodes()[numberFrom(uid) % nodes().length];
      if (!node) return retryAfter;
      await client.call("POST", `${path}/binding`, {
        apiVersion: "v1",
        kind: "Binding",
        metadata: { name, namespace, uid },
        target: { apiVersion: "v1", kind: "Node", name: node.metadata.name },
      });
      return undefined;
    }

    async function start(): Promise<number | undefined> {
      if (at(pod, "status", "startTime") === undefined) {
        const node = nodes().find(({ metadata }) => metadata.name === nodeName);
        if (node) await setStatus(scheduledStatus(pod, node, now));
        return undefined;
      }
      const from = startsAt(pod, factor);
      if (now < from) return from - now;
      const problem = podPullProblem(side(), pod);
      if (problem === undefined) {
        await setStatus(runningStatus(pod, freeAddress(pod, addresses), now));
        return undefined;
      }
      if (!isBackingOff(pod)) await setStatus(pullFailedStatus(pod, problem));
      return pullBackOff;
    }

    async function complete(): Promise<number | undefined> {
      const end = completesAt(pod, factor);
      if (now < end) return end - now;
      await setStatus(succeededStatus(pod, now));
      return undefined;
    }

    if (deletionTimestamp !== undefined) return confirmEnd();
    if (nodeName === undefined) return bind();
    const phase = at(pod, "status", "phase");
    if (phase === "Pending") return start();
    if (phase === "Running" && at(pod, "spec", "restartPolicy") !== "Always") return complete();
    return undefined;
  };
}

const isBackingOff = (pod: StoredObject): boolean =>
  recordsAt(pod, "status", "containerStatuses").some(
    (one) => at(one, "state", "waiting", "reason") === "ImagePullBackOff",
  );

function freeAddress(pod: StoredObject, taken: Set<string>): string {
  let number = numberFrom(pod.metadata.uid);
  while (taken.has(podAddress(number))) number += 1;
  taken.add(podAddress(number));
  return podAddress(number);
}
