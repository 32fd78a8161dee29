import { existsSync, readFileSync, rmSync } from "node:fs";
import { parse, stringify } from "yaml";
import { writePrivateFile } from "../sandbox/core/environment-file";

interface Named {
  name: string;
}

interface Kubeconfig {
  clusters: Named[];
  contexts: (Named & { context: { user: string } })[];
  users: Named[];
  "current-context"?: string;
  [other: string]: unknown;
}

/** Puts the entries of `more` in the place of those of the same names, and makes its context the current one. */
export function mergeKubeconfigs(existing: string, more: string): string {
  const old = parse(existing) as Kubeconfig;
  const fresh = parse(more) as Kubeconfig;
  const join = <T extends Named>(before: T[], added: T[]): T[] => {
    const names = new Set(added.map(({ name }) => name));
    return [...before.filter(({ name }) => !names.has(name)), ...added];
  };
  return stringify({
    ...old,
    clusters: join(old.clusters, fresh.clusters),
    contexts: join(old.contexts, fresh.contexts),
    users: join(old.users, fresh.users),
    "current-context": fresh["current-context"],
  });
}

/** Takes a cluster's context out, and what only it used. @returns undefined when nothing is left */
export function withoutContext(existing: string, context: string): string | undefined {
  const config = parse(existing) as Kubeconfig;
  const contexts = config.contexts.filter(({ name }) => name !== context);
  if (contexts.length === 0) return undefined;
  const users = new Set(contexts.map((entry) => entry.context.user));
  return stringify({
    ...config,
    contexts,
    clusters: config.clusters.filter(({ name }) => name !== context),
    users: config.users.filter(({ name }) => users.has(name)),
    "current-context": contexts[0]?.name,
  });
}

/** Adds a cluster to the file that `kubectl` is led to. */
export function addToKubeconfig(file: string, added: string): void {
  writePrivateFile(file, existsSync(file) ? mergeKubeconfigs(readFileSync(file, "utf8"), added) : added);
}

/** Removes a cluster from that file. */
export function removeFromKubeconfig(file: string, context: string): void {
  if (!existsSync(file)) return;
  const left = withoutContext(readFileSync(file, "utf8"), context);
  if (left === undefined) rmSync(file);
  else writePrivateFile(file, left);
}
