import { createObject } from "./creation";
import { builtInKind } from "./kinds";
import { timestamp } from "./object";
import type { ClusterRuntime } from "./runtime";
import { numberFrom } from "./service-addresses";

const everything = [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }];
const workloads = ["apps", "autoscaling", "batch", "networking.k8s.io", "policy"];
const core = [
  "configmaps",
  "endpoints",
  "events",
  "persistentvolumeclaims",
  "pods",
  "serviceaccounts",
  "services",
];
const changes = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
const reads = ["get", "list", "watch"];

/** The roles that come with every cluster. @see https://kubernetes.io/docs/reference/access-authn-authz/rbac/#user-facing-roles */
const clusterRoles: Record<string, object[]> = {
  "cluster-admin": everything,
  admin: [
    { apiGroups: [""], resources: [...core, "secrets", "serviceaccounts/token"], verbs: changes },
    { apiGroups: workloads, resources: ["*"], verbs: changes },
    { apiGroups: ["rbac.authorization.k8s.io"], resources: ["roles", "rolebindings"], verbs: changes },
  ],
  edit: [
    { apiGroups: [""], resources: [...core, "secrets", "serviceaccounts/token"], verbs: changes },
    { apiGroups: workloads, resources: ["*"], verbs: changes },
  ],
  view: [
    { apiGroups: [""], resources: [...core, "namespaces"], verbs: reads },
    { apiGroups: workloads, resources: ["*"], verbs: reads },
  ],
};

/** What a new cluster holds before anyone has done anything. */
export function bootstrap(runtime: ClusterRuntime): void {
  const create = (apiVersion: string, kind: string, name: string, fields: object = {}) =>
    createObject(runtime, builtInKind(kind), { apiVersion, kind, metadata: { name }, ...fields });
  runtime.objects.transact(() => {
    for (const name of ["default", "kube-node-lease", "kube-public", "kube-system"])
      create("v1", "Namespace", name);
    for (const [name, rules] of Object.entries(clusterRoles)) {
      create("rbac.authorization.k8s.io/v1", "ClusterRole", name, { rules });
    }
    create("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "cluster-admin", {
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "system:masters" }],
    });
    for (let number = 0; number < runtime.cluster.nodeCount; number += 1) createNode(runtime, number);
    if (runtime.cluster.workloadIdentity) {
      create(
        "admissionregistration.k8s.io/v1",
        "MutatingWebhookConfiguration",
        "azure-wi-webhook-mutating-webhook-configuration",
        { webhooks: [webhook] },
      );
    }
  });
}

const webhook = {
  name: "mutation.azure-workload-identity.io",
  admissionReviewVersions: ["v1", "v1beta1"],
  clientConfig: {
    service: {
      name: "azure-wi-webhook-webhook-service",
      namespace: "kube-system",
      path: "/mutate-v1-pod",
      port: 443,
    },
  },
  failurePolicy: "Fail",
  matchPolicy: "Equivalent",
  objectSelector: { matchLabels: { "azure.workload.identity/use": "true" } },
  reinvocationPolicy: "IfNeeded",
  rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"], scope: "*" }],
  sideEffects: "None",
};

function createNode(runtime: ClusterRuntime, number: number): void {
  const { cluster, context, objects } = runtime;
  const kind = builtInKind("Node");
  const pool = String(numberFrom(cluster.guid) % 100_000_000).padStart(8, "1");
  const name = `aks-system-${pool}-vmss${number.toString(36).padStart(6, "0")}`;
  const node = createObject(runtime, kind, {
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
  });
  const since = timestamp(context.clock.now());
  objects.put(kind, {
    ...node,
    status: {
      addresses: [
        { type: "InternalIP", address: `10.224.0.${4 + number}` },
        { type: "Hostname", address: name },
      ],
      allocatable: { cpu: "1900m", memory: "5368Mi", pods: "250" },
      capacity: { cpu: "2", memory: "8129Mi", pods: "250" },
      conditions: [
        {
          type: "Ready",
          status: "True",
          reason: "KubeletReady",
          message: "kubelet is posting ready status",
          lastHeartbeatTime: since,
          lastTransitionTime: since,
        },
      ],
      nodeInfo: {
        kubeletVersion: `v${cluster.version}`,
        operatingSystem: "linux",
        architecture: "amd64",
        osImage: "Ubuntu",
      },
    },
  });
}
