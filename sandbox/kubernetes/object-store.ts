import type { Store } from "../core/store";
import type { Kind } from "./kinds";
import type { StoredObject } from "./object";

/** Something that happened to an object, as watchers are told. */
export interface Change {
  type: "ADDED" | "MODIFIED" | "DELETED";
  kind: Kind;
  object: StoredObject;
  revision: number;
}

interface Subscription {
  listener: (change: Change) => void;
  whenTold: (() => void) | undefined;
}

const table = "kubernetes";

/** How many changes a watch may lag behind before it has to list again. */
const rememberedChanges = 2000;

const kindKey = (kind: Kind) => `${kind.group || "core"}/${kind.plural}`;
const objectKey = (kind: Kind, namespace: string | undefined, name: string) =>
  `${kindKey(kind)}/${namespace ?? ""}/${name}`;

/**
 * The objects of one cluster: all in memory, and every committed change in the store.
 *
 * Objects that it hands out are shared: copy before changing one.
 */
export class ObjectStore {
  private readonly kinds = new Map<string, Map<string, StoredObject>>();
  private readonly owned = new Map<string, Set<string>>();
  private readonly changes: Change[] = [];
  private readonly untold: Change[] = [];
  private telling = false;
  private readonly subscriptions = new Set<Subscription>();
  /** Set during a transaction: the changes to be told, and how things were before. */
  private pending:
    | { changes: Change[]; before: Map<string, StoredObject | undefined>; revision: number }
    | undefined;
  private currentRevision: number;

  constructor(
    private readonly store: Store,
    private readonly clusterGuid: string,
  ) {
    this.currentRevision = store.get<number>(table, this.revisionKey) ?? 0;
    for (const { key, value } of store.list<StoredObject>(table, this.objectPrefix)) {
      this.place(key.slice(this.objectPrefix.length), value);
    }
  }

  /** Of the latest write; what lists and their watches call resourceVersion. */
  get revision(): number {
    return this.currentRevision;
  }

  get(kind: Kind, namespace: string | undefined, name: string): StoredObject | undefined {
    return this.kinds.get(kindKey(kind))?.get(objectKey(kind, namespace, name));
  }

  /** The objects of a kind, of one namespace or of all, in no order. */
  all(kind: Kind, namespace?: string): StoredObject[] {
    const objects = [...(this.kinds.get(kindKey(kind))?.values() ?? [])];
    return namespace === undefined
      ? objects
      : objects.filter(({ metadata }) => metadata.namespace === namespace);
  }

  /** The same, ordered by namespace and name. */
  list(kind: Kind, namespace?: string): StoredObject[] {
    const key = ({ metadata }: StoredObject) => `${metadata.namespace ?? ""}/${metadata.name}`;
    return this.all(kind, namespace)
      .map((object) => ({ key: key(object), object }))
      .sort((a, b) => (a.key < b.key ? -1 : 1))
      .map(({ object }) => object);
  }

  /** The objects that name `uid` as an owner. */
  ownedBy(uid: string): StoredObject[] {
    return [...(this.owned.get(uid) ?? [])].flatMap((key) => this.byKey(key) ?? []);
  }

