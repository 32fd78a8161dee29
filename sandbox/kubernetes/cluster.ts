import { getResource, listResources, type StoredResource } from "../arm/resource";
import type { Store } from "../core/store";
import { at, recordAt } from "./object";

/** What the Kubernetes side knows of an AKS cluster, read from its ARM resource. */
export interface Cluster {
  /** Identifies the cluster for its whole life; another one when it is made anew under the same name. */
  guid: string;
  /** ARM id. */
  id: string;
  name: string;
  fqdn: string;
  region: string;
  /** What the cluster's tokens say in `iss`. With the OIDC issuer off, nobody outside the cluster can verify them. */
  issuerUrl: string;
  oidcIssuerEnabled: boolean;
  /** "1.33.2" */
  version: string;
  /** The token of the cluster's own administrator; undefined while local accounts are disabled. */
  localAdminToken: string | undefined;
  /** Whether Entra tokens are accepted at all. */
  entra: boolean;
  /** Whether Azure role assignments give access to Kubernetes objects. */
  azureRbac: boolean;
  /** Object ids of the Entra groups whose members are administrators. */
  adminGroupObjectIds: string[];
  /** Whether the azure-workload-identity webhook runs. */
  workloadIdentity: boolean;
  nodeCount: number;
}

const clusterType = "microsoft.containerservice/managedclusters";

const apiServerHost = /^[a-z0-9-]+(\.[a-z0-9-]+)?\.hcp\.[a-z0-9]+\.azmk8s\.io$/;
const issuerHost = /^[a-z0-9]+\.oic\.prod-aks\.azure\.com$/;

export const isApiServerHost = (host: string): boolean => apiServerHost.test(host);
export const isIssuerHost = (host: string): boolean => issuerHost.test(host);

function toCluster({ body, internal }: StoredResource): Cluster | undefined {
  const guid = internal?.clusterGuid;
  const fqdn = body.properties.fqdn;
  if (body.type.toLowerCase() !== clusterType || typeof guid !== "string" || typeof fqdn !== "string")
    return undefined;
  const { properties } = body;
  const issuer = recordAt(properties, "oidcIssuerProfile");
  const aad = properties.aadProfile;
  const groups = at(aad, "adminGroupObjectIDs");
  const pools = properties.agentPoolProfiles;
  const issuerUrl = issuer.enabled === true ? issuer.issuerURL : undefined;
  return {
    guid,
    id: body.id,
    name: body.name,
    fqdn,
    region: body.location ?? "",
    issuerUrl: typeof issuerUrl === "string" ? issuerUrl : `https://${fqdn}`,
    oidcIssuerEnabled: typeof issuerUrl === "string",
    version: fullVersion(properties.currentKubernetesVersion ?? properties.kubernetesVersion),
    localAdminToken:
      properties.disableLocalAccounts !== true && typeof internal?.adminToken === "string"
        ? internal.adminToken
        : undefined,
    entra: aad !== undefined && aad !== null,
    azureRbac: at(aad, "enableAzureRBAC") === true,
    adminGroupObjectIds: Array.isArray(groups) ? groups.filter((id) => typeof id === "string") : [],
    workloadIdentity: at(properties, "securityProfile", "workloadIdentity", "enabled") === true,
    nodeCount:
      (Array.isArray(pools) ? pools : []).reduce((sum, pool) => sum + (Number(at(pool, "count")) || 1), 0) ||
      1,
  };
}

/** AKS takes "1.33" to mean the newest patch of it. */
function fullVersion(version: unknown): string {
  const known = typeof version === "string" && /^\d+\.\d+(\.\d+)?$/.test(version) ? version : "1.33.2";
  return known.split(".").length === 2 ? `${known}.0` : known;
}

/** Finds clusters by the names under which they are reached. */
export interface Clusters {
  all(): Cluster[];
  byHost(host: string): Cluster | undefined;
  /** By tenant and GUID, as in the path of the issuer's URL; only with the OIDC issuer on. */
  byIssuer(host: string, tenantId: string, guid: string): Cluster | undefined;
}

export function createClusters(store: Store): Clusters {
  /** ARM ids by host and by GUID: hints, which the resource itself confirms at each use. */
  const ids = new Map<string, string>();

  function find(hint: string, matches: (cluster: Cluster) => boolean): Cluster | undefined {
    const known = ids.get(hint);
    const stored = known === undefined ? undefined : getResource(store, known);
    const confirmed = stored && toCluster(stored);
    if (confirmed && matches(confirmed)) return confirmed;
    ids.delete(hint);
    for (const resource of listResources(store, "/subscriptions/")) {
      const cluster = toCluster(resource);
      if (!cluster || !matches(cluster)) continue;
      ids.set(hint, cluster.id);
      return cluster;
    }
    return undefined;
  }

  return {
    all: () => listResources(store, "/subscriptions/").flatMap((resource) => toCluster(resource) ?? []),
    byHost: (host) => find(host, (cluster) => cluster.fqdn.toLowerCase() === host),
    byIssuer: (host, tenantId, guid) => {
      const url = `https://${host}/${tenantId}/${guid}/`;
      return find(url, (cluster) => cluster.oidcIssuerEnabled && cluster.issuerUrl === url);
    },
  };
}
