import { AzureError } from "../../core/azure-error";
import {
  booleanIn,
  defined,
  type JsonObject,
  listIn,
  numberIn,
  objectIn,
  optionalObjectIn,
  textIn,
} from "../json";
import { invalidParameter, type KubernetesVersion, resolveVersion } from "./container-service-common";

/** @see https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftcontainerservice */
const validName = (name: string) => /^[a-z][a-z0-9]{0,11}$/.test(name);

/** @throws AzureError 400 */
export function checkPoolName(name: string): void {
  if (validName(name)) return;
  throw invalidParameter(
    `The value of parameter agentPoolProfile.name is invalid. Please see https://aka.ms/aks-naming-rules for more details. '${name}' must have 1 to 12 lower-case letters and digits and start with a letter.`,
    "agentPoolProfile.name",
  );
}

/**
 * A node pool as the cluster shows it.
 *
 * @param asked as the caller gives it, without its name
 * @param before as it is already there
 * @param version what the cluster runs; a pool that does not say otherwise runs the same
 */
export function readPool(
  name: string,
  asked: JsonObject,
  before: JsonObject | undefined,
  version: KubernetesVersion,
): JsonObject {
  checkPoolName(name);
  const kept = (member: string, otherwise: unknown) => asked[member] ?? before?.[member] ?? otherwise;
  const count = (numberIn(asked, "count") ?? before?.count ?? 1) as number;
  if (!Number.isInteger(count) || count < 0 || count > 1000) {
    throw invalidParameter(
      "The value of parameter agentPoolProfile.count must be between 0 and 1000.",
      "agentPoolProfile.count",
    );
  }
  const vmSize = textIn(asked, "vmSize") ?? before?.vmSize ?? "Standard_D2s_v3";
  if (before && vmSize !== before.vmSize) {
    throw new AzureError(
      400,
      "PropertyChangeNotAllowed",
      "Changing property 'properties.vmSize' is not allowed.",
      { target: "properties.vmSize" },
    );
  }
  const orchestrator = textIn(asked, "orchestratorVersion");
  const running = orchestrator === undefined ? version : resolveVersion(name, orchestrator);
  return {
    ...before,
    ...defined(asked),
    name,
    count,
    vmSize,
    osDiskSizeGB: kept("osDiskSizeGB", 128),
    osDiskType: kept("osDiskType", "Managed"),
    kubeletDiskType: "OS",
    maxPods: kept("maxPods", 110),
    type: kept("type", "VirtualMachineScaleSets"),
    enableAutoScaling: booleanIn(asked, "enableAutoScaling") ?? before?.enableAutoScaling ?? false,
    provisioningState: "Succeeded",
    powerState: { code: "Running" },
    orchestratorVersion: running.asked,
    currentOrchestratorVersion: running.current,
    enableNodePublicIP: kept("enableNodePublicIP", false),
    mode: textIn(asked, "mode") ?? before?.mode ?? "User",
    osType: kept("osType", "Linux"),
    osSKU: kept("osSKU", "Ubuntu"),
    upgradeSettings:
      optionalObjectIn(asked, "upgradeSettings") ?? kept("upgradeSettings", { maxSurge: "10%" }),
    enableFIPS: kept("enableFIPS", false),
  };
}

/** The pools of a cluster; at least one must be for the system. @throws AzureError 400 */
export function readPools(
  properties: JsonObject,
  before: JsonObject[],
  version: KubernetesVersion,
): JsonObject[] {
  const asked = listIn(properties, "agentPoolProfiles") as JsonObject[] | undefined;
  if (asked === undefined && before.length > 0) return before;
  if (asked === undefined || asked.length === 0) {
    throw invalidParameter("Required parameter agentPoolProfiles is missing (null).", "agentPoolProfiles");
  }
  const pools = asked.map((each, index) => {
    const pool = objectIn({ pool: each }, "pool");
    const name = textIn(pool, "name");
    if (name === undefined)
      throw invalidParameter(
        "Required parameter agentPoolProfile.name is missing (null).",
        "agentPoolProfile.name",
      );
    // A cluster's first pool is for the system when nothing else is said.
    const mode = index === 0 && asked.length === 1 ? { mode: "System" } : {};
    return readPool(
      name,
      { ...mode, ...pool },
      before.find((known) => known.name === name),
      version,
    );
  });
  if (!pools.some((pool) => pool.mode === "System")) {
    throw invalidParameter("The cluster must have at least one system node pool.", "agentPoolProfiles");
  }
  if (new Set(pools.map((pool) => pool.name)).size !== pools.length) {
    throw invalidParameter("The names of a cluster's node pools must be unique.", "agentPoolProfiles");
  }
  return pools;
}
