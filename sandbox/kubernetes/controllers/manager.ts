import { getResource } from "../../arm/resource";
import { builtInKind, type Kind } from "../kinds";
import { at, isRecord, type StoredObject } from "../object";
import type { Change } from "../object-store";
import { type ClusterRuntime, kindOf } from "../runtime";
import { reconcileDeployment } from "./deployment";
import { reconcileJob } from "./job";
import { reconcileNamespace } from "./namespace";
import { reconcilePod } from "./pod";
import { reconcileDaemonSet, reconcileReplicaSet, reconcileStatefulSet } from "./replicas";
import { reconcileService } from "./service";

/**
 * Brings the cluster closer to what `object` asks for, in a transaction of its own. May be called at any time and
 * does nothing when all is well. Returns after how many milliseconds of sandbox time to look again, if at all.
 */
export type Reconcile = (runtime: ClusterRuntime, object: StoredObject) => number | undefined;

const reconcilers: Record<string, Reconcile> = {
  DaemonSet: reconcileDaemonSet,
  Deployment: reconcileDeployment,
  Job: reconcileJob,
  Namespace: reconcileNamespace,
  Pod: reconcilePod,
  ReplicaSet: reconcileReplicaSet,
  Service: reconcileService,
  StatefulSet: reconcileStatefulSet,
};

const podOwners = ["DaemonSet", "Job", "ReplicaSet", "StatefulSet"].map(builtInKind);
const services = builtInKind("Service");
const namespaces = builtInKind("Namespace");

/** How often the controllers look at one object before others have a turn. */
const mostLooks = 1000;

/** Something to look at. */
interface Item {
  kind: Kind;
  namespace: string | undefined;
  name: string;
}

/**
 * Runs the controllers of a cluster from now on: after each change, and once for all that is there.
 * @returns ends what they still wait for
 */
export function startControllers(runtime: ClusterRuntime): () => void {
  const queue = new Map<string, Item>();
  const looks = new Map<string, number>();
  let draining = false;
  let stopped = false;

  const enqueue = (item: Item) => queue.set(`${item.kind.kind}/${item.namespace ?? ""}/${item.name}`, item);

  /** Whether an object settles at last: one that does not is left alone, or nobody else would have a turn. */
  function mayLook(key: string): boolean {
    if (looks.size === 0) setImmediate(() => looks.clear());
    const count = (looks.get(key) ?? 0) + 1;
    looks.set(key, count);
    if (count === mostLooks) console.error(`Kubernetes: the controllers cannot settle ${key}.`);
    return count < mostLooks;
  }

  function drain(): void {
    if (draining) return;
    draining = true;
    try {
      for (const [key, item] of queue) {
        queue.delete(key);
        const object = runtime.objects.get(item.kind, item.namespace, item.name);
        if (!object || !mayLook(key)) continue;
        const again = runtime.objects.transact(() => reconcilers[item.kind.kind]!(runtime, object));
        if (again !== undefined) lookAgain(item, again);
      }
    } finally {
      draining = false;
    }
  }

  function lookAgain(item: Item, milliseconds: number): void {
    runtime.context.clock.sleep(milliseconds).then(() => {
      if (stopped || !getResource(runtime.context.store, runtime.cluster.id)) return;
      enqueue(item);
      drain();
    });
  }

  runtime.objects.subscribe((change) => {
    for (const item of affected(runtime, change)) enqueue(item);
  }, drain);
  for (const name of Object.keys(reconcilers)) {
    const kind = builtInKind(name);
    for (const { metadata } of runtime.objects.all(kind)) {
      enqueue({ kind, namespace: metadata.namespace, name: metadata.name });
    }
  }
  drain();
  return () => {
    stopped = true;
  };
}

/** What has to be looked at after a change. */
function affected(runtime: ClusterRuntime, { kind, object, type }: Change): Item[] {
  const { namespace, name } = object.metadata;
  const items: Item[] = [];
  if (reconcilers[kind.kind] && builtInKind(kind.kind).group === kind.group && type !== "DELETED") {
    items.push({ kind, namespace, name });
  }
  for (const owner of object.metadata.ownerReferences ?? []) {
    const ownerKind = kindOf(runtime, owner);
    if (ownerKind && reconcilers[ownerKind.kind])
      items.push({ kind: ownerKind, namespace, name: owner.name });
  }
  if (type === "DELETED" && isTerminating(runtime, namespace)) {
    items.push({ kind: namespaces, namespace: undefined, name: namespace! });
  }
  if (kind.group === "" && kind.kind === "Pod") items.push(...servicesOf(runtime, object));
  if (kind.group === "" && kind.kind === "ServiceAccount" && type === "ADDED") {
    items.push(...podOwners.flatMap((owner) => itemsOf(owner, runtime.objects.all(owner, namespace))));
  }
  return items;
}

function isTerminating({ objects }: ClusterRuntime, namespace: string | undefined): boolean {
  const found = namespace === undefined ? undefined : objects.get(namespaces, undefined, namespace);
  return found?.metadata.deletionTimestamp !== undefined;
}

const itemsOf = (kind: Kind, objects: StoredObject[]): Item[] =>
  objects.map(({ metadata }) => ({ kind, namespace: metadata.namespace, name: metadata.name }));

function servicesOf(runtime: ClusterRuntime, pod: StoredObject): Item[] {
  const labels = pod.metadata.labels ?? {};
  const selecting = runtime.objects.all(services, pod.metadata.namespace).filter((service) => {
    const selector = at(service, "spec", "selector");
    return isRecord(selector) && Object.entries(selector).every(([key, value]) => labels[key] === value);
  });
  return itemsOf(services, selecting);
}
