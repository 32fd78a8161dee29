import { nodeOf, nodeStatus, webhookConfiguration, webhookService } from "./aks-objects";
import { createObject } from "./creation";
import { builtInKind } from "./kinds";
import type { ClusterRuntime } from "./runtime";

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
      createObject(
        runtime,
        builtInKind("MutatingWebhookConfiguration"),
        webhookConfiguration(webhookService),
      );
    }
  });
}

function createNode(runtime: ClusterRuntime, number: number): void {
  const { cluster, context, objects } = runtime;
  const kind = builtInKind("Node");
  const node = createObject(runtime, kind, nodeOf(cluster, number));
  objects.put(kind, { ...node, status: nodeStatus(cluster, number, context.clock.now()) });
}
