import { createObject } from "../creation";
import { builtInKind } from "../kinds";
import type { StoredObject } from "../object";
import type { ClusterRuntime } from "../runtime";

const serviceAccounts = builtInKind("ServiceAccount");
const configMaps = builtInKind("ConfigMap");

/** Every namespace has a ServiceAccount `default` and the cluster's certificate authority. */
export function reconcileNamespace(runtime: ClusterRuntime, { metadata }: StoredObject): undefined {
  const { objects } = runtime;
  const namespace = metadata.name;
  if (metadata.deletionTimestamp) return;
  if (!objects.get(serviceAccounts, namespace, "default")) {
    createObject(runtime, serviceAccounts, {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: "default", namespace },
    });
  }
  if (!objects.get(configMaps, namespace, "kube-root-ca.crt")) {
    createObject(runtime, configMaps, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "kube-root-ca.crt", namespace },
      data: { "ca.crt": runtime.context.certificates.authorityPem },
    });
  }
}
