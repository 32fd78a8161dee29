import { createArmClient } from "./azure-native/arm-client";
import { createAzureClient } from "./azure-native/azure-client";
import type { AzureAccess } from "./azure-native/azure-request";
import { checkInputs } from "./azure-native/check";
import { diffInputs } from "./azure-native/diff";
import { callFunction } from "./azure-native/functions";
import {
  createResource,
  deleteResource,
  type OperationContext,
  readResource,
  updateResource,
} from "./azure-native/resource-operations";
import { resourceType } from "./azure-native/resource-types";
import { packageSchema } from "./azure-native/schema";
import type { Provider, ProviderInstance } from "./provider";
import { type PropertyMap, Secret, unwrapSecrets } from "./values";

export interface AzureNativeProviderOptions extends AzureAccess {
  tenantId: string;
  subscriptionId: string;
  /** The deployer, as `getClientConfig` shows it. */
  clientId: string;
  objectId: string;
  /**
   * Creating what is there already takes it over and makes it as asked. The real provider refuses with "cannot
   * create already existing resource".
   * @default false
   */
  adoptExisting?: boolean;
}

/** Where a resource group is, remembered from the first look on: it cannot move. */
function createGroupLocations(context: OperationContext) {
  const known = new Map<string, string>();
  const type = resourceType("azure-native:resources:ResourceGroup");
  return async (name: string): Promise<string | undefined> => {
    const location = known.get(name);
    if (location !== undefined) return location;
    const id = `/subscriptions/${context.subscriptionId}/resourceGroups/${encodeURIComponent(name)}`;
    const group = await context.arm.get(id, type.apiVersion, context.signal);
    if (typeof group?.location !== "string") return undefined;
    known.set(name, group.location);
    return group.location;
  };
}

function configuredText(config: PropertyMap, key: string): string | undefined {
  const value = config[key] === undefined ? undefined : unwrapSecrets(config[key]);
  return typeof value === "string" && value !== "" ? value : undefined;
}

/**
 * A stand-in for the azure-native provider that makes its resources in the sandbox: a translation from the
 * SDK's types to ARM requests by one table, with the behaviour of the real provider around it.
 * @see https://github.com/pulumi/pulumi-azure-native
 */
export function createAzureNativeProvider(
  options: AzureNativeProviderOptions,
): Provider & { close(): Promise<void> } {
  const version = "3.28.0";
  const client = createAzureClient(options);
  const arm = createArmClient(client);

  function instance(config: PropertyMap): ProviderInstance {
    const stopped = new AbortController();
    const context: OperationContext = {
      arm,
      client,
      subscriptionId: configuredText(config, "subscriptionId") ?? options.subscriptionId,
      adoptExisting: options.adoptExisting ?? false,
      signal: stopped.signal,
    };
    const location = {
      configured: configuredText(config, "location"),
      ofResourceGroup: createGroupLocations(context),
    };
    return {
      check: (args) => checkInputs(resourceType(args.type), args, location),
      diff: (args) => diffInputs(resourceType(args.type), args),
      create: (args) => createResource(resourceType(args.type), args, context),
      read: (args) => readResource(resourceType(args.type), args, context),
      update: (args) => updateResource(resourceType(args.type), args, context),
      delete: (args) => deleteResource(resourceType(args.type), args, context),
      invoke: async (token, args) => {
        if (token === "azure-native:authorization:getClientConfig") {
          return {
            clientId: configuredText(config, "clientId") ?? options.clientId,
            objectId: options.objectId,
            subscriptionId: context.subscriptionId,
            tenantId: configuredText(config, "tenantId") ?? options.tenantId,
          };
        }
        if (token === "azure-native:authorization:getClientToken") {
          const endpoint = configuredText(args, "endpoint") ?? "https://management.azure.com/";
          return { token: new Secret(await options.credential(`${endpoint}/.default`)) };
        }
        return await callFunction(token, args, context);
      },
      cancel: () => stopped.abort(new Error("The operation was cancelled.")),
    };
  }

  return {
    name: "azure-native",
    version,
    schema: () => packageSchema("azure-native", version),
    configure: async (config) => instance(config),
    close: () => client.close(),
  };
}
