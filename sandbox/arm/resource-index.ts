import type { Store } from "../core/store";
import type { StoredResource } from "./resource";

/**
 * Tables beside "resources" that find a resource by something else than its id. They are written together with
 * the resource, and their values are keys of the "resources" table.
 */
const assignmentsByPrincipal = "roleAssignmentsByPrincipal";
const authorizationByName = "authorizationByName";
const globalNames = "globalNames";
const counts = "resourceCounts";

const roleAssignments = "microsoft.authorization/roleassignments";
const roleDefinitions = "microsoft.authorization/roledefinitions";

/** Types whose names are part of a host name and so unique in all of Azure. */
const globallyNamed = new Set([
  "microsoft.keyvault/vaults",
  "microsoft.storage/storageaccounts",
  "microsoft.sql/servers",
  "microsoft.containerregistry/registries",
]);

interface IndexEntry {
  table: string;
  key: string;
}

const nameKey = (type: string, name: string) => `${type}/${name}`.toLowerCase();

function entriesOf({ body }: StoredResource): IndexEntry[] {
  const type = body.type.toLowerCase();
  if (type === roleAssignments) {
    const principal = String(body.properties.principalId).toLowerCase();
    return [
      { table: assignmentsByPrincipal, key: `${principal}/${body.id.toLowerCase()}` },
      { table: authorizationByName, key: nameKey(type, body.name) },
    ];
  }
  if (type === roleDefinitions) return [{ table: authorizationByName, key: nameKey(type, body.name) }];
  if (globallyNamed.has(type)) return [{ table: globalNames, key: nameKey(type, body.name) }];
  return [];
}

/** Counting thousands of entries at each write would make writes slower and slower. */
function count(store: Store, resource: StoredResource, difference: 1 | -1): void {
  if (resource.body.type.toLowerCase() !== roleAssignments) return;
  store.put(counts, roleAssignments, countRoleAssignments(store) + difference);
}

/** @param key the resource's key in "resources" @param isNew whether nothing was there before */
export function addToIndexes(store: Store, resource: StoredResource, key: string, isNew: boolean): void {
  for (const entry of entriesOf(resource)) store.put(entry.table, entry.key, key);
  if (isNew) count(store, resource, 1);
}

export function removeFromIndexes(store: Store, resource: StoredResource): void {
  for (const entry of entriesOf(resource)) store.remove(entry.table, entry.key);
  count(store, resource, -1);
}

/** Follows index entries to their resources. An index never outlives its resource. */
function follow(store: Store, keys: (string | undefined)[]): StoredResource[] {
  return keys.flatMap((key) => {
    const resource = key === undefined ? undefined : store.get<StoredResource>("resources", key);
    return resource ? [resource] : [];
  });
}

/** All role assignments of a principal, at every scope. */
export function roleAssignmentsOf(store: Store, principalId: string): StoredResource[] {
  const entries = store.list<string>(assignmentsByPrincipal, `${principalId.toLowerCase()}/`);
  return follow(
    store,
    entries.map((entry) => entry.value),
  );
}

/** The role assignment with this GUID, wherever it is: names are unique across scopes. */
export function roleAssignmentNamed(store: Store, name: string): StoredResource | undefined {
  return follow(store, [store.get(authorizationByName, nameKey(roleAssignments, name))])[0];
}

/** The custom role with this GUID. */
export function customRoleNamed(store: Store, name: string): StoredResource | undefined {
  return follow(store, [store.get(authorizationByName, nameKey(roleDefinitions, name))])[0];
}

/** How many role assignments there are. */
export const countRoleAssignments = (store: Store): number => store.get<number>(counts, roleAssignments) ?? 0;

/** The vault, storage account, SQL server or registry that has this name in all of Azure. */
export function findByGlobalName(store: Store, type: string, name: string): StoredResource | undefined {
  return follow(store, [store.get(globalNames, nameKey(type, name))])[0];
}
