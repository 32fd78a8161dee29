import type { Account } from "../core/context";
import type { JsonObject } from "./json";
import { locations } from "./locations";
import type { ResourceType } from "./resource-type";

const namespaceOf = (type: ResourceType) => type.type.slice(0, type.type.indexOf("/"));

/** The namespaces of which the table has types. */
export const providerNamespaces = (types: readonly ResourceType[]): string[] =>
  [...new Set(types.map(namespaceOf))].sort();

/** A resource provider as ARM describes it. */
export function describeProvider(
  types: readonly ResourceType[],
  namespace: string,
  { subscriptionId }: Account,
): JsonObject {
  return {
    id: `/subscriptions/${subscriptionId}/providers/${namespace}`,
    namespace,
    registrationPolicy: "RegistrationRequired",
    registrationState: "Registered",
    resourceTypes: types
      .filter((type) => namespaceOf(type) === namespace)
      .map((type) => ({
        resourceType: type.type.slice(namespace.length + 1),
        locations: type.tracked ? Object.values(locations) : [],
        apiVersions: type.apiVersions,
        capabilities: type.tracked ? "SupportsTags, SupportsLocation" : "None",
      })),
  };
}
