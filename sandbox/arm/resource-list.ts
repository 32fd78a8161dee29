import { type ArmCall, isAllowed, requireAccess } from "./arm-call";
import { resourceGroupNotFound, resourceNotFound } from "./errors";
import { type Page, page } from "./paging";
import { getResource, listResources, resourceKey, type StoredResource } from "./resource";
import { filterResources } from "./resource-filter";
import { groupIdIn, groupNameIn, parentOf, typeOf } from "./resource-path";
import type { ResourceType } from "./resource-type";

const keyOf = (resource: StoredResource) => resourceKey(resource.body.id);

/** A page of a collection. @throws AzureError 403, 404 */
export function listPage(call: ArmCall, type: ResourceType, operation: string): Page {
  const items = visible(call, type, operation);
  const listed = page(call, items, keyOf);
  return { ...listed, value: listed.value.map((item) => (type.show ? type.show(item, call) : item.body)) };
}

/** Resource groups are listed as far as the caller may read them; anything else as a whole or not at all. */
function visible(call: ArmCall, type: ResourceType, operation: string): StoredResource[] {
  const within = call.path.types.length > 1 ? parentOf(call.path).id : call.path.scope;
  const isGroups = type.type === "Microsoft.Resources/resourceGroups";
  if (!isGroups) requireAccess(call, operation, within);
  checkScope(call, type);
  const all = type.list ? type.list(call) : stored(call, type, within);
  const items = isGroups ? filterResources(all, call.query.get("$filter")) : all;
  const readsAll = !isGroups || isAllowed(call, operation, within);
  return readsAll ? items : items.filter((item) => isAllowed(call, operation, item.body.id));
}

/** @throws AzureError 404 when the group or the parent is not there */
function checkScope({ context, path }: ArmCall, type: ResourceType): void {
  const groupId = groupIdIn(path.id);
  if (groupId !== undefined && !getResource(context.store, groupId))
    throw resourceGroupNotFound(groupNameIn(groupId)!);
  if (path.types.length < 2 || type.level === "subscription") return;
  const parent = parentOf(path);
  // Only first-level parents: what is beneath them may be a fixed part of them, as blobServices/default is.
  if (parent.types.length === 1 && !getResource(context.store, parent.id)) {
    throw resourceNotFound(parent.id, typeOf(parent), parent.names.join("/"));
  }
}

function stored({ context, path }: ArmCall, type: ResourceType, within: string): StoredResource[] {
  const inSubscription = path.types.length === 1 && groupIdIn(within) === undefined;
  const prefix = inSubscription ? `${within}/resourceGroups/` : `${within}/`;
  const wanted = type.type.toLowerCase();
  return listResources(context.store, prefix).filter(({ body }) => body.type.toLowerCase() === wanted);
}
