import { checkName, checkPort, duplicate, required, unsupported } from "./names";
import { at, recordsAt } from "./object";
import type { Cause } from "./status";

const pullPolicies = ["Always", "IfNotPresent", "Never"];

/** What is wrong with a pod's specification at `field`. */
export function podSpecCauses(
  field: string,
  spec: Record<string, unknown>,
  restartPolicies: string[],
): Cause[] {
  const causes: Cause[] = [];
  const containers = recordsAt(spec, "containers");
  if (containers.length === 0) causes.push(required(`${field}.containers`));
  const restartPolicy = spec.restartPolicy;
  if (restartPolicy !== undefined && !restartPolicies.includes(String(restartPolicy))) {
    causes.push(unsupported(`${field}.restartPolicy`, restartPolicy, restartPolicies));
  }
  if (spec.serviceAccountName) {
    causes.push(...checkName(`${field}.serviceAccountName`, spec.serviceAccountName, "subdomain"));
  }
  const volumes = new Set<unknown>();
  recordsAt(spec, "volumes").forEach(({ name }, index) => {
    causes.push(...checkName(`${field}.volumes[${index}].name`, name, "label"));
    if (volumes.has(name)) causes.push(duplicate(`${field}.volumes[${index}].name`, name));
    volumes.add(name);
  });
  const names = new Set<unknown>();
  for (const list of ["initContainers", "containers"]) {
    recordsAt(spec, list).forEach((container, index) => {
      const here = `${field}.${list}[${index}]`;
      causes.push(...containerCauses(here, container, volumes));
      if (names.has(container.name)) causes.push(duplicate(`${here}.name`, container.name));
      names.add(container.name);
    });
  }
  return causes;
}

function containerCauses(field: string, container: Record<string, unknown>, volumes: Set<unknown>): Cause[] {
  const causes = checkName(`${field}.name`, container.name, "label");
  if (!container.image) causes.push(required(`${field}.image`));
  const policy = container.imagePullPolicy;
  if (policy !== undefined && !pullPolicies.includes(String(policy))) {
    causes.push(unsupported(`${field}.imagePullPolicy`, policy, pullPolicies));
  }
  recordsAt(container, "ports").forEach((port, index) => {
    causes.push(...checkPort(`${field}.ports[${index}].containerPort`, port.containerPort));
  });
  recordsAt(container, "env").forEach((variable, index) => {
    if (!variable.name) causes.push(required(`${field}.env[${index}].name`));
  });
  recordsAt(container, "volumeMounts").forEach((mount, index) => {
    if (!mount.mountPath) causes.push(required(`${field}.volumeMounts[${index}].mountPath`));
    if (!volumes.has(at(mount, "name"))) {
      causes.push({
        reason: "FieldValueInvalid",
        message: `Not found: ${JSON.stringify(mount.name ?? "")}`,
        field: `${field}.volumeMounts[${index}].name`,
      });
    }
  });
  return causes;
}
