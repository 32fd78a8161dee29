/** A kind of object that the API serves. */
export interface Kind {
  /** "" for the core group. */
  group: string;
  version: string;
  kind: string;
  plural: string;
  singular: string;
  namespaced: boolean;
  shortNames: string[];
  categories: string[];
  subresources: string[];
  /** What clients may do; reading only, for what Azure manages. */
  verbs: readonly string[];
}

const everyVerb = [
  "create",
  "delete",
  "deletecollection",
  "get",
  "list",
  "patch",
  "update",
  "watch",
] as const;
const readVerbs = ["get", "list", "watch"] as const;

type Extras = Partial<
  Pick<Kind, "shortNames" | "categories" | "subresources" | "verbs" | "namespaced" | "plural">
>;

function kinds(apiVersion: string, entries: Record<string, Extras>): Kind[] {
  const [group, version] = apiVersion.includes("/")
    ? (apiVersion.split("/") as [string, string])
    : ["", apiVersion];
  return Object.entries(entries).map(([kind, extras]) => ({
    group,
    version,
    kind,
    plural: extras.plural ?? `${kind.toLowerCase()}s`,
    singular: kind.toLowerCase(),
    namespaced: extras.namespaced ?? true,
    shortNames: extras.shortNames ?? [],
    categories: extras.categories ?? [],
    subresources: extras.subresources ?? [],
    verbs: extras.verbs ?? everyVerb,
  }));
}

const cluster = { namespaced: false };
const all = { categories: ["all"] };
const scaled = { ...all, subresources: ["status", "scale"] };
const status = { subresources: ["status"] };

/** Every built-in kind of the sandbox's clusters. */
export const builtInKinds: readonly Kind[] = [
  ...kinds("v1", {
    ConfigMap: { shortNames: ["cm"] },
    Endpoints: { plural: "endpoints", shortNames: ["ep"] },
    Event: { shortNames: ["ev"] },
    LimitRange: { shortNames: ["limits"] },
    Namespace: { ...cluster, ...status, shortNames: ["ns"] },
    Node: { ...cluster, ...status, shortNames: ["no"], verbs: readVerbs },
    PersistentVolumeClaim: { ...status, shortNames: ["pvc"] },
    PersistentVolume: { ...cluster, ...status, shortNames: ["pv"] },
    Pod: { ...all, shortNames: ["po"], subresources: ["status", "eviction"] },
    ResourceQuota: { ...status, shortNames: ["quota"] },
    Secret: {},
    ServiceAccount: { shortNames: ["sa"], subresources: ["token"] },
    Service: { ...all, ...status, shortNames: ["svc"] },
  }),
  ...kinds("apps/v1", {
    ControllerRevision: {},
    DaemonSet: { ...all, ...status, shortNames: ["ds"] },
    Deployment: { ...scaled, shortNames: ["deploy"] },
    ReplicaSet: { ...scaled, shortNames: ["rs"] },
    StatefulSet: { ...scaled, shortNames: ["sts"] },
  }),
  ...kinds("batch/v1", {
    CronJob: { ...all, ...status, shortNames: ["cj"] },
    Job: { ...all, ...status },
  }),
  ...kinds("autoscaling/v2", { HorizontalPodAutoscaler: { ...all, ...status, shortNames: ["hpa"] } }),
  ...kinds("networking.k8s.io/v1", {
    IngressClass: { ...cluster, plural: "ingressclasses" },
    Ingress: { ...status, plural: "ingresses", shortNames: ["ing"] },
    NetworkPolicy: { plural: "networkpolicies", shortNames: ["netpol"] },
  }),
  ...kinds("policy/v1", { PodDisruptionBudget: { ...status, shortNames: ["pdb"] } }),
  ...kinds("rbac.authorization.k8s.io/v1", {
    ClusterRoleBinding: cluster,
    ClusterRole: cluster,
    RoleBinding: {},
    Role: {},
  }),
  ...kinds("admissionregistration.k8s.io/v1", {
    MutatingWebhookConfiguration: { ...cluster, verbs: readVerbs },
  }),
  ...kinds("apiextensions.k8s.io/v1", {
    CustomResourceDefinition: { ...cluster, ...status, shortNames: ["crd", "crds"] },
  }),
  ...kinds("coordination.k8s.io/v1", { Lease: {} }),
  ...kinds("discovery.k8s.io/v1", { EndpointSlice: {} }),
  ...kinds("storage.k8s.io/v1", {
    StorageClass: { ...cluster, plural: "storageclasses", shortNames: ["sc"] },
  }),
];

/** Kinds that are questions: they are created, answered and not kept. */
export const reviewKinds: readonly Kind[] = [
  ...kinds("authentication.k8s.io/v1", { SelfSubjectReview: { ...cluster, verbs: ["create"] } }),
  ...kinds("authorization.k8s.io/v1", { SelfSubjectAccessReview: { ...cluster, verbs: ["create"] } }),
];

export const apiVersionOf = (kind: Pick<Kind, "group" | "version">): string =>
  kind.group ? `${kind.group}/${kind.version}` : kind.version;

/** One of the built-in kinds. @throws when there is none of that name, which only a slip in this folder can cause. */
export function builtInKind(name: string): Kind {
  const found = builtInKinds.find((kind) => kind.kind === name);
  if (!found) throw new Error(`kinds: '${name}' is not built in`);
  return found;
}

/** The kinds that a CustomResourceDefinition adds: one for each version served. */
export function customKinds(definition: Record<string, unknown>): Kind[] {
  const spec = definition.spec as {
    group: string;
    scope: string;
    names: { kind: string; plural: string; singular?: string; shortNames?: string[]; categories?: string[] };
    versions: { name: string; served: boolean; subresources?: Record<string, unknown> }[];
  };
  return spec.versions
    .filter((version) => version.served)
    .map((version) => ({
      group: spec.group,
      version: version.name,
      kind: spec.names.kind,
      plural: spec.names.plural,
      singular: spec.names.singular ?? spec.names.kind.toLowerCase(),
      namespaced: spec.scope === "Namespaced",
      shortNames: spec.names.shortNames ?? [],
      categories: spec.names.categories ?? [],
      subresources: version.subresources?.status ? ["status"] : [],
      verbs: everyVerb,
    }));
}
