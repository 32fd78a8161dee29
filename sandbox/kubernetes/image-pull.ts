import { getResource, type StoredResource } from "../arm/resource";
import { findByGlobalName } from "../arm/resource-index";
import { at } from "./object";
import type { ClusterRuntime } from "./runtime";

const registryType = "Microsoft.ContainerRegistry/registries";
const registryHost = /^([a-z0-9]+)\.azurecr\.io$/;

/**
 * Why the kubelet's identity may not pull `image`, or undefined when it may. Images of registries that the sandbox
 * does not hold are taken to be there and public.
 * @see https://learn.microsoft.com/azure/aks/cluster-container-registry-integration
 */
export function imagePullProblem(runtime: ClusterRuntime, image: string): string | undefined {
  const host = image.split("/")[0]!.toLowerCase();
  const [, name] = registryHost.exec(host) ?? [];
  const registry = name && findByGlobalName(runtime.context.store, registryType, name);
  if (!registry || registry.body.properties.anonymousPullEnabled === true) return undefined;
  const cluster = getResource(runtime.context.store, runtime.cluster.id);
  const kubelet = at(cluster?.body.properties, "identityProfile", "kubeletidentity", "objectId");
  const may = (principalId: string) =>
    runtime.context.authorizer.decide({ principalId, ...pullOperation(registry, image) }).allowed;
  if (typeof kubelet === "string" && may(kubelet)) return undefined;
  return `Back-off pulling image "${image}": failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://${host}/oauth2/token: 401 Unauthorized`;
}

/** A registry in ABAC mode takes repository permissions and ignores AcrPull. */
function pullOperation(registry: StoredResource, image: string) {
  const repositories = registry.body.properties.roleAssignmentMode === "AbacRepositoryPermissions";
  if (!repositories) {
    return {
      operation: "Microsoft.ContainerRegistry/registries/pull/read",
      dataAction: false,
      scope: registry.body.id,
    };
  }
  const repository = image.slice(image.indexOf("/") + 1).replace(/[:@].*$/, "");
  return {
    operation: "Microsoft.ContainerRegistry/registries/repositories/content/read",
    dataAction: true,
    scope: registry.body.id,
    attributes: { "Microsoft.ContainerRegistry/registries/repositories:name": repository },
  };
}
