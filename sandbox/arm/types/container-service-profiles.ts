import { AzureError } from "../../core/azure-error";
import { booleanIn, type JsonObject, objectIn, optionalObjectIn, textIn } from "../json";
import { hasIssuerByDefault, invalidParameter, type KubernetesVersion } from "./container-service-common";

/**
 * The OIDC issuer of a cluster. Once on it stays on, and its address stays the same.
 *
 * @see https://learn.microsoft.com/azure/aks/use-oidc-issuer
 */
export function readIssuer(
  properties: JsonObject,
  before: JsonObject | undefined,
  cluster: { location: string; tenantId: string; clusterGuid: string; version: KubernetesVersion },
): JsonObject {
  const asked = booleanIn(objectIn(properties, "oidcIssuerProfile"), "enabled");
  const wasOn = objectIn(before ?? {}, "oidcIssuerProfile").enabled === true;
  const byDefault = hasIssuerByDefault(cluster.version);
  if (asked === false && (wasOn || byDefault)) {
    throw new AzureError(
      400,
      "OIDCIssuerFeatureCannotBeDisabled",
      "The OIDC issuer feature cannot be disabled once it is enabled, and is always enabled from Kubernetes version 1.34 on.",
      { target: "properties.oidcIssuerProfile.enabled" },
    );
  }
  if (!(asked ?? (wasOn || byDefault))) return { enabled: false };
  const { location, tenantId, clusterGuid } = cluster;
  return {
    enabled: true,
    issuerURL: `https://${location}.oic.prod-aks.azure.com/${tenantId}/${clusterGuid}/`,
  };
}

/** @throws AzureError 400 for workload identity without an OIDC issuer */
export function readSecurity(
  properties: JsonObject,
  before: JsonObject | undefined,
  issuer: JsonObject,
): JsonObject {
  const security = {
    ...objectIn(before ?? {}, "securityProfile"),
    ...objectIn(properties, "securityProfile"),
  };
  const workloadIdentity = booleanIn(objectIn(security, "workloadIdentity"), "enabled") === true;
  if (workloadIdentity && issuer.enabled !== true) {
    throw invalidParameter(
      "Workload identity requires the OIDC issuer: set properties.oidcIssuerProfile.enabled to true.",
      "properties.securityProfile.workloadIdentity",
    );
  }
  return security;
}

/** How people log in: through Entra, or with the cluster's own accounts. */
export function readLogins(
  properties: JsonObject,
  before: JsonObject | undefined,
  tenantId: string,
): JsonObject {
  const asked = optionalObjectIn(properties, "aadProfile") ?? optionalObjectIn(before ?? {}, "aadProfile");
  const aadProfile = asked && {
    ...asked,
    managed: booleanIn(asked, "managed") ?? true,
    enableAzureRBAC: booleanIn(asked, "enableAzureRBAC") ?? false,
    adminGroupObjectIDs: asked.adminGroupObjectIDs ?? null,
    tenantID: textIn(asked, "tenantID") ?? tenantId,
  };
  const disableLocalAccounts =
    booleanIn(properties, "disableLocalAccounts") ?? before?.disableLocalAccounts ?? false;
  if (disableLocalAccounts === true && !aadProfile) {
    throw invalidParameter(
      "Local accounts can be disabled on clusters with Microsoft Entra integration only: set properties.aadProfile.",
      "properties.disableLocalAccounts",
    );
  }
  return {
    enableRBAC: booleanIn(properties, "enableRBAC") ?? before?.enableRBAC ?? true,
    aadProfile,
    disableLocalAccounts,
  };
}

export function readNetwork(properties: JsonObject, before: JsonObject | undefined): JsonObject {
  const asked = objectIn(properties, "networkProfile");
  const defaults = {
    networkPlugin: "azure",
    networkPluginMode: "overlay",
    networkDataplane: "azure",
    loadBalancerSku: "standard",
    outboundType: "loadBalancer",
    podCidr: "10.244.0.0/16",
    serviceCidr: "10.0.0.0/16",
    dnsServiceIP: "10.0.0.10",
    ipFamilies: ["IPv4"],
  };
  return { ...defaults, ...objectIn(before ?? {}, "networkProfile"), ...asked };
}

/** Parts that a caller gives and that come back as they were given. */
export const plainProfiles = [
  "addonProfiles",
  "apiServerAccessProfile",
  "autoUpgradeProfile",
  "autoScalerProfile",
  "linuxProfile",
  "windowsProfile",
  "storageProfile",
  "ingressProfile",
  "workloadAutoScalerProfile",
  "azureMonitorProfile",
  "nodeResourceGroupProfile",
  "nodeProvisioningProfile",
  "publicNetworkAccess",
  "diskEncryptionSetID",
  "fqdnSubdomain",
] as const;
