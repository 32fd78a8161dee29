import { at, type KubernetesObject, recordAt, recordsAt } from "./object";
import { ApiError } from "./status";

const prefix = "azure.workload.identity";
const volumeName = "azure-identity-token";
const mountPath = "/var/run/secrets/azure/tokens";
const tokenFile = "azure-identity-token";
const audience = "api://AzureADTokenExchange";
const authorityHost = "https://login.microsoftonline.com/";

/** In seconds. @see https://azure.github.io/azure-workload-identity/docs/topics/service-account-labels-and-annotations.html */
const lifetime = { shortest: 3600, longest: 86_400, default: 3600 };

/** Whether the webhook looks at this pod at all: its label decides, not its ServiceAccount's. */
export const usesWorkloadIdentity = (pod: KubernetesObject): boolean =>
  pod.metadata.labels?.[`${prefix}/use`] === "true";

/**
 * What the azure-workload-identity webhook does to a pod at its creation, held against version 1.3: a projected token, and the
 * variables by which Azure's SDKs find it, in every container that is not to be skipped.
 * @throws ApiError 400 when the webhook would deny the pod
 */
export function mutatePod<T extends KubernetesObject>(
  pod: T,
  account: KubernetesObject,
  tenantId: string,
): T {
  const annotations = pod.metadata.annotations ?? {};
  if (annotations[`${prefix}/inject-proxy-sidecar`] !== undefined) {
    throw denied("the sandbox does not inject the proxy sidecar");
  }
  const of = account.metadata.annotations ?? {};
  const seconds = tokenLifetime(
    annotations[`${prefix}/service-account-token-expiration`] ||
      of[`${prefix}/service-account-token-expiration`],
  );
  const variables = {
    AZURE_CLIENT_ID: of[`${prefix}/client-id`],
    AZURE_TENANT_ID: of[`${prefix}/tenant-id`] ?? tenantId,
    AZURE_FEDERATED_TOKEN_FILE: `${mountPath}/${tokenFile}`,
    AZURE_AUTHORITY_HOST: authorityHost,
  };
  const skipped = (annotations[`${prefix}/skip-containers`] ?? "").split(";").map((name) => name.trim());
  const containers = (list: string) =>
    recordsAt(pod, "spec", list).map((container) =>
      skipped.includes(String(container.name)) ? container : mutateContainer(container, variables),
    );
  const initContainers = containers("initContainers");
  return {
    ...pod,
    spec: {
      ...recordAt(pod, "spec"),
      ...(initContainers.length > 0 && { initContainers }),
      containers: containers("containers"),
      volumes: withToken(recordsAt(pod, "spec", "volumes"), seconds),
    },
  };
}

function mutateContainer(container: Record<string, unknown>, variables: Record<string, string | undefined>) {
  const env = recordsAt(container, "env");
  // Version 1.3 also writes variables that have no value, 1.6 does not; to the SDKs they are the same as none.
  const missing = Object.entries(variables).filter(
    ([name, value]) => value && !env.some((variable) => variable.name === name),
  );
  const mounts = recordsAt(container, "volumeMounts");
  const mounted = mounts.some((mount) => mount.name === volumeName);
  return {
    ...container,
    env: [...env, ...missing.map(([name, value]) => ({ name, value }))],
    volumeMounts: mounted ? mounts : [...mounts, { name: volumeName, mountPath, readOnly: true }],
  };
}

function withToken(volumes: Record<string, unknown>[], expirationSeconds: number) {
  const isToken = (source: Record<string, unknown>) =>
    at(source, "serviceAccountToken", "path") === tokenFile;
  if (volumes.some((volume) => recordsAt(volume, "projected", "sources").some(isToken))) return volumes;
  const serviceAccountToken = { audience, expirationSeconds, path: tokenFile };
  return [
    ...volumes,
    { name: volumeName, projected: { defaultMode: 420, sources: [{ serviceAccountToken }] } },
  ];
}

function tokenLifetime(text: string | undefined): number {
  if (!text) return lifetime.default;
  // As Go reads a number.
  if (!/^[+-]?\d+$/.test(text))
    throw denied(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  const seconds = Number(text);
  if (seconds < lifetime.shortest || seconds > lifetime.longest) {
    throw denied(
      `token expiration ${seconds} not valid. Expected value to be between ${lifetime.shortest} and ${lifetime.longest}`,
    );
  }
  return seconds;
}

const denied = (why: string) =>
  new ApiError(400, "", `admission webhook "mutation.azure-workload-identity.io" denied the request: ${why}`);
