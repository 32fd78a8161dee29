import type { Kind } from "../kinds";
import { at, recordAt, recordsAt, type StoredObject } from "../object";

/** What one column of `kubectl get` shows; `wide` ones only with `-o wide`. */
interface Column {
  name: string;
  value: (object: StoredObject) => unknown;
  type?: "integer" | "string";
  wide?: boolean;
}

const name: Column = { name: "Name", value: (object) => object.metadata.name };
const age = (now: number): Column => ({
  name: "Age",
  value: (object) => sinceText(object.metadata.creationTimestamp, now),
});

const field =
  (...path: string[]) =>
  (object: StoredObject) =>
    at(object, ...path) ?? 0;
const text =
  (...path: string[]) =>
  (object: StoredObject) =>
    String(at(object, ...path) ?? "<none>");
const keys = (fieldName: string): Column => ({
  name: "Data",
  type: "integer",
  value: (object) => Object.keys(recordAt(object, fieldName)).length,
});
const ready = (object: StoredObject) =>
  `${Number(field("status", "readyReplicas")(object))}/${Number(field("spec", "replicas")(object))}`;

const columns: Record<string, Column[]> = {
  ConfigMap: [keys("data")],
  CronJob: [
    { name: "Schedule", value: text("spec", "schedule") },
    { name: "Suspend", value: (object) => (at(object, "spec", "suspend") === true ? "True" : "False") },
  ],
  DaemonSet: [
    { name: "Desired", type: "integer", value: field("status", "desiredNumberScheduled") },
    { name: "Current", type: "integer", value: field("status", "currentNumberScheduled") },
    { name: "Ready", type: "integer", value: field("status", "numberReady") },
  ],
  Deployment: [
    { name: "Ready", value: ready },
    { name: "Up-to-date", type: "integer", value: field("status", "updatedReplicas") },
    { name: "Available", type: "integer", value: field("status", "availableReplicas") },
  ],
  Endpoints: [
    {
      name: "Endpoints",
      value: (object) =>
        recordsAt(object, "subsets")
          .flatMap((subset) =>
            recordsAt(subset, "addresses").flatMap(({ ip }) =>
              recordsAt(subset, "ports").map(({ port }) => `${String(ip)}:${String(port)}`),
            ),
          )
          .join(",") || "<none>",
    },
  ],
  Event: [
    { name: "Last Seen", value: text("lastTimestamp") },
    { name: "Type", value: text("type") },
    { name: "Reason", value: text("reason") },
    {
      name: "Object",
      value: (object) =>
        `${String(at(object, "involvedObject", "kind")).toLowerCase()}/${text("involvedObject", "name")(object)}`,
    },
    { name: "Message", value: text("message") },
  ],
  Job: [
    { name: "Status", value: (object) => (at(object, "status", "completionTime") ? "Complete" : "Running") },
    {
      name: "Completions",
      value: (object) =>
        `${Number(field("status", "succeeded")(object))}/${Number(field("spec", "completions")(object))}`,
    },
  ],
  Namespace: [{ name: "Status", value: text("status", "phase") }],
  Node: [
    { name: "Status", value: () => "Ready" },
    { name: "Roles", value: () => "<none>" },
    { name: "Version", value: text("status", "nodeInfo", "kubeletVersion") },
  ],
  Pod: [
    {
      name: "Ready",
      value: (object) =>
        `${statuses(object).filter((one) => one.ready === true).length}/${recordsAt(object, "spec", "containers").length}`,
    },
    { name: "Status", value: podStatus },
    { name: "Restarts", type: "integer", value: () => 0 },
    { name: "IP", wide: true, value: text("status", "podIP") },
    { name: "Node", wide: true, value: text("spec", "nodeName") },
  ],
  ReplicaSet: [
    { name: "Desired", type: "integer", value: field("spec", "replicas") },
    { name: "Current", type: "integer", value: field("status", "replicas") },
    { name: "Ready", type: "integer", value: field("status", "readyReplicas") },
  ],
  RoleBinding: [
    {
      name: "Role",
      value: (object) => `${text("roleRef", "kind")(object)}/${text("roleRef", "name")(object)}`,
    },
  ],
  Secret: [{ name: "Type", value: text("type") }, keys("data")],
  Service: [
    { name: "Type", value: text("spec", "type") },
    { name: "Cluster-IP", value: text("spec", "clusterIP") },
    { name: "External-IP", value: externalIp },
    { name: "Port(s)", value: ports },
  ],
  ServiceAccount: [
    { name: "Secrets", type: "integer", value: (object) => recordsAt(object, "secrets").length },
  ],
  StatefulSet: [{ name: "Ready", value: ready }],
};
columns.ClusterRoleBinding = columns.RoleBinding!;

const statuses = (pod: StoredObject) => recordsAt(pod, "status", "containerStatuses");

function podStatus(pod: StoredObject): string {
  if (pod.metadata.deletionTimestamp) return "Terminating";
  const waiting = statuses(pod)
    .map((one) => at(one, "state", "waiting", "reason"))
    .find(Boolean);
  const phase = text("status", "phase")(pod);
  return waiting ? String(waiting) : phase === "Succeeded" ? "Completed" : phase;
}

function externalIp(service: StoredObject): string {
  const ips = recordsAt(service, "status", "loadBalancer", "ingress").map(({ ip }) => String(ip));
  if (ips.length > 0) return ips.join(",");
  return at(service, "spec", "type") === "LoadBalancer" ? "<pending>" : "<none>";
}

function ports(service: StoredObject): string {
  const list = recordsAt(service, "spec", "ports").map(({ port, nodePort, protocol }) =>
    [String(port), nodePort ? `:${String(nodePort)}` : "", `/${String(protocol)}`].join(""),
  );
  return list.join(",") || "<none>";
}

/** A length of time as kubectl writes ages: 45s, 12m, 5h, 3d. */
function sinceText(created: string, now: number): string {
  const seconds = Math.max(0, Math.floor((now - Date.parse(created)) / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}

export const wantsTable = (accept: string): boolean =>
  /as=Table/.test(accept) && /g=meta\.k8s\.io/.test(accept);

/** Objects as the rows that kubectl prints. @see https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables */
export function tableOf(kind: Kind, objects: StoredObject[], metadata: object, now: number) {
  const shown = [name, ...(columns[kind.kind] ?? []), age(now)];
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata,
    columnDefinitions: shown.map((column) => ({
      name: column.name,
      type: column.type ?? "string",
      format: column === name ? "name" : "",
      description: "",
      priority: column.wide ? 1 : 0,
    })),
    rows: objects.map((object) => ({
      cells: shown.map((column) => column.value(object)),
      object: { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: object.metadata },
    })),
  };
}
