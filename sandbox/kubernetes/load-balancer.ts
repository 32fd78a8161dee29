import { at, type StoredObject } from "./object";
import { numberFrom } from "./service-addresses";

/** How long Azure takes to give a load balancer its address, in milliseconds; times the operationTimeFactor. */
const loadBalancerTime = 12_000;

/** When the load balancer of a Service has its address, in milliseconds since the epoch. */
export const balancedAt = (service: StoredObject, operationTimeFactor: number): number =>
  Date.parse(service.metadata.creationTimestamp) + loadBalancerTime * operationTimeFactor;

/** The status of a Service whose load balancer has its address. */
export const balancedStatus = (service: StoredObject): Record<string, unknown> => ({
  loadBalancer: { ingress: [{ ip: publicAddress(service), ipMode: "VIP" }] },
});

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
