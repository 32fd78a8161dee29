import { nodeOf, nodeStatus } from "../kubernetes/aks-objects";
import type { AzureSide } from "../kubernetes/azure-side";
import { recordsAt, type StoredObject } from "../kubernetes/object";
import { type ApiServerClient, mergePatch } from "./api-server-client";
import { serviceStep } from "./load-balancers";
import { lookAfter } from "./look-after";
import { podStep } from "./pods";

const nodesPath = "/api/v1/nodes";

/** The machines of a cluster, and the load balancer in front of it. */
export interface Nodes {
  /** Lets the cluster have as many machines as ARM says. */
  resize(): Promise<void>;
  stop(): Promise<void>;
}

/** Plays scheduler, kubelets and Azure's load balancer for a real API server. */
export async function startNodes(side: () => AzureSide, client: ApiServerClient): Promise<Nodes> {
  let nodes = await resizeTo(side(), client);
  const ending = new AbortController();
  const surroundings = { clock: side().context.clock, client, signal: ending.signal };
  const loops = [
    lookAfter(
      "/api/v1/pods",
      podStep(side, client, () => nodes),
      surroundings,
    ),
    lookAfter("/api/v1/services", serviceStep(side, client), surroundings),
  ];
  return {
    resize: async () => {
      nodes = await resizeTo(side(), client);
    },
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
    // New nodes are tainted as not ready, and no controller runs that would see that they are.
    await client.call("PATCH", path, { spec: { taints: null } }, mergePatch);
    const status = nodeStatus(cluster, number, context.clock.now());
    nodes.push((await client.call("PATCH", `${path}/status`, { status }, mergePatch)) as StoredObject);
  }
  const names = new Set(nodes.map(({ metadata }) => metadata.name));
  const all = recordsAt(await client.call("GET", nodesPath), "items") as unknown as StoredObject[];
  for (const { metadata } of all) {
    if (!names.has(metadata.name)) await client.callIfThere("DELETE", `${nodesPath}/${metadata.name}`);
  }
  return nodes;
}
