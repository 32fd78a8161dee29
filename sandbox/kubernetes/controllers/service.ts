import { journalObject } from "../journal-object";
import { builtInKind } from "../kinds";
import { balancedAt, balancedStatus } from "../load-balancer";
import { at, isRecord, recordsAt, type StoredObject } from "../object";
import type { ClusterRuntime } from "../runtime";
import { updateStatus } from "../update";
import { reconcileEndpoints } from "./endpoints";
import { recordEvent } from "./event";

const services = builtInKind("Service");

/** Endpoints of the pods that it selects, and an address in front of a load balancer. */
export function reconcileService(runtime: ClusterRuntime, service: StoredObject): number | undefined {
  if (isRecord(at(service, "spec", "selector"))) reconcileEndpoints(runtime, service);
  const balanced = at(service, "spec", "type") === "LoadBalancer";
  const ingress = recordsAt(service, "status", "loadBalancer", "ingress");
  if (!balanced) {
    if (ingress.length > 0) updateStatus(runtime, services, service, { loadBalancer: {} });
    return undefined;
  }
  if (ingress.length > 0) return undefined;
  const { clock, faults } = runtime.context;
  const remaining = balancedAt(service, faults.settings.operationTimeFactor) - clock.now();
  if (remaining > 0) return remaining;
  const startedAt = Date.parse(service.metadata.creationTimestamp);
  journalObject(runtime, services, service, { startedAt, completedAt: clock.now() + remaining });
  updateStatus(runtime, services, service, balancedStatus(service));
  recordEvent(runtime, service, {
    type: "Normal",
    reason: "EnsuredLoadBalancer",
    message: "Ensured load balancer",
    component: "cloud-provider-azure",
  });
  return undefined;
}
