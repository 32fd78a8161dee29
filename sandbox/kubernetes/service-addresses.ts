import { builtInKind } from "./kinds";
import { at, recordAt, recordsAt, type StoredObject } from "./object";
import type { ObjectStore } from "./object-store";

const services = builtInKind("Service");

/** AKS' default service range is 10.0.0.0/16, with DNS at .10 of it. */
const serviceIp = (number: number) => `10.0.${1 + (Math.floor(number / 250) % 250)}.${1 + (number % 250)}`;
const nodePort = (number: number) => 30_000 + (number % 2768);

/** The first address from `start` on that is not taken. */
function free<T>(start: number, make: (number: number) => T, taken: Set<unknown>): T {
  let number = start;
  while (taken.has(make(number))) number += 1;
  return make(number);
}

/** A number that is as good as random, from a uid. */
export const numberFrom = (uid: string): number => Number.parseInt(uid.slice(0, 8), 16);

/** Gives a Service its cluster IP and node ports. */
export function allocateAddresses(objects: ObjectStore, service: StoredObject): StoredObject {
  const spec = recordAt(service, "spec");
  if (spec.type === "ExternalName") return service;
  const others = objects.all(services).filter((other) => other.metadata.uid !== service.metadata.uid);
  const start = numberFrom(service.metadata.uid);
  const wanted =
    spec.clusterIP || free(start, serviceIp, new Set(others.map((one) => at(one, "spec", "clusterIP"))));
  const exposed = spec.type === "LoadBalancer" || spec.type === "NodePort";
  const taken = new Set(
    others.flatMap((other) => recordsAt(other, "spec", "ports").map((port) => port.nodePort)),
  );
  const ports = recordsAt(spec, "ports").map((port) => {
    if (!exposed || port.nodePort) return port;
    const chosen = free(start, nodePort, taken);
    taken.add(chosen);
    return { ...port, nodePort: chosen };
  });
  return {
    ...service,
    spec: { ...spec, clusterIP: wanted, clusterIPs: [wanted], ...(ports.length > 0 && { ports }) },
    ...(service.status === undefined && { status: { loadBalancer: {} } }),
  };
}

/** What a Service keeps of its addresses when an update leaves them out. */
export function keepAddresses(service: StoredObject, old: StoredObject): StoredObject {
  const spec = recordAt(service, "spec");
  const before = recordAt(old, "spec");
  if (spec.type === "ExternalName") return service;
  const ports = recordsAt(spec, "ports").map((port) => {
    const same = recordsAt(before, "ports").find((other) => other.port === port.port);
    const known = same?.nodePort;
    const exposed = spec.type === "LoadBalancer" || spec.type === "NodePort";
    return exposed && known && !port.nodePort ? { ...port, nodePort: known } : port;
  });
  const addresses = { clusterIP: before.clusterIP, clusterIPs: before.clusterIPs };
  const kept = spec.clusterIP ? {} : addresses;
  return { ...service, spec: { ...spec, ...kept, ...(ports.length > 0 && { ports }) } };
}
