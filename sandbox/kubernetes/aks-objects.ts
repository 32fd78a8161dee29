import type { Cluster } from "./cluster";
import { type KubernetesObject, timestamp } from "./object";
import { numberFrom } from "./service-addresses";

/** Where the API server reaches the workload-identity webhook. */
export type WebhookAddress =
  | { service: { name: string; namespace: string; path: string; port: number } }
  | { url: string; caBundle: string };

/** The Service by which AKS' own webhook is reached. */
export const webhookService: WebhookAddress = {
  service: {
    name: "azure-wi-webhook-webhook-service",
    namespace: "kube-system",
    path: "/mutate-v1-pod",
    port: 443,
  },
};

/**
 * How a cluster with workload identity calls its webhook.
 * @see https://github.com/Azure/AKS/issues/3286 for the failure policy
 */
export const webhookConfiguration = (clientConfig: WebhookAddress): KubernetesObject => ({
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "MutatingWebhookConfiguration",
  metadata: { name: "azure-wi-webhook-mutating-webhook-configuration" },
  webhooks: [
    {
      name: "mutation.azure-workload-identity.io",
      admissionReviewVersions: ["v1", "v1beta1"],
      clientConfig,
      failurePolicy: "Fail",
      matchPolicy: "Equivalent",
      objectSelector: { matchLabels: { "azure.workload.identity/use": "true" } },
      reinvocationPolicy: "IfNeeded",
      rules: [
        { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"], scope: "*" },
      ],
      sideEffects: "None",
    },
  ],
});

/** A machine of the cluster's, by its number from 0. */
export function nodeOf(cluster: Cluster, number: number): KubernetesObject {
  const pool = String(numberFrom(cluster.guid) % 100_000_000).padStart(8, "1");
  const name = `aks-system-${pool}-vmss${number.toString(36).padStart(6, "0")}`;
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      labels: {
        agentpool: "system",
        "kubernetes.azure.com/cluster": cluster.name,
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "topology.kubernetes.io/region": cluster.region,
      },
    },
    spec: { podCIDR: `10.244.${number}.0/24` },
  };
}

/** The status of that machine, ready since then. */
export function nodeStatus(cluster: Cluster, number: number, since: number): Record<string, unknown> {
  const time = timestamp(since);
  return {
    addresses: [
      { type: "InternalIP", address: `10.224.0.${4 + number}` },
      { type: "Hostname", address: nodeOf(cluster, number).metadata.name },
    ],
    allocatable: { cpu: "1900m", memory: "5368Mi", pods: "250" },
    capacity: { cpu: "2", memory: "8129Mi", pods: "250" },
    conditions: [
      {
        type: "Ready",
        status: "True",
        reason: "KubeletReady",
        message: "kubelet is posting ready status",
        lastHeartbeatTime: time,
        lastTransitionTime: time,
      },
    ],
    nodeInfo: {
      kubeletVersion: `v${cluster.version}`,
      operatingSystem: "linux",
      architecture: "amd64",
      osImage: "Ubuntu",
    },
  };
}
