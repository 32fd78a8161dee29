import type { AzureSide } from "../kubernetes/azure-side";
import { balancedAt, balancedStatus } from "../kubernetes/load-balancer";
import { at, recordsAt } from "../kubernetes/object";
import { type ApiServerClient, mergePatch } from "./api-server-client";
import type { Step } from "./look-after";

/** What Azure does next with a Service: an address for one of type LoadBalancer, and for no other. */
export function serviceStep(side: () => AzureSide, client: ApiServerClient): Step {
  return async (service) => {
    const { namespace, name, deletionTimestamp } = service.metadata;
    const balanced = at(service, "spec", "type") === "LoadBalancer";
    const ingress = recordsAt(service, "status", "loadBalancer", "ingress");
    if (deletionTimestamp !== undefined || balanced === ingress.length > 0) return undefined;
    const path = `/api/v1/namespaces/${namespace}/services/${name}/status`;
    if (!balanced) {
      await client.call("PATCH", path, { status: { loadBalancer: { ingress: null } } }, mergePatch);
      return undefined;
    }
    const { clock, faults } = side().context;
    const remaining = balancedAt(service, faults.settings.operationTimeFactor) - clock.now();
    if (remaining > 0) return remaining;
    await client.call("PATCH", path, { status: balancedStatus(service) }, mergePatch);
    return undefined;
  };
}
