import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { CoreV1Api, type V1Pod } from "@kubernetes/client-node";
import type { RunningSandbox } from "../../sandbox/core/sandbox";
import { kubeConfig, type TestCluster, tokenFor } from "../sandbox/kubernetes/cluster-fixture";

/** What a container has of its pod: variables, and files below `root`. */
export interface Container {
  pod: V1Pod;
  env: Record<string, string>;
}

/**
 * What the first container of a workload's pod starts with: the variables that the API server says it has, and the
 * projected tokens in its volumes, as a kubelet would have put them there.
 *
 * @param root a directory that stands for the container's root
 */
export async function containerOf(
  sandbox: RunningSandbox,
  cluster: TestCluster,
  args: { namespace: string; workload: string; root: string },
): Promise<Container> {
  const { namespace, workload, root } = args;
  const api = kubeConfig(sandbox, cluster, await tokenFor(sandbox)).makeApiClient(CoreV1Api);
  const labelSelector = `app.kubernetes.io/name=${workload}`;
  const { items } = await api.listNamespacedPod({ namespace, labelSelector });
  const pod = items.find(({ status }) => status?.phase === "Running");
  const [container] = pod?.spec?.containers ?? [];
  if (!pod || !container) throw new Error(`no pod of ${namespace}/${workload} is running`);

  const files: string[] = [];
  for (const { name: volumeName, mountPath } of container.volumeMounts ?? []) {
    const volume = pod.spec?.volumes?.find(({ name }) => name === volumeName);
    for (const { serviceAccountToken: projected } of volume?.projected?.sources ?? []) {
      if (!projected) continue;
      const { status } = await api.createNamespacedServiceAccountToken({
        namespace,
        name: pod.spec?.serviceAccountName as string,
        body: {
          spec: {
            audiences: [projected.audience as string],
            expirationSeconds: projected.expirationSeconds as number,
            boundObjectRef: { kind: "Pod", apiVersion: "v1", name: pod.metadata?.name as string },
          },
        },
      });
      const file = join(mountPath, projected.path);
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), status?.token as string, { mode: 0o600 });
      files.push(file);
    }
  }
  const env = Object.fromEntries(
    (container.env ?? []).map(({ name, value = "" }) => [
      name,
      files.includes(value) ? join(root, value) : value,
    ]),
  );
  return { pod, env };
}
