import type { Kind } from "./kinds";
import type { StoredObject } from "./object";
import type { ClusterRuntime } from "./runtime";

/** Takes down how long the cluster took for an object; times are milliseconds of sandbox time. */
export function journalObject(
  { context, cluster }: ClusterRuntime,
  { kind, plural }: Kind,
  { metadata: { namespace, name } }: StoredObject,
  times: { startedAt: number; completedAt: number },
): void {
  context.journal.wrote({
    method: "POST",
    id: `${cluster.id}/namespaces/${namespace}/${plural}/${name}`,
    type: `Kubernetes/${kind}`,
    ...times,
  });
}
