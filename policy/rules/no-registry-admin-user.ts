import { isAzureNative } from "../core/resource";
import type { ResourceRule } from "../core/rule";
import { requireSetting } from "../core/setting";

/** The admin user is one password for everyone, which can push and pull everything. */
export const noRegistryAdminUser: ResourceRule = {
  name: "no-registry-admin-user",
  description: "Container registries have no admin user.",
  url: "https://learn.microsoft.com/azure/container-registry/container-registry-authentication#admin-account",
  check: (resource) =>
    isAzureNative(resource.type, "containerregistry:Registry")
      ? requireSetting(resource, "adminUserEnabled", false, {
          remedy: "Set it, and give whoever pulls the AcrPull role.",
        })
      : [],
};
