import { createArmService } from "../arm/service";
import type { ControlPlanePrograms } from "../control-plane/programs";
import { createControlPlaneServices } from "../control-plane/service";
import { createBlobService } from "../data/blob/service";
import { createKeyVaultService } from "../data/key-vault/service";
import { createQueueService } from "../data/queue/service";
import { createSqlServer } from "../data/sql/server";
import { createGraphService } from "../entra/graph/service";
import { createEntraService } from "../entra/service";
import { createIssuerService, createKubernetesApiService } from "../kubernetes/service";
import type { SandboxContext } from "./context";
import type { Service, TcpService } from "./service";

/** Everything that the sandbox plays. */
export interface SandboxServices {
  http: Service[];
  tcp: TcpService[];
}

/**
 * The one place where the parts of the sandbox meet.
 * @param controlPlane gives AKS clusters real control planes
 */
export function createServices(
  context: SandboxContext,
  controlPlane?: ControlPlanePrograms,
): SandboxServices {
  const clusters = controlPlane
    ? createControlPlaneServices(context, controlPlane)
    : [createKubernetesApiService(context), createIssuerService(context)];
  return {
    http: [
      createArmService(context),
      createEntraService(context),
      createGraphService(context),
      createKeyVaultService(context),
      createBlobService(context),
      createQueueService(context),
      // A cluster's API is not Azure's, and what it answers under load is its own.
      ...clusters.map((service) => ({ ...service, spared: true })),
    ],
    tcp: [createSqlServer(context)],
  };
}
