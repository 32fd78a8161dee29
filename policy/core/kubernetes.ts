import { type Properties, type Resource, UNKNOWN, type Value } from "./resource";
import { isProperties, valueAt } from "./setting";

/** The annotation of a ServiceAccount that says which identity its pods take. */
export const CLIENT_ID_ANNOTATION = "azure.workload.identity/client-id";

/** A ServiceAccount of the stack. */
export interface ServiceAccount {
  resource: Resource;
  /** The URN of the provider, which stands for the cluster. */
  cluster: string;
  namespace: Value;
  name: Value;
  /** The value of the client-id annotation. */
  clientId: Value;
  /** Whether the client-id annotation is surely there, known or not. */
  isAnnotated: boolean;
}

/** A resource of the stack that runs pods. */
export interface PodUser {
  resource: Resource;
  /** What comes before `metadata` in paths to the pod template: `spec.template.`, or nothing for a bare pod. */
  templatePath: string;
  /** The URN of the provider, which stands for the cluster. */
  cluster: string;
  namespace: Value;
  /** The ServiceAccount's name, `default` where the pod names none. */
  serviceAccount: Value;
  /** The path of the property that names the ServiceAccount. */
  serviceAccountPath: string;
  /** The labels of the pods, `undefined` when the pod template cannot be read. */
  labels: Properties | undefined | typeof UNKNOWN;
}

/** Where each kind keeps its pod template. */
const TEMPLATE_PATHS: Readonly<Record<string, string>> = {
  Pod: "",
  Deployment: "spec.template.",
  ReplicaSet: "spec.template.",
  StatefulSet: "spec.template.",
  DaemonSet: "spec.template.",
  ReplicationController: "spec.template.",
  Job: "spec.template.",
  CronJob: "spec.jobTemplate.spec.template.",
};

/** The kind of a built-in Kubernetes resource, in any API version: `kubernetes:apps/v1:Deployment`. */
function builtInKind(type: string): string | undefined {
  return /^kubernetes:(?:core|apps|batch|extensions)\/v\w+:(\w+)$/.exec(type)?.[1];
}

/** The stack's ServiceAccounts, those included that it only patches. */
export function serviceAccounts(resources: Resource[]): ServiceAccount[] {
  return resources
    .filter(({ type }) => ["ServiceAccount", "ServiceAccountPatch"].includes(builtInKind(type) ?? ""))
    .map((resource) => ({
      resource,
      cluster: clusterOf(resource),
      namespace: namespaceOf(resource),
      name: isNotKnown(resource) ? UNKNOWN : valueAt(resource.properties, "metadata.name"),
      ...annotationOf(resource),
    }));
}

/** Everything in the stack that runs pods. */
export function podUsers(resources: Resource[]): PodUser[] {
  return resources.flatMap((resource) => {
    const templatePath = TEMPLATE_PATHS[builtInKind(resource.type) ?? ""];
    if (templatePath === undefined || isNotKnown(resource)) return [];
    const { properties } = resource;
    const specName = valueAt(properties, `${templatePath}spec.serviceAccountName`);
    // The older spelling, which the API server still takes.
    const account = specName ?? valueAt(properties, `${templatePath}spec.serviceAccount`);
    return [
      {
        resource,
        templatePath,
        cluster: clusterOf(resource),
        namespace: namespaceOf(resource),
        serviceAccount: account === undefined || account === "" ? "default" : account,
        serviceAccountPath: `${templatePath}spec.serviceAccountName`,
        labels: labelsOf(properties, templatePath),
      },
    ];
  });
}

function labelsOf(properties: Properties, templatePath: string): PodUser["labels"] {
  const spec = valueAt(properties, `${templatePath}spec`);
  const metadata = valueAt(properties, `${templatePath}metadata`) ?? {};
  if (spec === UNKNOWN || metadata === UNKNOWN) return UNKNOWN;
  if (!isProperties(spec) || !isProperties(metadata)) return undefined;
  const labels = valueAt(metadata, "labels") ?? {};
  if (labels === UNKNOWN) return UNKNOWN;
  return isProperties(labels) ? labels : undefined;
}

function annotationOf(resource: Resource): Pick<ServiceAccount, "clientId" | "isAnnotated"> {
  const annotations = isNotKnown(resource) ? UNKNOWN : valueAt(resource.properties, "metadata.annotations");
  if (annotations === UNKNOWN) return { clientId: UNKNOWN, isAnnotated: false };
  const clientId = isProperties(annotations) ? annotations[CLIENT_ID_ANNOTATION] : undefined;
  return { clientId, isAnnotated: clientId !== undefined && clientId !== null && clientId !== "" };
}

/** Every object has some property: the engine knows none while it cannot reach the cluster. */
function isNotKnown({ properties }: Resource): boolean {
  return Object.keys(properties).length === 0;
}

function clusterOf(resource: Resource): string {
  return resource.provider?.urn ?? "";
}

function namespaceOf(resource: Resource): Value {
  if (isNotKnown(resource)) return UNKNOWN;
  const { properties, provider } = resource;
  const own = valueAt(properties, "metadata.namespace");
  return own ?? (provider && valueAt(provider.properties, "namespace")) ?? "default";
}
