import { builtInKind } from "../kinds";
import { at, isRecord, recordsAt, type StoredObject } from "../object";
import type { ClusterRuntime } from "../runtime";
import { numberFrom } from "../service-addresses";
import { updateStatus } from "../update";
import { reconcileEndpoints } from "./endpoints";
import { recordEvent } from "./event";

const services = builtInKind("Service");

/** How long Azure takes to give a load balancer its address, in milliseconds; times the operationTimeFactor. */
const loadBalancerTime = 12_000;

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
  const since = Date.parse(service.metadata.creationTimestamp);
  const remaining = since + loadBalancerTime * faults.settings.operationTimeFactor - clock.now();
  if (remaining > 0) return remaining;
  updateStatus(runtime, services, service, {
    loadBalancer: { ingress: [{ ip: publicAddress(service), ipMode: "VIP" }] },
  });
  recordEvent(runtime, service, {
    type: "Normal",
    reason: "EnsuredLoadBalancer",
    message: "Ensured load balancer",
    component: "cloud-provider-azure",
  });
  return undefined;
}

/** An address in one of the blocks reserved for documentation, or inside the network when it is to be internal. */
function publicAddress({ metadata, ...service }: StoredObject): string {
  const wanted = at(service, "spec", "loadBalancerIP");
  if (typeof wanted === "string") return wanted;
  const number = numberFrom(metadata.uid);
  const internal =
    metadata.annotations?.["service.beta.kubernetes.io/azure-load-balancer-internal"] === "true";
  if (internal) return `10.224.${number % 250}.${1 + ((number >> 8) % 250)}`;
  const block = ["192.0.2", "198.51.100", "203.0.113"][number % 3];
  return `${block}.${1 + (Math.floor(number / 3) % 254)}`;
}
