import { builtInKind } from "../kinds";
import { stableHash } from "../names";
import { type StoredObject, timestamp } from "../object";
import type { ClusterRuntime } from "../runtime";

const events = builtInKind("Event");

/** What happened to an object, in a line. */
export interface Happening {
  type: "Normal" | "Warning";
  reason: string;
  message: string;
  /** The controller that says so. */
  component: string;
}

/** Notes an event; the same one again only counts up. Only within a transaction. */
export function recordEvent(runtime: ClusterRuntime, about: StoredObject, happening: Happening): void {
  const { objects, context } = runtime;
  const { name, uid, namespace = "default", resourceVersion } = about.metadata;
  const { type, reason, message, component } = happening;
  const eventName = `${name.slice(0, 200)}.${stableHash([uid, reason, message])}`;
  const now = timestamp(context.clock.now());
  const known = objects.get(events, namespace, eventName);
  if (known) {
    objects.put(events, { ...known, count: Number(known.count) + 1, lastTimestamp: now });
    return;
  }
  objects.put(events, {
    apiVersion: "v1",
    kind: "Event",
    metadata: {
      name: eventName,
      namespace,
      uid: `${uid}-${eventName.slice(-10)}`,
      resourceVersion: "",
      creationTimestamp: now,
    },
    involvedObject: { apiVersion: about.apiVersion, kind: about.kind, name, namespace, uid, resourceVersion },
    type,
    reason,
    message,
    source: { component },
    reportingComponent: component,
    reportingInstance: "",
    count: 1,
    firstTimestamp: now,
    lastTimestamp: now,
  });
}
