import { createAzureClient } from "./azure-native/azure-client";
import type { AzureAccess } from "./azure-native/azure-request";
import { createGraphClient, type Queues } from "./azuread/graph-client";
import { checkInputs, createResource, diffInputs, readResource, updateResource } from "./azuread/operations";
import { resourceType } from "./azuread/resource-types";
import type { Provider, ProviderInstance } from "./provider";

export interface AzureAdProviderOptions extends AzureAccess {
  tenantId: string;
  /** The deployer, as `getClientConfig` shows it. */
  clientId: string;
  objectId: string;
}

/**
 * A stand-in for the azuread provider that makes its resources in the sandbox, through Microsoft Graph.
 *
 * @see https://www.pulumi.com/registry/packages/azuread/
 */
export function createAzureAdProvider(
  options: AzureAdProviderOptions,
): Provider & { close(): Promise<void> } {
  const client = createAzureClient(options);
  const queues: Queues = new Map();
  const { tenantId, clientId, objectId } = options;

  function instance(): ProviderInstance {
    const stopped = new AbortController();
    const graph = createGraphClient(client, queues, stopped.signal);
    return {
      check: (args) => checkInputs(resourceType(args.type), args),
      diff: (args) => diffInputs(resourceType(args.type), args),
      create: (args) => createResource(resourceType(args.type), args, graph),
      read: (args) => readResource(resourceType(args.type), args, graph),
      update: (args) => updateResource(resourceType(args.type), args, graph),
      delete: (args) => resourceType(args.type).delete(args.id, graph),
      invoke: async (token) => {
        if (token !== "azuread:index/getClientConfig:getClientConfig") {
          throw new Error(`The sandbox does not know the function '${token}'.`);
        }
        return { id: `${tenantId}-${clientId}-${objectId}`, tenantId, clientId, objectId };
      },
      cancel: () => stopped.abort(new Error("The operation was cancelled.")),
    };
  }

  return {
    name: "azuread",
    version: "6.9.1",
    configure: async () => instance(),
    close: () => client.close(),
  };
}
