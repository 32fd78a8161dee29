import { setMaxListeners } from "node:events";
import { createApiClient } from "./kubernetes/api-client";
import { checkInputs } from "./kubernetes/check";
import { type ClusterConnection, connect, type KubernetesAccess } from "./kubernetes/cluster-connection";
import { diffInputs, diffProviderInputs } from "./kubernetes/diff";
import { configuredText, kubeconfigFacts } from "./kubernetes/kubeconfig";
import { isNamespaced, kindOfType } from "./kubernetes/object-kind";
import {
  createObject,
  deleteObject,
  type OperationContext,
  previewUpdate,
  readObject,
  updateObject,
} from "./kubernetes/operations";
import type { CheckArgs, Provider, ProviderInstance, StatusReporter } from "./provider";
import type { PropertyMap } from "./values";

export type { KubernetesAccess } from "./kubernetes/cluster-connection";

/**
 * A stand-in for the kubernetes provider, by server-side apply: for the sandbox's clusters and for real ones.
 *
 * Checks, differences and previews do not ask the cluster, unless only it can tell of a custom resource whether it
 * is in a namespace: a preview works before the cluster is there.
 * @see https://github.com/pulumi/pulumi-kubernetes
 */
export function createKubernetesProvider(
  access: KubernetesAccess = {},
): Provider & { close(): Promise<void> } {
  const connections = new Set<ClusterConnection>();

  function instance(config: PropertyMap, report: StatusReporter): ProviderInstance {
    const stopped = new AbortController();
    // Every request and every wait that is under way listens for the end.
    setMaxListeners(0, stopped.signal);
    const namespace = configuredText(config, "namespace") ?? kubeconfigFacts(config).namespace ?? "default";
    let opening: Promise<OperationContext> | undefined;
    const open = async (): Promise<OperationContext> => {
      const connection = await connect(config, access);
      connections.add(connection);
      const { signal } = stopped;
      return { client: createApiClient(connection, signal), namespace, signal, report };
    };
    const context = (): Promise<OperationContext> => {
      opening ??= open().catch((error: Error) => {
        opening = undefined;
        throw error;
      });
      return opening;
    };
    return {
      check: async (args) =>
        checkInputs(args, (await isNamespacedHere(args, context)) ? namespace : undefined),
      diff: diffInputs,
      create: async (args) =>
        args.preview ? { id: "", outputs: args.inputs } : createObject(args, await context()),
      read: async (args) => readObject(args, await context()),
      update: async (args) => (args.preview ? previewUpdate(args) : updateObject(args, await context())),
      delete: async (args) => deleteObject(args, await context()),
      cancel: () => stopped.abort(new Error("The operation was cancelled.")),
    };
  }

  return {
    name: "kubernetes",
    version: "4.34.2",
    diffConfig: diffProviderInputs,
    configure: async (config, report) => instance(config, report),
    close: async () => {
      await Promise.all([...connections].map((connection) => connection.close()));
    },
  };
}

/** Whether an object is in a namespace; where nobody can tell, it is taken to be. */
async function isNamespacedHere(
  { type, inputs }: CheckArgs,
  context: () => Promise<OperationContext>,
): Promise<boolean> {
  const fromType = kindOfType(type);
  const apiVersion = String(inputs.apiVersion ?? fromType.apiVersion);
  const kind = String(inputs.kind ?? fromType.kind);
  const known = isNamespaced(apiVersion, kind);
  if (known !== undefined) return known;
  try {
    return (await (await context()).client.kind(apiVersion, kind)).namespaced;
  } catch {
    return true;
  }
}
