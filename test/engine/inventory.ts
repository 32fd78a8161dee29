import { openStore, type Store } from "../../sandbox/core/store";
import type { KubernetesObject } from "../../sandbox/kubernetes/object";

const guid = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi;
/** Ends in a hash of the cluster's issuer, which has a GUID in it. */
const credential = /(\/federatedidentitycredentials\/.+)-[a-z2-7]{6}$/;

/**
 * Everything that a sandbox holds, by name: what ARM has, what its clusters have, the secrets of its vaults. What
 * Azure generates is left out of the names, so that two sandboxes with the same account can be compared; what is
 * there twice is in the list twice.
 */
export function inventory(store: Store): string[] {
  const resources = store.list("resources").map(({ key }) => key);
  const secrets = store.list("secrets").map(({ key }) => `secret ${key}`);
  const objects = store
    .list<KubernetesObject>("kubernetes")
    .filter(({ key }) => key.includes("/objects/") && !key.includes("/core/events/"))
    .map(({ key, value }) => `object ${nameOfObject(key, value)}`);
  return [...resources, ...secrets, ...objects]
    .map((name) => name.replace(guid, "{guid}").replace(credential, "$1-{hash}"))
    .sort();
}

/** Controllers give what they make generated names: here it is named after its owner. */
function nameOfObject(key: string, { metadata }: KubernetesObject): string {
  const [owner] = metadata.ownerReferences ?? [];
  if (!owner) return key.replace(/(core\/nodes\/\/[a-z-]+)\d+/, "$1{number}");
  return key.replace(/[^/]+$/, `of ${owner.kind} ${owner.name.replace(/-[a-z0-9]{10}$/, "")}`);
}

/** The same of a sandbox that has ended. */
export async function inventoryOf(sandboxDirectory: string): Promise<string[]> {
  const store = openStore(sandboxDirectory);
  try {
    return inventory(store);
  } finally {
    await store.close();
  }
}
