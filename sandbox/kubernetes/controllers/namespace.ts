import { createObject } from "../creation";
import { emptyNamespace } from "../deletion";
import { builtInKind } from "../kinds";
import type { StoredObject } from "../object";
import type { ClusterRuntime } from "../runtime";

const serviceAccounts = builtInKind("ServiceAccount");
const configMaps = builtInKind("ConfigMap");

/** How long a namespace with something in it is Terminating before it is emptied, in milliseconds. */
const terminationTime = 1000;

/** Every namespace has a ServiceAccount `default` and the cluster's certificate authority, until it is deleted. */
export function reconcileNamespace(runtime: ClusterRuntime, object: StoredObject): number | undefined {
  const { objects, context } = runtime;
  const { name: namespace, deletionTimestamp } = object.metadata;
  if (deletionTimestamp) {
    const remaining = Date.parse(deletionTimestamp) + terminationTime - context.clock.now();
    if (remaining > 0) return remaining;
    emptyNamespace(runtime, object);
    return undefined;
  }
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
  return undefined;
}
