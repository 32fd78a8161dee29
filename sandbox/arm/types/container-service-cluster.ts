import { createHash, randomBytes, randomUUID } from "node:crypto";
import { AzureError } from "../../core/azure-error";
import type { SandboxContext } from "../../core/context";
import { removeClusterState } from "../../kubernetes/object-store";
import { attachIdentity } from "../attached-identity";
import { isObject, type JsonObject, objectIn, textIn } from "../json";
import type { StoredResource } from "../resource";
import type { ResourceType, Write } from "../resource-type";
import {
  checkUpgrade,
  clusterApiVersions,
  clusterOperation,
  clusterType,
  invalidParameter,
  type KubernetesVersion,
  resolveVersion,
} from "./container-service-common";
import { adminCredential, monitoringCredential, userCredential } from "./container-service-credentials";
import {
  attachKubeletIdentity,
  nodeGroupName,
  putNodeGroup,
  removeNodeGroup,
} from "./container-service-node-group";
import { readPools } from "./container-service-pools";
import {
  plainProfiles,
  readIssuer,
  readLogins,
  readNetwork,
  readSecurity,
} from "./container-service-profiles";
import { envelope } from "./envelope";

/** @see https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftcontainerservice */
const validName = (name: string) => /^[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?$/i.test(name);

function readVersion({ name, existing }: Write, properties: JsonObject): KubernetesVersion {
  const before = existing?.body.properties;
  const current = before?.currentKubernetesVersion as string | undefined;
  const asked = textIn(properties, "kubernetesVersion");
  if (current === undefined) return resolveVersion(name, asked);
  if (asked === undefined || asked === before?.kubernetesVersion) {
    return { asked: String(before?.kubernetesVersion), current };
  }
  const version = resolveVersion(name, asked);
  checkUpgrade(current, version);
  return version;
}

/** The names under which the cluster's API server is reached; they never change. */
function readNames(
  { id, location }: Write,
  properties: JsonObject,
  before: JsonObject | undefined,
): JsonObject {
  if (before) {
    const { dnsPrefix, fqdn, azurePortalFQDN } = before;
    return { dnsPrefix, fqdn, azurePortalFQDN };
  }
  const dnsPrefix = textIn(properties, "dnsPrefix");
  if (!dnsPrefix) throw invalidParameter("Required parameter dnsPrefix is missing (null).", "dnsPrefix");
  if (!/^[a-z0-9](?:[a-z0-9-]{0,52}[a-z0-9])?$/i.test(dnsPrefix)) {
    throw invalidParameter(
      `The value of parameter dnsPrefix '${dnsPrefix}' is invalid. It has 1 to 54 letters, digits and hyphens, and neither starts nor ends with a hyphen.`,
      "dnsPrefix",
    );
  }
  const unique = createHash("sha256").update(`${id}${randomUUID()}`).digest("hex").slice(0, 8);
  const host = `${dnsPrefix.toLowerCase()}-${unique}`;
  return {
    dnsPrefix,
    fqdn: `${host}.hcp.${location}.azmk8s.io`,
    azurePortalFQDN: `${host}.portal.hcp.${location}.azmk8s.io`,
  };
}

/** What Azure knows of a cluster and does not show: its GUID, and the token of its local administrator. */
function internals({ existing }: Write): { clusterGuid: string; adminToken: string } {
  const { clusterGuid, adminToken } = existing?.internal ?? {};
  return {
    clusterGuid: typeof clusterGuid === "string" ? clusterGuid : randomUUID(),
    adminToken: typeof adminToken === "string" ? adminToken : randomBytes(64).toString("hex"),
  };
}

function readIdentity(write: Write): JsonObject | undefined {
  const identity = attachIdentity(write, `${clusterType}/write`);
  if (!identity && !isObject(objectIn(write.body, "properties").servicePrincipalProfile)) {
    throw invalidParameter(
      "Required parameter servicePrincipalProfile is missing (null): a cluster has a managed identity or a service principal.",
      "servicePrincipalProfile",
    );
  }
  return identity;
}

function write(write: Write): StoredResource {
  const { call, body, existing } = write;
  const { tenantId } = call.context.account;
  const location = write.location!;
  const properties = objectIn(body, "properties");
  const before = existing?.body.properties;
  const internal = internals(write);
  const version = readVersion(write, properties);
  const names = readNames(write, properties, before);
  const pools = readPools(properties, (before?.agentPoolProfiles ?? []) as JsonObject[], version);
  const oidcIssuerProfile = readIssuer(properties, before, {
    location,
    tenantId,
    clusterGuid: internal.clusterGuid,
    version,
  });
  const security = readSecurity(properties, before, oidcIssuerProfile);
  const logins = readLogins(properties, before, tenantId);
  const nodeResourceGroup = nodeGroupName(write, properties);
  const identity = readIdentity(write);
  if (!existing) putNodeGroup(write, nodeResourceGroup);
  return {
    body: envelope(
      write,
      clusterType,
      {
        ...Object.fromEntries(
          plainProfiles.map((profile) => [profile, properties[profile] ?? before?.[profile]]),
        ),
        ...names,
        ...logins,
        provisioningState: "Succeeded",
        powerState: { code: "Running" },
        kubernetesVersion: version.asked,
        currentKubernetesVersion: version.current,
        agentPoolProfiles: pools,
        maxAgentPools: 100,
        servicePrincipalProfile: properties.servicePrincipalProfile ??
          before?.servicePrincipalProfile ?? { clientId: "msi" },
        nodeResourceGroup,
        networkProfile: readNetwork(properties, before),
        identityProfile: { kubeletidentity: attachKubeletIdentity(write, properties, nodeResourceGroup) },
        oidcIssuerProfile,
        securityProfile: security,
        supportPlan: "KubernetesOfficial",
        resourceUID: internal.clusterGuid.replaceAll("-", "").slice(0, 24),
      },
      {
        sku: body.sku ?? existing?.body.sku ?? { name: "Base", tier: "Free" },
        kind: body.kind ?? "Base",
        identity,
      },
    ),
    internal,
  };
}

/** The cluster's objects and keys go with it, and so does everything that AKS made for its nodes. */
function removed(context: SandboxContext, { body, internal }: StoredResource): void {
  const guid = internal?.clusterGuid;
  if (typeof guid === "string") removeClusterState(context.store, guid);
  removeNodeGroup(context, body);
}

export const managedCluster: ResourceType = {
  type: clusterType,
  apiVersions: clusterApiVersions,
  level: "resourceGroup",
  tracked: true,
  etag: "eTag",
  checkName: (name) => {
    if (validName(name)) return;
    throw new AzureError(
      400,
      "InvalidParameter",
      `The value of parameter name '${name}' is invalid. Please see https://aka.ms/aks-naming-rules for more details.`,
      { target: "name" },
    );
  },
  write,
  removed,
  actions: {
    listclusterusercredential: userCredential,
    listclusteradmincredential: adminCredential,
    listclustermonitoringusercredential: monitoringCredential,
  },
  // Seen with azurerm for small clusters: 3 min 39 s to 4 min 45 s, and up to 8 min.
  longRunning: clusterOperation({ create: 240, update: 60, delete: 180 }),
};
