import { builtInKind, type Kind } from "./kinds";
import { randomSuffix } from "./names";
import { type KubernetesObject, recordAt, recordsAt, type StoredObject } from "./object";
import type { ClusterRuntime } from "./runtime";
import { forbidden } from "./status";
import { mutatePod, usesWorkloadIdentity } from "./workload-identity-webhook";

const serviceAccounts = builtInKind("ServiceAccount");
const apiTokenPath = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * The ServiceAccount admission plugin, and then the webhook of azure-workload-identity where the cluster runs it.
 * @throws ApiError 403 when the pod's ServiceAccount is not there, 400 when the webhook denies the pod
 * @see https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#serviceaccount-admission-controller
 */
export function admitPod<T extends KubernetesObject>(runtime: ClusterRuntime, kind: Kind, pod: T): T {
  const { namespace, name = "" } = pod.metadata;
  const accountName = String(recordAt(pod, "spec").serviceAccountName ?? "default");
  const account = runtime.objects.get(serviceAccounts, namespace, accountName);
  if (!account) {
    throw forbidden(
      kind,
      name,
      `error looking up service account ${namespace}/${accountName}: serviceaccount "${accountName}" not found`,
    );
  }
  const admitted = withServiceAccount(pod, account);
  if (!runtime.cluster.workloadIdentity || !usesWorkloadIdentity(admitted)) return admitted;
  return mutatePod(admitted, account, runtime.context.account.tenantId);
}

function withServiceAccount<T extends KubernetesObject>(pod: T, account: StoredObject): T {
  const accountName = account.metadata.name;
  const spec = { ...recordAt(pod, "spec"), serviceAccountName: accountName, serviceAccount: accountName };
  const mounts =
    (recordAt(pod, "spec").automountServiceAccountToken ?? account.automountServiceAccountToken) !== false;
  return { ...pod, spec: mounts ? withApiToken(spec) : spec };
}

/** The token with which a pod's containers reach the cluster's own API. */
function withApiToken(spec: Record<string, unknown>): Record<string, unknown> {
  const name = `kube-api-access-${randomSuffix(5)}`;
  const volume = {
    name,
    projected: {
      defaultMode: 420,
      sources: [
        { serviceAccountToken: { expirationSeconds: 3607, path: "token" } },
        { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
        {
          downwardAPI: {
            items: [{ path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } }],
          },
        },
      ],
    },
  };
  const containers = (list: string) =>
    recordsAt(spec, list).map((container) => {
      const mounted = recordsAt(container, "volumeMounts");
      if (mounted.some((mount) => mount.mountPath === apiTokenPath)) return container;
      return { ...container, volumeMounts: [...mounted, { name, mountPath: apiTokenPath, readOnly: true }] };
    });
  const initContainers = containers("initContainers");
  return {
    ...spec,
    ...(initContainers.length > 0 && { initContainers }),
    containers: containers("containers"),
    volumes: [...recordsAt(spec, "volumes"), volume],
  };
}
