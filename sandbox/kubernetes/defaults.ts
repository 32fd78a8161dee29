import { isRecord, type KubernetesObject } from "./object";

type Fields = Record<string, unknown>;

const list = (value: unknown, change: (item: Fields) => Fields) =>
  Array.isArray(value) ? value.map((item) => (isRecord(item) ? change(item) : item)) : value;

/** `fields` with those of `defaults` that it does not have; null counts as not there. */
function withDefaults(fields: Fields, defaults: Fields): Fields {
  const given = Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== null && value !== undefined),
  );
  return { ...defaults, ...given };
}

function container(fields: Fields): Fields {
  const image = String(fields.image ?? "");
  const tag = image.split("/").at(-1)?.split(":")[1];
  const latest = !image.includes("@") && (tag === undefined || tag === "latest");
  return withDefaults(
    {
      ...fields,
      env: list(fields.env, variable),
      ports: list(fields.ports, (port) => withDefaults(port, { protocol: "TCP" })),
    },
    {
      imagePullPolicy: latest ? "Always" : "IfNotPresent",
      resources: {},
      terminationMessagePath: "/dev/termination-log",
      terminationMessagePolicy: "File",
    },
  );
}

function variable(fields: Fields): Fields {
  const { valueFrom } = fields;
  if (!isRecord(valueFrom) || !isRecord(valueFrom.fieldRef)) return fields;
  return {
    ...fields,
    valueFrom: { ...valueFrom, fieldRef: withDefaults(valueFrom.fieldRef, { apiVersion: "v1" }) },
  };
}

/** The kinds of volume whose files have a mode. */
const ofFiles = ["configMap", "downwardAPI", "projected", "secret"];

function volume(fields: Fields): Fields {
  const source = ofFiles.find((name) => isRecord(fields[name]));
  return source === undefined
    ? fields
    : { ...fields, [source]: withDefaults(fields[source] as Fields, { defaultMode: 420 }) };
}

/** A pod's specification with Kubernetes' defaults. */
function podSpec(spec: Fields): Fields {
  const account = spec.serviceAccountName ?? spec.serviceAccount;
  return withDefaults(
    {
      ...spec,
      containers: list(spec.containers, container),
      initContainers: list(spec.initContainers, container),
      volumes: list(spec.volumes, volume),
      ...(account !== undefined && { serviceAccountName: account, serviceAccount: account }),
    },
    {
      restartPolicy: "Always",
      dnsPolicy: "ClusterFirst",
      schedulerName: "default-scheduler",
      securityContext: {},
      terminationGracePeriodSeconds: 30,
    },
  );
}

const template = (fields: unknown, changes: Fields = {}): unknown =>
  isRecord(fields)
    ? { ...fields, spec: podSpec({ ...(isRecord(fields.spec) ? fields.spec : {}), ...changes }) }
    : fields;

const specDefaults: Record<string, (spec: Fields) => Fields> = {
  CronJob: (spec) =>
    withDefaults(spec, {
      concurrencyPolicy: "Allow",
      failedJobsHistoryLimit: 1,
      successfulJobsHistoryLimit: 3,
      suspend: false,
    }),
  DaemonSet: (spec) =>
    withDefaults(
      { ...spec, template: template(spec.template) },
      {
        revisionHistoryLimit: 10,
        updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
      },
    ),
  Deployment: (spec) =>
    withDefaults(
      { ...spec, template: template(spec.template) },
      {
        progressDeadlineSeconds: 600,
        replicas: 1,
        revisionHistoryLimit: 10,
        strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" } },
      },
    ),
  Job: (spec) =>
    withDefaults(
      { ...spec, template: template(spec.template) },
      { backoffLimit: 6, completionMode: "NonIndexed", completions: 1, parallelism: 1, suspend: false },
    ),
  Namespace: (spec) => withDefaults(spec, { finalizers: ["kubernetes"] }),
  Pod: (spec) =>
    withDefaults(podSpec(spec), {
      enableServiceLinks: true,
      preemptionPolicy: "PreemptLowerPriority",
      priority: 0,
    }),
  ReplicaSet: (spec) => withDefaults({ ...spec, template: template(spec.template) }, { replicas: 1 }),
  Service: (spec) => {
    const ports = list(spec.ports, (port) => withDefaults(port, { protocol: "TCP", targetPort: port.port }));
    const type = spec.type ?? "ClusterIP";
    return withDefaults(
      { ...spec, ...(ports !== undefined && { ports }) },
      {
        type,
        sessionAffinity: "None",
        ...(type !== "ExternalName" && {
          internalTrafficPolicy: "Cluster",
          ipFamilies: ["IPv4"],
          ipFamilyPolicy: "SingleStack",
        }),
        ...((type === "LoadBalancer" || type === "NodePort") && { externalTrafficPolicy: "Cluster" }),
        ...(type === "LoadBalancer" && { allocateLoadBalancerNodePorts: true }),
      },
    );
  },
  StatefulSet: (spec) =>
    withDefaults(
      { ...spec, template: template(spec.template) },
      {
        podManagementPolicy: "OrderedReady",
        replicas: 1,
        revisionHistoryLimit: 10,
        updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0 } },
      },
    ),
};

/** The object with what the API server fills in. */
export function applyDefaults<T extends KubernetesObject>(object: T): T {
  if (object.kind === "Secret") return secret(object);
  const defaults = specDefaults[object.kind];
  if (!defaults) return object;
  const spec = defaults(isRecord(object.spec) ? object.spec : {});
  return {
    ...object,
    spec: Object.fromEntries(Object.entries(spec).filter(([, value]) => value !== undefined)),
  };
}

/** `stringData` is written only: it ends up encoded in `data`. */
function secret<T extends KubernetesObject>({ stringData, ...object }: T & { stringData?: unknown }): T {
  const plain = isRecord(stringData) ? Object.entries(stringData) : [];
  const encoded = Object.fromEntries(
    plain.map(([key, value]) => [key, Buffer.from(String(value)).toString("base64")]),
  );
  const data = { ...(isRecord(object.data) ? object.data : {}), ...encoded };
  return {
    ...object,
    type: object.type ?? "Opaque",
    ...(Object.keys(data).length > 0 && { data }),
  } as unknown as T;
}
