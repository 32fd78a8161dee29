import { AzureError } from "../../core/azure-error";
import type { LongRunning } from "../resource-type";

export const clusterType = "Microsoft.ContainerService/managedClusters";

export const clusterApiVersions: readonly string[] = [
  ...["2025-10-01", "2025-09-01", "2025-09-02-preview", "2025-08-01", "2025-08-02-preview", "2025-07-01"],
  ...["2025-07-02-preview", "2025-06-02-preview", "2025-05-01", "2025-05-02-preview", "2025-04-01"],
  ...["2025-04-02-preview", "2025-03-01", "2025-03-02-preview", "2025-02-01", "2025-01-01", "2024-10-01"],
  ...[
    "2024-09-01",
    "2024-08-01",
    "2024-07-01",
    "2024-06-01",
    "2024-05-01",
    "2024-03-02-preview",
    "2024-02-01",
  ],
  ...["2024-01-01", "2023-11-01", "2023-10-01", "2023-09-01", "2023-08-01", "2023-07-01", "2023-06-01"],
  ...["2023-05-01", "2023-05-02-preview", "2023-04-01", "2023-03-01", "2023-02-01", "2023-01-01"],
];

export const invalidParameter = (message: string, target: string): AzureError =>
  new AzureError(400, "InvalidParameter", message, { target });

/** @see https://aka.ms/aks-pending-operation */
export const clusterOperation = (seconds: LongRunning["seconds"]): LongRunning => ({
  seconds,
  writes: "resource",
  busy: (_operation, { body }) =>
    new AzureError(
      409,
      "OperationNotAllowed",
      `Operation is not allowed: Another operation (${String(body.properties.provisioningState)}) is in progress, please wait for it to finish before starting a new operation. See https://aka.ms/aks-pending-operation for more details`,
    ),
});

/** The newest patch of each minor version that AKS offers. @see https://learn.microsoft.com/azure/aks/supported-kubernetes-versions */
const patches: Readonly<Record<string, string>> = {
  "1.30": "1.30.14",
  "1.31": "1.31.13",
  "1.32": "1.32.9",
  "1.33": "1.33.5",
  "1.34": "1.34.1",
  "1.35": "1.35.0",
};

const defaultVersion = "1.33";

/** A Kubernetes version as it was asked for, and the one that runs. */
export interface KubernetesVersion {
  asked: string;
  current: string;
}

/** @throws AzureError 400 K8sVersionNotSupported */
export function resolveVersion(clusterName: string, asked: string = defaultVersion): KubernetesVersion {
  const [, minor, patch] = /^(\d+\.\d+)(\.\d+)?$/.exec(asked) ?? [];
  const newest = minor === undefined ? undefined : patches[minor];
  if (newest === undefined) {
    throw new AzureError(
      400,
      "K8sVersionNotSupported",
      `Managed cluster ${clusterName} is on version ${asked} which is not supported in this region. Please use [az aks get-versions] command to get the supported version list in this region. For more information, please check https://aka.ms/supported-version-list`,
    );
  }
  return { asked, current: patch === undefined ? newest : asked };
}

const minorOf = (version: string) => Number(version.split(".")[1]);

/** From 1.34 on, a cluster has an OIDC issuer without asking for it. */
export const hasIssuerByDefault = ({ current }: KubernetesVersion): boolean => minorOf(current) >= 34;

/** @throws AzureError 400 for a version lower than before, or two minor versions higher */
export function checkUpgrade(before: string, { current }: KubernetesVersion): void {
  const step = minorOf(current) - minorOf(before);
  const patchesBack = step === 0 && Number(current.split(".")[2]) < Number(before.split(".")[2]);
  if (step < 0 || step > 1 || patchesBack) {
    throw new AzureError(
      400,
      "OperationNotAllowed",
      `Upgrading Kubernetes version ${before} to ${current} is not allowed. Available upgrades are to later patches and to the next minor version.`,
    );
  }
}
