import { isAzureNative } from "../core/resource";
import type { ResourceRule } from "../core/rule";
import { requireSetting } from "../core/setting";

/** Local accounts are client certificates with full rights that nobody can revoke one by one. */
export const noAksLocalAccounts: ResourceRule = {
  name: "no-aks-local-accounts",
  description: "AKS clusters have no local accounts.",
  url: "https://learn.microsoft.com/azure/aks/manage-local-accounts-managed-azure-ad",
  check: (resource) =>
    isAzureNative(resource.type, "containerservice:ManagedCluster")
      ? requireSetting(resource, "disableLocalAccounts", true, {
          remedy: "Set it, and let people in by their Entra groups with 'aadProfile'.",
        })
      : [],
};
