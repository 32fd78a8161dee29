import { isAzureHost } from "../core/azure-hosts";
import type { SandboxContext } from "../core/context";
import { findApi } from "./applications";
import { EntraError } from "./entra-error";
import { tokenExchangeAudience } from "./pipeline";

/** Microsoft's own APIs that are known by id rather than by address. */
const firstPartyIds = new Set([
  // Azure Kubernetes Service AAD Server: https://learn.microsoft.com/azure/aks/kubelogin-authentication
  "6dae42f8-4368-4678-94ff-3960e28e3630",
]);

type Tenant = Pick<SandboxContext, "account" | "directory" | "store">;

/**
 * The audience of a token that is asked for by `scope` (`https://vault.azure.net/.default`).
 *
 * @throws EntraError 1002012 for a scope without `/.default`, 500011 for a resource that the tenant does not know
 */
export function audienceOfScope(scope: string, tenant: Tenant): string {
  const suffix = "/.default";
  if (!scope.endsWith(suffix) || scope.includes(" ")) {
    throw new EntraError(
      1002012,
      "invalid_scope",
      `The provided value for scope ${scope} is not valid. Client credential flows must have a scope value with ` +
        "/.default suffixed to the resource identifier (application ID URI).",
    );
  }
  return knownAudience(scope.slice(0, -suffix.length), tenant);
}

/** `resource` itself, once it is known to be one. @throws EntraError 500011 */
export function knownAudience(resource: string, tenant: Tenant): string {
  if (isMicrosofts(resource) || isOfTheTenant(resource, tenant)) return resource;
  throw new EntraError(
    500011,
    "invalid_resource",
    `The resource principal named ${resource} was not found in the tenant named ${tenant.account.tenantId}. This can happen if the ` +
      "application has not been installed by the administrator of the tenant or consented to by any user in the " +
      "tenant. You might have sent your authentication request to the wrong tenant.",
  );
}

function isMicrosofts(resource: string): boolean {
  if (resource === tokenExchangeAudience || firstPartyIds.has(resource.toLowerCase())) return true;
  if (!URL.canParse(resource)) return false;
  const url = new URL(resource);
  return url.protocol === "https:" && isAzureHost(url.hostname);
}

/** An application of which the tenant has no service principal is not known as a resource. */
function isOfTheTenant(resource: string, { store, directory }: Tenant): boolean {
  const api = findApi(store, resource);
  return api !== undefined && directory.byClientId(api.appId) !== undefined;
}