  /** Writes `object` with the next resourceVersion. Only within a transaction. */
  put(kind: Kind, object: StoredObject): StoredObject {
    const key = objectKey(kind, object.metadata.namespace, object.metadata.name);
    const type = this.byKey(key) ? "MODIFIED" : "ADDED";
    const revision = this.nextRevision(key);
    const written = { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
    this.place(key, written);
    this.pending!.changes.push({ type, kind, object: written, revision });
    return written;
  }

  /** Only within a transaction. */
  remove(kind: Kind, object: StoredObject): void {
    const key = objectKey(kind, object.metadata.namespace, object.metadata.name);
    const revision = this.nextRevision(key);
    this.place(key, undefined);
    const last = { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
    this.pending!.changes.push({ type: "DELETED", kind, object: last, revision });
  }

  /** All writes of `work`, or none of them when it throws. Watchers hear of them once they are kept. */
  transact<T>(work: () => T): T {
    if (this.pending) return work();
    const pending = {
      changes: [],
      before: new Map<string, StoredObject | undefined>(),
      revision: this.currentRevision,
    };
    this.pending = pending;
    let result: T;
    try {
      result = work();
      if (pending.before.size > 0) this.persist(pending.before.keys());
    } catch (error) {
      for (const [key, object] of pending.before) this.place(key, object);
      this.currentRevision = pending.revision;
      throw error;
    } finally {
      this.pending = undefined;
    }
    this.tell(pending.changes);
    return result;
  }

  /** Changes after `revision`, or undefined when they are no longer all remembered. */
  changesSince(revision: number): Change[] | undefined {
    const oldest = this.changes[0]?.revision ?? this.currentRevision + 1;
    if (revision + 1 < oldest) return undefined;
    return this.changes.filter((change) => change.revision > revision);
  }

  /**
   * Calls `listener` after each change that is kept, and `whenTold` when there are no more to tell of for now,
   * until the returned function is called.
   */
  subscribe(listener: (change: Change) => void, whenTold?: () => void): () => void {
    const subscription = { listener, whenTold };
    this.subscriptions.add(subscription);
    return () => this.subscriptions.delete(subscription);
  }

  private get revisionKey() {
    return `${this.clusterGuid}/revision`;
  }

  private get objectPrefix() {
    return `${this.clusterGuid}/objects/`;
  }

  private byKey(key: string): StoredObject | undefined {
    return this.kinds.get(key.slice(0, kindEnd(key)))?.get(key);
  }

  private nextRevision(key: string): number {
    if (!this.pending) throw new Error("ObjectStore: written outside of a transaction");
    if (!this.pending.before.has(key)) this.pending.before.set(key, this.byKey(key));
    this.currentRevision += 1;
    return this.currentRevision;
  }

  /** Puts an object where lists and owners find it, or takes it away. */
  private place(key: string, object: StoredObject | undefined): void {
    const kind = key.slice(0, kindEnd(key));
    const objects = this.kinds.get(kind) ?? new Map<string, StoredObject>();
    this.kinds.set(kind, objects);
    for (const owner of objects.get(key)?.metadata.ownerReferences ?? [])
      this.owned.get(owner.uid)?.delete(key);
    if (object === undefined) {
      objects.delete(key);
      return;
    }
    objects.set(key, object);
    for (const owner of object.metadata.ownerReferences ?? []) {
      const keys = this.owned.get(owner.uid) ?? new Set();
      this.owned.set(owner.uid, keys.add(key));
    }
  }

  private persist(keys: Iterable<string>): void {
    this.store.transaction(() => {
      for (const key of keys) {
        const object = this.byKey(key);
        if (object) this.store.put(table, this.objectPrefix + key, object);
        else this.store.remove(table, this.objectPrefix + key);
      }
      this.store.put(table, this.revisionKey, this.currentRevision);
    });
  }

  /** In the order in which they were made, also when a listener makes changes of its own. */
  private tell(changes: Change[]): void {
    this.changes.push(...changes);
    if (this.changes.length > rememberedChanges)
      this.changes.splice(0, this.changes.length - rememberedChanges);
    this.untold.push(...changes);
    if (this.telling) return;
    this.telling = true;
    try {
      while (this.untold.length > 0) {
        for (let change = this.untold.shift(); change; change = this.untold.shift()) {
          for (const { listener } of [...this.subscriptions]) listener(change);
        }
        for (const { whenTold } of [...this.subscriptions]) whenTold?.();
      }
    } finally {
      this.telling = false;
    }
  }
}

/** Where the kind ends in "group/plural/namespace/name". */
const kindEnd = (key: string) => key.indexOf("/", key.indexOf("/") + 1);

/** Forgets the objects and signing keys of a cluster that is no more. */
export function removeClusterState(store: Store, clusterGuid: string): void {
  store.transaction(() => {
    for (const { key } of store.list(table, `${clusterGuid}/`)) store.remove(table, key);
    store.remove("clusterKeys", clusterGuid);
  });
}
