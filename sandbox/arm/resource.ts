import type { Store } from "../core/store";

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
  /** When it has travelled everywhere (federated credentials, role assignments), in milliseconds of sandbox time. */
  visibleAt?: number;
  /** What Azure knows and does not show. */
  internal?: Record<string, unknown>;
}

const table = "resources";

/** ARM ids are compared without regard to case; this is the form that the store uses. */
export const resourceKey = (id: string): string => id.toLowerCase().replace(/\/+$/, "");

export function getResource(store: Store, id: string): StoredResource | undefined {
  return store.get(table, resourceKey(id));
}

export function putResource(store: Store, resource: StoredResource): void {
  store.put(table, resourceKey(resource.body.id), resource);
}

export function removeResource(store: Store, id: string): boolean {
  return store.remove(table, resourceKey(id));
}

/** Everything whose id begins with `prefix`: a subscription's, a group's, a resource's children. */
export function listResources(store: Store, prefix: string): StoredResource[] {
  return store.list<StoredResource>(table, prefix.toLowerCase()).map((entry) => entry.value);
}
