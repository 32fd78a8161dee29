import { isDeepStrictEqual } from "node:util";
import type { Kind } from "./kinds";
import {
  checkAnnotations,
  checkConfigKeys,
  checkLabels,
  checkName,
  checkPort,
  invalidValue,
  required,
  unsupported,
} from "./names";
import { at, isRecord, type KubernetesObject, recordAt, recordsAt } from "./object";
import { podSpecCauses } from "./pod-validation";
import { matchesSelector } from "./selectors";
import { type Cause, invalid } from "./status";

/** Says what is wrong with the specification of one kind; `old` is the object before, on update. */
type Check = (object: KubernetesObject, old: KubernetesObject | undefined) => Cause[];

const immutable = (field: string, now: unknown, before: unknown): Cause[] =>
  isDeepStrictEqual(now, before) ? [] : [invalidValue(field, now, "field is immutable")];

/** The metadata and specification of the pods that a controller makes. */
function templateCauses(object: KubernetesObject, field: string, template: Record<string, unknown>): Cause[] {
  const labels = recordAt(template, "metadata", "labels");
  return [
    ...checkLabels(`${field}.metadata.labels`, labels),
    ...checkAnnotations(`${field}.metadata.annotations`, at(template, "metadata", "annotations")),
    ...podSpecCauses(`${field}.spec`, recordAt(template, "spec"), podRestartPolicies(object.kind)),
  ];
}

const podRestartPolicies = (kind: string) => (/Job$/.test(kind) ? ["OnFailure", "Never"] : ["Always"]);

const controllerCauses: Check = (object, old) => {
  const selector = at(object, "spec", "selector");
  const labels = recordAt(object, "spec", "template", "metadata", "labels") as Record<string, string>;
  const causes = templateCauses(object, "spec.template", recordAt(object, "spec", "template"));
  if (!isRecord(selector) || Object.keys(selector).length === 0) causes.push(required("spec.selector"));
  else if (!matchesSelector(selector, labels)) {
    causes.push(
      invalidValue("spec.template.metadata.labels", labels, "`selector` does not match template `labels`"),
    );
  }
  const replicas = at(object, "spec", "replicas");
  if (replicas !== undefined && !(Number.isInteger(replicas) && (replicas as number) >= 0)) {
    causes.push(invalidValue("spec.replicas", replicas, "must be greater than or equal to 0"));
  }
  if (old) causes.push(...immutable("spec.selector", selector, at(old, "spec", "selector")));
  return causes;
};

const serviceTypes = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];

const serviceCauses: Check = (object, old) => {
  const spec = recordAt(object, "spec");
  const causes: Cause[] = [];
  const type = spec.type ?? "ClusterIP";
  if (!serviceTypes.includes(String(type))) causes.push(unsupported("spec.type", type, serviceTypes));
  const ports = recordsAt(spec, "ports");
  if (ports.length === 0 && type !== "ExternalName" && spec.clusterIP !== "None") {
    causes.push(required("spec.ports"));
  }
  if (type === "ExternalName" && !spec.externalName) causes.push(required("spec.externalName"));
  ports.forEach((port, index) => {
    const field = `spec.ports[${index}]`;
    causes.push(...checkPort(`${field}.port`, port.port));
    if (typeof port.targetPort === "number")
      causes.push(...checkPort(`${field}.targetPort`, port.targetPort));
    if (ports.length > 1 && !port.name) causes.push(required(`${field}.name`));
    if (port.name) causes.push(...checkName(`${field}.name`, port.name, "label"));
    const protocols = ["SCTP", "TCP", "UDP"];
    if (port.protocol && !protocols.includes(String(port.protocol))) {
      causes.push(unsupported(`${field}.protocol`, port.protocol, protocols));
    }
  });
  const before = at(old, "spec", "clusterIP");
  if (before && type !== "ExternalName" && spec.clusterIP !== before) {
    causes.push(invalidValue("spec.clusterIPs[0]", [spec.clusterIP], "may not change once set"));
  }
  return causes;
};

const base64 = /^[A-Za-z0-9+/\r\n]*={0,2}$/;

