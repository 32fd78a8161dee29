import type { AzureReader } from "../../components/diagnosis/azure-reader";
import { loginOf, unattendedKubeconfig } from "../../components/kubernetes/kubeconfig";
import type { ClusterClient } from "../../components/propagation/cluster-client";

export interface LiveServiceAccount {
  namespace: string;
  name: string;
  annotations: Record<string, string>;
}

/** What makes pods: a Deployment, StatefulSet or DaemonSet. */
export interface LivePodOwner {
  kind: string;
  namespace: string;
  name: string;
  /** Its own labels, which the webhook does not look at. */
  labels: Record<string, string>;
  serviceAccount: string;
  templateLabels: Record<string, string>;
}

export interface LivePod {
  namespace: string;
  name: string;
  serviceAccount: string;
  labels: Record<string, string>;
  /** The variables of its first container, as the webhook left them. */
  env: Record<string, string>;
}

/** A cluster, and what it says of the workloads on it. */
export interface ClusterFacts {
  id: string;
  /** Undefined when the OIDC issuer is off. */
  issuerUrl: string | undefined;
  /** Why its Kubernetes API could not be read; the lists are empty then. */
  unreachable?: string;
  serviceAccounts: LiveServiceAccount[];
  podOwners: LivePodOwner[];
  pods: LivePod[];
}

interface ObjectMeta {
  name: string;
  namespace: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  deletionTimestamp?: string;
}

interface PodSpec {
  serviceAccountName?: string;
  containers?: { env?: { name: string; value?: string }[] }[];
}

const clusterApi = "2025-09-01";

/** Logs in with the kubeconfig that AKS hands to whoever runs the command. @throws AzureRefused */
export async function logInToCluster(
  id: string,
  azure: AzureReader,
  connect: (kubeconfig: string) => ClusterClient,
): Promise<ClusterClient> {
  const { kubeconfigs } = await azure.post<{ kubeconfigs: { value: string }[] }>(
    `${id}/listClusterUserCredential`,
    clusterApi,
  );
  const kubeconfig = Buffer.from(kubeconfigs[0]?.value ?? "", "base64").toString("utf8");
  return connect(unattendedKubeconfig(kubeconfig, loginOf(process.env)));
}

/** Reads what the cluster says of ServiceAccounts everywhere, and of pods in `namespaces`. @throws LinkFailure */
export async function readClusterFacts(
  client: ClusterClient,
  namespaces: readonly string[],
): Promise<Pick<ClusterFacts, "serviceAccounts" | "podOwners" | "pods">> {
  const list = async <T>(path: string) => (await client.read<{ items: T[] }>(path)).items;
  const inEach = async <T>(path: (namespace: string) => string) =>
    (await Promise.all(namespaces.map((namespace) => list<T>(path(namespace))))).flat();

  const accounts = await list<{ metadata: ObjectMeta }>("/api/v1/serviceaccounts");
  const owners = await Promise.all(
    ["Deployment", "StatefulSet", "DaemonSet"].map(async (kind) => {
      const found = await inEach<{
        metadata: ObjectMeta;
        spec: { template: { metadata?: Partial<ObjectMeta>; spec?: PodSpec } };
      }>((namespace) => `/apis/apps/v1/namespaces/${namespace}/${kind.toLowerCase()}s`);
      return found.map(({ metadata, spec: { template } }) => ({
        kind,
        namespace: metadata.namespace,
        name: metadata.name,
        labels: metadata.labels ?? {},
        serviceAccount: template.spec?.serviceAccountName ?? "default",
        templateLabels: template.metadata?.labels ?? {},
      }));
    }),
  );
  const pods = await inEach<{ metadata: ObjectMeta; spec: PodSpec }>(
    (namespace) => `/api/v1/namespaces/${namespace}/pods`,
  );
  return {
    serviceAccounts: accounts.map(({ metadata: { namespace, name, annotations = {} } }) => ({
      namespace,
      name,
      annotations,
    })),
    podOwners: owners.flat(),
    pods: pods
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .map(({ metadata, spec }) => ({
        namespace: metadata.namespace,
        name: metadata.name,
        serviceAccount: spec.serviceAccountName ?? "default",
        labels: metadata.labels ?? {},
        env: Object.fromEntries(
          (spec.containers?.[0]?.env ?? []).map(({ name, value = "" }) => [name, value]),
        ),
      })),
  };
}
