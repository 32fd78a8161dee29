/**
 * How the API merges a field of built-in kinds, by where it stands: what upstream's OpenAPI says with
 * `x-kubernetes-list-type`, `-list-map-keys` and `-map-type`. Lists not named here are replaced as a whole.
 * @see https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy
 */
const listMapKeys: Record<string, readonly string[]> = {
  conditions: ["type"],
  containers: ["name"],
  env: ["name"],
  ephemeralContainers: ["name"],
  hostAliases: ["ip"],
  imagePullSecrets: ["name"],
  initContainers: ["name"],
  ownerReferences: ["uid"],
  podIPs: ["ip"],
  readinessGates: ["conditionType"],
  secrets: ["name"],
  topologySpreadConstraints: ["topologyKey", "whenUnsatisfiable"],
  volumeDevices: ["devicePath"],
  volumeMounts: ["mountPath"],
  volumes: ["name"],
  webhooks: ["name"],
};

const atomicMaps = new Set([
  "configMapKeyRef",
  "fieldRef",
  "labelSelector",
  "namespaceSelector",
  "nodeSelector",
  "podSelector",
  "resourceFieldRef",
  "roleRef",
  "secretKeyRef",
  "selector",
]);

/** The fields that tell the items of the list at `path` apart, or undefined for a list without such. */
export function mapKeysOf(path: readonly string[]): readonly string[] | undefined {
  const field = path.at(-1) ?? "";
  if (field !== "ports") return listMapKeys[field];
  const owner = path.at(-2);
  if (owner === "containers" || owner === "initContainers") return ["containerPort", "protocol"];
  return path.join(".") === "spec.ports" ? ["port", "protocol"] : undefined;
}

export const isSet = (path: readonly string[]): boolean => path.join(".") === "metadata.finalizers";

export const isAtomicMap = (path: readonly string[]): boolean => atomicMaps.has(path.at(-1) ?? "");

/** The keys of one item of the list at `path`, as a stable text: `{"containerPort":80,"protocol":"TCP"}`. */
export function itemKey(item: Record<string, unknown>, keys: readonly string[]): string {
  const defaults: Record<string, unknown> = { protocol: "TCP" };
  return JSON.stringify(Object.fromEntries(keys.map((key) => [key, item[key] ?? defaults[key] ?? null])));
}