const configCauses: Check = (object, old) => {
  const causes = [
    ...checkConfigKeys("data", object.data),
    ...checkConfigKeys("binaryData", object.binaryData),
  ];
  if (object.kind === "Secret") {
    for (const [key, value] of Object.entries(recordAt(object, "data"))) {
      // The value itself is not repeated: it may be a secret.
      if (typeof value !== "string" || !base64.test(value)) {
        causes.push(invalidValue(`data[${key}]`, "<not base64>", "must be base64"));
      }
    }
    if (old) causes.push(...immutable("type", object.type, old.type));
  }
  if (old?.immutable === true && !isDeepStrictEqual(object.data, old.data)) {
    causes.push({
      reason: "FieldValueForbidden",
      message: "Forbidden: field is immutable when `immutable` is set",
      field: "data",
    });
  }
  return causes;
};

const bindingCauses: Check = (object, old) => {
  const role = recordAt(object, "roleRef");
  const causes: Cause[] = [];
  if (!["ClusterRole", "Role"].includes(String(role.kind))) {
    causes.push(unsupported("roleRef.kind", role.kind ?? "", ["ClusterRole", "Role"]));
  }
  if (!role.name) causes.push(required("roleRef.name"));
  if (old && !isDeepStrictEqual(role, old.roleRef)) {
    causes.push(invalidValue("roleRef", role, "cannot change roleRef"));
  }
  return causes;
};

const definitionCauses: Check = (object) => {
  const spec = recordAt(object, "spec");
  const names = recordAt(spec, "names");
  const causes: Cause[] = [];
  if (!spec.group) causes.push(required("spec.group"));
  if (!names.plural) causes.push(required("spec.names.plural"));
  if (!names.kind) causes.push(required("spec.names.kind"));
  if (recordsAt(spec, "versions").length === 0) causes.push(required("spec.versions"));
  if (!["Cluster", "Namespaced"].includes(String(spec.scope))) {
    causes.push(unsupported("spec.scope", spec.scope ?? "", ["Cluster", "Namespaced"]));
  }
  const expected = `${String(names.plural)}.${String(spec.group)}`;
  if (object.metadata.name !== expected) {
    causes.push(
      invalidValue("metadata.name", object.metadata.name, `must be spec.names.plural+"."+spec.group`),
    );
  }
  return causes;
};

const checks: Record<string, Check> = {
  ClusterRoleBinding: bindingCauses,
  ConfigMap: configCauses,
  CronJob: (object) => [
    ...(at(object, "spec", "schedule") ? [] : [required("spec.schedule")]),
    ...templateCauses(
      object,
      "spec.jobTemplate.spec.template",
      recordAt(object, "spec", "jobTemplate", "spec", "template"),
    ),
  ],
  CustomResourceDefinition: definitionCauses,
  DaemonSet: controllerCauses,
  Deployment: controllerCauses,
  Job: (object, old) => [
    ...templateCauses(object, "spec.template", recordAt(object, "spec", "template")),
    ...(old ? immutable("spec.template", at(object, "spec", "template"), at(old, "spec", "template")) : []),
  ],
  Pod: (object) => podSpecCauses("spec", recordAt(object, "spec"), ["Always", "Never", "OnFailure"]),
  ReplicaSet: controllerCauses,
  RoleBinding: bindingCauses,
  Secret: configCauses,
  Service: serviceCauses,
  StatefulSet: controllerCauses,
};

const nameRules: Record<string, Parameters<typeof checkName>[2]> = {
  ClusterRole: "pathSegment",
  ClusterRoleBinding: "pathSegment",
  Namespace: "label",
  Role: "pathSegment",
  RoleBinding: "pathSegment",
  Service: "label1035",
};

/** @throws ApiError 422 that names everything that is wrong with `object` */
export function validate(kind: Kind, object: KubernetesObject, old?: KubernetesObject): void {
  const { metadata } = object;
  const causes = [
    ...checkName("metadata.name", metadata.name, nameRules[kind.kind] ?? "subdomain"),
    ...checkLabels("metadata.labels", metadata.labels),
    ...checkAnnotations("metadata.annotations", metadata.annotations),
    ...(checks[kind.kind]?.(object, old) ?? []),
  ];
  if (causes.length > 0) throw invalid(kind, metadata.name ?? metadata.generateName ?? "", causes);
}
