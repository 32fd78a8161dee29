import { nodeOf, nodeStatus } from "../kubernetes/aks-objects";
import type { AzureSide } from "../kubernetes/azure-side";
import { podPullProblem } from "../kubernetes/image-pull";
import { balancedAt, balancedStatus } from "../kubernetes/load-balancer";
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
import { ApiError } from "../kubernetes/status";
import { type ApiServerClient, mergePatch } from "./api-server-client";
import { follow } from "./watcher";

const nodesPath = "/api/v1/nodes";

/** After how long something that failed is tried again, in milliseconds. */
const retryAfter = 1_000;

/** The machines of a cluster, and the load balancer in front of it. */
export interface Nodes {
  /** Lets the cluster have as many machines as ARM says. */
  resize(): Promise<void>;
  stop(): Promise<void>;
}

/** A step that brings an object further. Returns after how many milliseconds to look at it again, if at all. */
type Step = (object: StoredObject) => Promise<number | undefined>;

/**
 * Plays scheduler, kubelets and Azure's load balancer for a real API server: pods get a node, and run when its
 * identity may pull their images; a Service of type LoadBalancer gets an address.
 */
export async function startNodes(side: () => AzureSide, client: ApiServerClient): Promise<Nodes> {
  let nodes: StoredObject[] = [];
  const resize = async () => {
    nodes = await resizeTo(side(), client);
  };
  await resize();
  const ending = new AbortController();
  const addresses = new Set<string>();
  const podStep = stepOfPods(side, client, () => nodes, addresses);
  const loops = [
    lookAfter("/api/v1/pods", podStep, { side, client, signal: ending.signal }),
    lookAfter("/api/v1/services", stepOfServices(side, client), { side, client, signal: ending.signal }),
  ];
  return {
    resize,
    stop: async () => {
      ending.abort();
      await Promise.all(loops);
    },
  };
}

/** @returns the nodes as they are now */
async function resizeTo({ context, cluster }: AzureSide, client: ApiServerClient): Promise<StoredObject[]> {
  const nodes: StoredObject[] = [];
  for (let number = 0; number < cluster.nodeCount; number += 1) {
    const node = nodeOf(cluster, number);
    const path = `${nodesPath}/${node.metadata.name}`;
    if (!(await client.callIfThere("GET", path))) await client.call("POST", nodesPath, node);
    const status = nodeStatus(cluster, number, context.clock.now());
    // New nodes are tainted as not ready, and no controller runs that would see that they are.
    await client.call("PATCH", path, { spec: { taints: null } }, mergePatch);
    nodes.push((await client.call("PATCH", `${path}/status`, { status }, mergePatch)) as StoredObject);
  }
  const names = new Set(nodes.map(({ metadata }) => metadata.name));
  const all = recordsAt(await client.call("GET", nodesPath), "items") as unknown as StoredObject[];
  for (const { metadata } of all) {
    if (!names.has(metadata.name)) await client.callIfThere("DELETE", `${nodesPath}/${metadata.name}`);
  }
  return nodes;
}

/** Takes each object of a collection one step further whenever it changes, one after another. */
async function lookAfter(
  path: string,
  step: Step,
  { side, client, signal }: { side: () => AzureSide; client: ApiServerClient; signal: AbortSignal },
): Promise<void> {
  const objects = new Map<string, StoredObject>();
  const waiting = new Set<string>();
  let work = Promise.resolve();
  const look = (uid: string) => {
    work = work.then(async () => {
      const object = objects.get(uid);
      if (!object || signal.aborted) return;
      const again = await step(object).catch((error: unknown) => {
        // Somebody was faster, or the API server is on its way down; what is there is seen again.
        if (!(error instanceof ApiError) && !signal.aborted) return retryAfter;
        return error instanceof ApiError && error.code !== 404 && error.code !== 409 ? retryAfter : undefined;
      });
      if (again === undefined || waiting.has(uid)) return;
      waiting.add(uid);
      side()
        .context.clock.sleep(again)
        .then(() => {
          waiting.delete(uid);
          look(uid);
        });
    });
  };
  await follow(client, path, signal, {
    onObject: (object) => {
      objects.set(object.metadata.uid, object);
      look(object.metadata.uid);
    },
    onGone: ({ metadata }) => objects.delete(metadata.uid),
  });
  await work;
}

