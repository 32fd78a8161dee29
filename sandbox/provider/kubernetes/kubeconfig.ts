import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { type PlainObject, type PropertyMap, unknownValue, unwrapSecrets } from "../values";

/** A text among a provider resource's inputs; undefined when it is empty, not there or not known. */
export function configuredText(config: PropertyMap, key: string): string | undefined {
  const value = config[key] === undefined ? undefined : unwrapSecrets(config[key]);
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Whether an input is still to be made: the kubeconfig, in the preview of a program that makes the cluster too. */
export const isUnknown = (config: PropertyMap, key: string): boolean =>
  config[key] !== undefined && unwrapSecrets(config[key]) === unknownValue;

/**
 * The contents of the kubeconfig that a provider resource names: contents, a path, or nothing for the user's own.
 * @throws Error when it names a file that cannot be read, or is not known yet
 */
export function kubeconfigText(config: PropertyMap): string {
  if (isUnknown(config, "kubeconfig")) throw new Error("The kubeconfig is not known yet.");
  const given = configuredText(config, "kubeconfig");
  if (given?.includes("\n") || given?.startsWith("{")) return given;
  const path = given ?? process.env.KUBECONFIG ?? join(homedir(), ".kube", "config");
  if (!existsSync(path))
    throw new Error(
      `There is no kubeconfig: the provider's 'kubeconfig' is not set, and ${path} is not there.`,
    );
  return readFileSync(path, "utf8");
}

/** What a kubeconfig says that matters before anything is asked of its cluster. */
export interface KubeconfigFacts {
  /** The active cluster's entry: its server, certificate authority and so on. */
  cluster?: PlainObject;
  namespace?: string;
}

/** Nothing, for a kubeconfig that cannot be read: who needs more of it will say what is wrong. */
export function kubeconfigFacts(config: PropertyMap): KubeconfigFacts {
  try {
    const document = parse(kubeconfigText(config)) as Kubeconfig;
    const name = configuredText(config, "context") ?? document["current-context"];
    const context = document.contexts?.find((one) => one.name === name)?.context;
    const clusterName = configuredText(config, "cluster") ?? context?.cluster;
    const cluster = document.clusters?.find((one) => one.name === clusterName)?.cluster;
    return { ...(cluster && { cluster }), ...(context?.namespace && { namespace: context.namespace }) };
  } catch {
    return {};
  }
}

interface Kubeconfig {
  "current-context"?: string;
  contexts?: { name: string; context?: { cluster?: string; namespace?: string } }[];
  clusters?: { name: string; cluster?: PlainObject }[];
}
