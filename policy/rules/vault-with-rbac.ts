import { isAzureNative } from "../core/resource";
import type { ResourceRule } from "../core/rule";
import { requireSetting } from "../core/setting";

/** Access policies cannot be scoped to a secret, and whoever may write the vault may grant themselves any. */
export const vaultWithRbac: ResourceRule = {
  name: "vault-with-rbac",
  description: "Key vaults authorise by Azure role assignments, not by access policies.",
  url: "https://learn.microsoft.com/azure/key-vault/general/rbac-guide",
  check: (resource) =>
    isAzureNative(resource.type, "keyvault:Vault")
      ? requireSetting(resource, "properties.enableRbacAuthorization", true, {
          remedy:
            "Set it, and replace access policies by roles such as Key Vault Secrets User on single secrets.",
        })
      : [],
};
