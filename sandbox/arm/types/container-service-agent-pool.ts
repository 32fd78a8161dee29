import { AzureError } from "../../core/azure-error";
import type { ArmCall } from "../arm-call";
import { type JsonObject, objectIn } from "../json";
import { getResource, putResource, type StoredResource } from "../resource";
import type { ResourceType, Write } from "../resource-type";
import { clusterApiVersions, clusterOperation, clusterType } from "./container-service-common";
import { checkPoolName, readPool } from "./container-service-pools";

const type = `${clusterType}/agentPools`;

/** Pools are part of the cluster's own properties; as resources they are a view on these. */
const poolsOf = (cluster: StoredResource) =>
  (cluster.body.properties.agentPoolProfiles ?? []) as JsonObject[];

function asResource(cluster: StoredResource, { name, ...properties }: JsonObject): StoredResource {
  return {
    body: { id: `${cluster.body.id}/agentPools/${String(name)}`, name: String(name), type, properties },
  };
}

function clusterOf({ context, path }: ArmCall): StoredResource | undefined {
  return getResource(context.store, `${path.scope}/providers/${clusterType}/${path.names[0]}`);
}

function list(call: ArmCall): StoredResource[] {
  const cluster = clusterOf(call);
  return cluster ? poolsOf(cluster).map((pool) => asResource(cluster, pool)) : [];
}

function setPools(call: ArmCall, cluster: StoredResource, pools: JsonObject[]): void {
  const properties = { ...cluster.body.properties, agentPoolProfiles: pools };
  putResource(call.context.store, { ...cluster, body: { ...cluster.body, properties } });
}

function write({ call, name, body, parent }: Write): StoredResource {
  const cluster = parent!;
  const { kubernetesVersion, currentKubernetesVersion } = cluster.body.properties;
  const version = { asked: String(kubernetesVersion), current: String(currentKubernetesVersion) };
  const pools = poolsOf(cluster);
  const before = pools.find((pool) => pool.name === name);
  const pool = readPool(name, objectIn(body, "properties"), before, version);
  setPools(call, cluster, before ? pools.map((each) => (each === before ? pool : each)) : [...pools, pool]);
  return asResource(cluster, pool);
}

function remove(call: ArmCall, { body }: StoredResource): void {
  const cluster = clusterOf(call)!;
  const left = poolsOf(cluster).filter((pool) => pool.name !== body.name);
  if (!left.some((pool) => pool.mode === "System")) {
    throw new AzureError(
      400,
      "OperationNotAllowed",
      "There has to be at least one system agent pool: the last one cannot be deleted.",
    );
  }
  setPools(call, cluster, left);
}

export const agentPool: ResourceType = {
  type,
  apiVersions: clusterApiVersions,
  level: "resourceGroup",
  methods: ["PUT", "DELETE"],
  checkName: checkPoolName,
  find: (call) => list(call).find(({ body }) => body.name === call.path.names[1]),
  list,
  write,
  writesItself: true,
  remove,
  // What is done to a pool is over at once: it has no entry of its own in which an operation could show.
  longRunning: clusterOperation({ create: 0, update: 0, delete: 0 }),
};
