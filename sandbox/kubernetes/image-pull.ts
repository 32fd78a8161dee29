import { getResource, type StoredResource } from "../arm/resource";
import { findByGlobalName } from "../arm/resource-index";
import type { AzureSide } from "./azure-side";
import { at, recordsAt, type StoredObject } from "./object";

const registryType = "Microsoft.ContainerRegistry/registries";
const registryHost = /^([a-z0-9]+)\.azurecr\.io$/;

/** Why the kubelet's identity may not pull an image of `pod`, or undefined when it may pull all of them. */
export const podPullProblem = (side: AzureSide, pod: StoredObject): string | undefined =>
  recordsAt(pod, "spec", "containers")
    .map(({ image }) => imagePullProblem(side, String(image)))
    .find((problem) => problem !== undefined);

/**
 * Why the kubelet's identity may not pull `image`, or undefined when it may. Images of registries that the sandbox
 * does not hold are taken to be there and public.
 * @see https://learn.microsoft.com/azure/aks/cluster-container-registry-integration
 */
function imagePullProblem({ context, cluster }: AzureSide, image: string): string | undefined {
  const host = image.split("/")[0]!.toLowerCase();
  const [, name] = registryHost.exec(host) ?? [];
  const registry = name && findByGlobalName(context.store, registryType, name);
  if (!registry || registry.body.properties.anonymousPullEnabled === true) return undefined;
  const resource = getResource(context.store, cluster.id);
  const kubelet = at(resource?.body.properties, "identityProfile", "kubeletidentity", "objectId");
  const may = (principalId: string) =>
    context.authorizer.decide({ principalId, ...pullOperation(registry, image) }).allowed;
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