function stepOfPods(
  side: () => AzureSide,
  client: ApiServerClient,
  nodes: () => StoredObject[],
  addresses: Set<string>,
): Step {
  return async (pod) => {
    const { namespace, name, uid, deletionTimestamp } = pod.metadata;
    const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
    const setStatus = (status: Record<string, unknown>) =>
      client.call("PATCH", `${path}/status`, { metadata: { uid }, status }, mergePatch);
    const { context } = side();
    const factor = context.faults.settings.operationTimeFactor;
    const now = context.clock.now();
    const phase = at(pod, "status", "phase");
    const nodeName = at(pod, "spec", "nodeName");
    const address = at(pod, "status", "podIP");
    if (typeof address === "string") addresses.add(address);
    if (deletionTimestamp !== undefined) {
      if (nodeName === undefined) return undefined;
      // As a kubelet confirms that the containers have ended.
      await client.callIfThere("DELETE", path, { gracePeriodSeconds: 0, preconditions: { uid } });
      return undefined;
    }
    if (nodeName === undefined) {
      const target = nodes()[numberFrom(uid) % nodes().length];
      if (!target) return retryAfter;
      const node = { apiVersion: "v1", kind: "Node", name: target.metadata.name };
      await client.call("POST", `${path}/binding`, {
        apiVersion: "v1",
        kind: "Binding",
        metadata: { name, namespace, uid },
        target: node,
      });
      return undefined;
    }
    if (phase === "Pending" && at(pod, "status", "startTime") === undefined) {
      const node = nodes().find(({ metadata }) => metadata.name === nodeName);
      if (node) await setStatus(scheduledStatus(pod, node, now));
      return undefined;
    }
    if (phase === "Pending") {
      const from = startsAt(pod, factor);
      if (now < from) return from - now;
      const problem = podPullProblem(side(), pod);
      if (problem === undefined) await setStatus(runningStatus(pod, freeAddress(pod, addresses), now));
      else if (!isPullFailed(pod)) await setStatus(pullFailedStatus(pod, problem));
      return problem === undefined ? undefined : pullBackOff;
    }
    if (phase === "Running" && at(pod, "spec", "restartPolicy") !== "Always") {
      const end = completesAt(pod, factor);
      if (now < end) return end - now;
      await setStatus(succeededStatus(pod, now));
    }
    return undefined;
  };
}

const isPullFailed = (pod: StoredObject): boolean =>
  recordsAt(pod, "status", "containerStatuses").some(
    (one) => at(one, "state", "waiting", "reason") === "ImagePullBackOff",
  );

function freeAddress(pod: StoredObject, taken: Set<string>): string {
  let number = numberFrom(pod.metadata.uid);
  while (taken.has(podAddress(number))) number += 1;
  taken.add(podAddress(number));
  return podAddress(number);
}

function stepOfServices(side: () => AzureSide, client: ApiServerClient): Step {
  return async (service) => {
    const { namespace, name, deletionTimestamp } = service.metadata;
    const balanced = at(service, "spec", "type") === "LoadBalancer";
    const ingress = recordsAt(service, "status", "loadBalancer", "ingress");
    if (deletionTimestamp !== undefined || balanced === ingress.length > 0) return undefined;
    const path = `/api/v1/namespaces/${namespace}/services/${name}/status`;
    if (!balanced) {
      await client.call("PATCH", path, { status: { loadBalancer: { ingress: null } } }, mergePatch);
      return undefined;
    }
    const { context } = side();
    const remaining = balancedAt(service, context.faults.settings.operationTimeFactor) - context.clock.now();
    if (remaining > 0) return remaining;
    await client.call("PATCH", path, { status: balancedStatus(service) }, mergePatch);
    return undefined;
  };
}
