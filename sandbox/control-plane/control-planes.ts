import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { SandboxContext } from "../core/context";
import type { Cluster, Clusters } from "../kubernetes/cluster";
import { ApiError } from "../kubernetes/status";
import { type ControlPlane, startControlPlane } from "./control-plane";
import { createPrograms } from "./processes";
import type { ControlPlanePrograms } from "./programs";

/** How often what runs is compared with what ARM has, in milliseconds. */
const interval = 500;

/** How long a control plane that failed is left alone, in milliseconds. */
const pause = 5_000;

/** The control planes of all clusters that ARM has. */
export interface ControlPlanes {
  /** That of `cluster`, once it answers. @throws ApiError 503 when it does not come up */
  of(cluster: Cluster): Promise<ControlPlane>;
  /** Ends them all; what they hold is kept. */
  close(): Promise<void>;
}

interface Entry {
  cluster: Cluster;
  /** What cannot be changed while it runs. */
  settings: string;
  plane: Promise<ControlPlane>;
}

const settingsOf = ({ issuerUrl, workloadIdentity }: Cluster): string =>
  JSON.stringify({ issuerUrl, workloadIdentity });

/** Gives every cluster a control plane for as long as ARM has it. */
export function createControlPlanes(
  context: SandboxContext,
  clusters: Clusters,
  executables: ControlPlanePrograms,
): ControlPlanes {
  const root = join(context.dataDirectory, "control-planes");
  mkdirSync(root, { recursive: true, mode: 0o700 });
  const programs = createPrograms();
  const entries = new Map<string, Entry>();
  /** Those on their way down, by the cluster's GUID: a new one waits for the old one's files. */
  const ending = new Map<string, Promise<void>>();
  let closed = false;

  function launch(cluster: Cluster): Entry {
    const { guid } = cluster;
    const start = () =>
      startControlPlane({
        side: () => ({ context, cluster: entry.cluster }),
        directory: join(root, guid),
        executables,
        programs,
      });
    const entry: Entry = {
      cluster,
      settings: settingsOf(cluster),
      plane: (ending.get(guid) ?? Promise.resolve()).then(start),
    };
    entries.set(guid, entry);
    const fail = (reason: string) => {
      if (closed || entries.get(guid) !== entry) return;
      console.error(`The control plane of ${cluster.name} failed and is started again: ${reason}`);
      setTimeout(() => {
        if (!closed && entries.get(guid) === entry) end(guid, entry);
      }, pause).unref();
    };
    entry.plane.then(
      ({ broken }) => broken.then(fail),
      (error: Error) => fail(error.message),
    );
    return entry;
  }

  function end(guid: string, entry: Entry): void {
    entries.delete(guid);
    const stopped = entry.plane
      .then((plane) => plane.stop())
      .catch(() => {})
      .finally(() => {
        if (ending.get(guid) === stopped) ending.delete(guid);
      });
    ending.set(guid, stopped);
  }

  function adjust(): void {
    const wanted = new Map(clusters.all().map((cluster) => [cluster.guid, cluster]));
    for (const [guid, entry] of entries) {
      const cluster = wanted.get(guid);
      if (!cluster || settingsOf(cluster) !== entry.settings) {
        end(guid, entry);
        continue;
      }
      const resized = cluster.nodeCount !== entry.cluster.nodeCount;
      entry.cluster = cluster;
      if (resized) entry.plane.then(({ nodes }) => nodes.resize()).catch(() => {});
    }
    for (const [guid, cluster] of wanted) if (!entries.has(guid)) launch(cluster);
    sweep(new Set(wanted.keys()));
  }

  /** Removes what clusters that are gone have left. */
  function sweep(wanted: Set<string>): void {
    for (const guid of readdirSync(root)) {
      if (!wanted.has(guid) && !ending.has(guid)) rmSync(join(root, guid), { recursive: true, force: true });
    }
  }

  const timer = setInterval(adjust, interval).unref();
  adjust();
  return {
    of: async (cluster) => {
      if (closed) throw unavailable(cluster, "the sandbox is ending");
      const { plane } = entries.get(cluster.guid) ?? launch(cluster);
      try {
        return await plane;
      } catch (error) {
        throw unavailable(cluster, (error as Error).message);
      }
    },
    close: async () => {
      closed = true;
      clearInterval(timer);
      for (const [guid, entry] of entries) end(guid, entry);
      await Promise.all(ending.values());
      await programs.close();
      sweep(new Set(clusters.all().map(({ guid }) => guid)));
    },
  };
}

const unavailable = ({ name }: Cluster, reason: string) =>
  new ApiError(503, "ServiceUnavailable", `the control plane of ${name} does not answer: ${reason}`);
