import { getResource, listResources, putResource, removeResource } from "../../arm/resource";
import type { Store } from "../../core/store";
import type { StorageAccount } from "./account";

/** Containers or queues as Azurite keeps them. */
export interface ChildEngine {
  list(accountName: string): string[];
  create(accountName: string, name: string): Promise<void>;
  remove(accountName: string, name: string): Promise<void>;
}

/** Where ARM has the account's containers or queues. */
export interface ChildKind {
  /** "blobServices/default/containers" */
  path: string;
  /** "Microsoft.Storage/storageAccounts/blobServices/containers" */
  type: string;
  /** What ARM shows of one that the data plane made. */
  properties(): Record<string, unknown>;
}

const table = "storageChildren";

/**
 * Keeps Azurite's containers (or queues) and ARM's the same. ARM's resources say which ones there are; what the
 * data plane makes and deletes is written through to them. One that was deleted and made anew through ARM is
 * known by its resource's incarnation, and begins empty.
 */
export function createChildren(store: Store, kind: ChildKind, engine: ChildEngine) {
  /** Those that a request is just making or deleting, so that they exist on one side only. */
  const inTransit = new Map<string, number>();
  const idOf = (account: StorageAccount, name: string) => `${account.id}/${kind.path}/${name}`;
  const keyOf = (account: StorageAccount, name: string) => `${account.name}/${kind.path}/${name}`;

  const remember = (account: StorageAccount, name: string) => {
    const incarnation = getResource(store, idOf(account, name))?.incarnation;
    if (incarnation !== undefined) store.put(table, keyOf(account, name), incarnation);
  };

  let reconciling: Promise<void> = Promise.resolve();

  function differences(account: StorageAccount) {
    const settled = (name: string) => !inTransit.has(keyOf(account, name));
    const prefix = `${account.id}/${kind.path}/`;
    const wanted = new Map(
      listResources(store, prefix)
        .filter(({ body }) => body.type.toLowerCase() === kind.type.toLowerCase())
        .map(({ body, incarnation }) => [body.name, incarnation]),
    );
    const present = engine.list(account.name);
    const outdated = present.filter(
      (name) => wanted.get(name) === undefined || wanted.get(name) !== store.get(table, keyOf(account, name)),
    );
    const missing = [...wanted.keys()].filter((name) => !present.includes(name) || outdated.includes(name));
    return { outdated: outdated.filter(settled), missing: missing.filter(settled) };
  }

  async function apply(account: StorageAccount): Promise<void> {
    const { outdated, missing } = differences(account);
    for (const name of outdated) {
      await engine.remove(account.name, name);
      store.remove(table, keyOf(account, name));
    }
    for (const name of missing) {
      await engine.create(account.name, name);
      remember(account, name);
    }
  }

  return {
    /** Makes Azurite's side like ARM's. */
    async reconcile(account: StorageAccount): Promise<void> {
      const { outdated, missing } = differences(account);
      if (outdated.length === 0 && missing.length === 0) return;
      reconciling = reconciling.catch(() => undefined).then(() => apply(account));
      await reconciling;
    },
    /** Leaves `name` alone until the returned function is called. */
    hold(account: StorageAccount, name: string): () => void {
      const key = keyOf(account, name);
      inTransit.set(key, (inTransit.get(key) ?? 0) + 1);
      return () => {
        const left = (inTransit.get(key) ?? 1) - 1;
        if (left === 0) inTransit.delete(key);
        else inTransit.set(key, left);
      };
    },
    /** The data plane made one. */
    created(account: StorageAccount, name: string): void {
      const body = { id: idOf(account, name), name, type: kind.type, properties: kind.properties() };
      store.transaction(() => {
        if (!getResource(store, body.id)) putResource(store, { body });
        remember(account, name);
      });
    },
    /** The data plane deleted one. */
    removed(account: StorageAccount, name: string): void {
      store.transaction(() => {
        removeResource(store, idOf(account, name));
        store.remove(table, keyOf(account, name));
      });
    },
  };
}

export type Children = ReturnType<typeof createChildren>;
