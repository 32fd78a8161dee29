import { randomUUID } from "node:crypto";
import type { Store } from "../core/store";
import { addToIndexes, removeFromIndexes } from "./resource-index";

/** A resource as ARM shows it. */
export interface ResourceBody {
  id: string;
  name: string;
  /** "Microsoft.KeyVault/vaults" */
  type: string;
  location?: string;
  tags?: Record<string, string>;
  properties: Record<string, unknown>;
  [envelope: string]: unknown;
}

/** A resource as the sandbox keeps it. */
export interface StoredResource {
  body: ResourceBody;
  /** When it has travelled everywhere (identities, federated credentials, role assignments), in milliseconds of sandbox time. */
  visibleAt?: number;
  /** What Azure knows and does not show. */
  internal?: Record<string, unknown>;
  /** The same for as long as the resource exists, and another when one is made anew under its id; set by {@link putResource}. */
  incarnation?: string;
}

const table = "resources";

/** ARM ids are compared without regard to case; this is the form that the store uses. */
export const resourceKey = (id: string): string => id.toLowerCase().replace(/\/+$/, "");

export function getResource(store: Store, id: string): StoredResource | undefined {
  return store.get(table, resourceKey(id));
}

export function putResource(store: Store, resource: StoredResource): void {
  const key = resourceKey(resource.body.id);
  store.transaction(() => {
    const before = store.get<StoredResource>(table, key);
    store.put(table, key, { ...resource, incarnation: before?.incarnation ?? randomUUID() });
    addToIndexes(store, resource, key, before === undefined);
  });
}

export function removeResource(store: Store, id: string): boolean {
  const resource = getResource(store, id);
  if (!resource) return false;
  return store.transaction(() => {
    removeFromIndexes(store, resource);
    return store.remove(table, resourceKey(id));
  });
}

/** Everything whose id begins with `prefix`: a subscription's, a group's, a resource's children. */
export function listResources(store: Store, prefix: string): StoredResource[] {
  return store.list<StoredResource>(table, prefix.toLowerCase()).map((entry) => entry.value);
}
