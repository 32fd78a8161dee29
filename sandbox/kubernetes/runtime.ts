import type { SandboxContext } from "../core/context";
import { bootstrap } from "./bootstrap";
import type { Cluster } from "./cluster";
import { startControllers } from "./controllers/manager";
import { builtInKind, builtInKinds, customKinds, type Kind } from "./kinds";
import { ObjectStore } from "./object-store";

/** A running cluster: what ARM says of it, and its objects. */
export interface ClusterRuntime {
  readonly context: SandboxContext;
  /** As of the latest request. */
  cluster: Cluster;
  readonly objects: ObjectStore;
}

/** The running clusters. */
export interface Runtimes {
  /** The running cluster; starts it at its first use, after a restart of the sandbox too. */
  of(cluster: Cluster): ClusterRuntime;
  /** Stops the controllers of all of them. */
  close(): void;
}

export function createRuntimes(context: SandboxContext): Runtimes {
  const running = new Map<string, ClusterRuntime & { stop(): void }>();
  return {
    of: (cluster) => {
      const known = running.get(cluster.guid);
      if (known) {
        known.cluster = cluster;
        return known;
      }
      const runtime = { context, cluster, objects: new ObjectStore(context.store, cluster.guid) };
      if (runtime.objects.revision === 0) bootstrap(runtime);
      const started = Object.assign(runtime, { stop: startControllers(runtime) });
      running.set(cluster.guid, started);
      return started;
    },
    close: () => {
      for (const { stop } of running.values()) stop();
    },
  };
}

const definitions = builtInKind("CustomResourceDefinition");

/** Built-in kinds, and those of the cluster's CustomResourceDefinitions. */
export function kindsOf(runtime: ClusterRuntime): Kind[] {
  return [...builtInKinds, ...runtime.objects.all(definitions).flatMap(customKinds)];
}

/** The kind of an object, by what it says of itself. */
export function kindOf(
  runtime: ClusterRuntime,
  object: { apiVersion: string; kind: string },
): Kind | undefined {
  const [version, group = ""] = object.apiVersion.split("/").reverse();
  return kindsOf(runtime).find(
    (kind) => kind.kind === object.kind && kind.group === group && kind.version === version,
  );
}
