import type { PropertyPath } from "../differences";
import { isMap, type PropertyMap, type PropertyValue } from "../values";

/** Built-in kinds that are in no namespace: known without asking a cluster, which may not be there yet. */
const clusterScoped = new Set([
  "APIService",
  "CertificateSigningRequest",
  "ClusterRole",
  "ClusterRoleBinding",
  "CSIDriver",
  "CSINode",
  "CustomResourceDefinition",
  "IngressClass",
  "MutatingWebhookConfiguration",
  "Namespace",
  "Node",
  "PersistentVolume",
  "PriorityClass",
  "RuntimeClass",
  "StorageClass",
  "ValidatingAdmissionPolicy",
  "ValidatingAdmissionPolicyBinding",
  "ValidatingWebhookConfiguration",
  "VolumeAttachment",
]);

const builtInGroup = /^(v1|(apps|autoscaling|batch|policy)\/.+|[\w.]+\.k8s\.io\/.+)$/;

/** Whether a kind is in a namespace; undefined when only a cluster can tell. */
export function isNamespaced(apiVersion: string, kind: string): boolean | undefined {
  if (clusterScoped.has(kind)) return false;
  return builtInGroup.test(apiVersion) ? true : undefined;
}

/**
 * The API version and kind that a type of the SDK stands for: `kubernetes:core/v1:Service` for `v1` and `Service`.
 * @throws Error for a type that is no object on a cluster
 */
export function kindOfType(type: string): { apiVersion: string; kind: string } {
  const [, groupVersion = "", kind = ""] = type.split(":");
  const [group = "", version] = groupVersion.split("/");
  if (version === undefined || ["helm.sh", "kustomize", "yaml"].includes(group)) {
    throw new Error(
      `${type} is not supported: the sandbox's Kubernetes provider makes objects of the API only.`,
    );
  }
  return { apiVersion: group === "core" ? version : groupVersion, kind };
}

/** Fields whose change only a new object can follow, by kind. @see https://github.com/pulumi/pulumi-kubernetes */
const immutableFields: Record<string, string[]> = {
  ClusterRoleBinding: ["roleRef"],
  ConfigMap: ["binaryData", "data"],
  DaemonSet: ["spec.selector"],
  Deployment: ["spec.selector"],
  Job: ["spec.completions", "spec.parallelism", "spec.selector", "spec.template"],
  PersistentVolumeClaim: ["spec"],
  Pod: ["spec"],
  RoleBinding: ["roleRef"],
  Secret: ["data", "stringData", "type"],
  Service: ["spec.clusterIP"],
  StatefulSet: [
    "spec.podManagementPolicy",
    "spec.revisionHistoryLimit",
    "spec.selector",
    "spec.serviceName",
    "spec.volumeClaimTemplates",
  ],
  StorageClass: ["parameters", "provisioner"],
};

const always = ["apiVersion", "kind", "metadata.name", "metadata.namespace"];

/** Whether a change at `path` makes a new object necessary. */
export function replaces(kind: string, path: PropertyPath): boolean {
  const text = path.join(".");
  return [...always, ...(immutableFields[kind] ?? [])].some(
    (field) => text === field || text.startsWith(`${field}.`) || field.startsWith(`${text}.`),
  );
}

/** An object's metadata; empty while it is not known. */
export const metadataOf = (object: PropertyMap): PropertyMap =>
  isMap(object.metadata) ? object.metadata : {};

/** A text among the annotations of an object, if it is there and known. */
export function annotation(object: PropertyMap, name: string): string | undefined {
  const { annotations } = metadataOf(object);
  const value: PropertyValue | undefined = isMap(annotations) ? annotations[name] : undefined;
  return typeof value === "string" ? value : undefined;
}
