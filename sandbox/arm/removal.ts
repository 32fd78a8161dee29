import type { SandboxContext } from "../core/context";
import { isObject } from "./json";
import { getResource, listResources, removeResource, type StoredResource } from "./resource";
import type { ResourceType } from "./resource-type";

/** Takes a resource out of the store with everything beneath it: children, role assignments, identities. */
export type RemoveTree = (resourceId: string) => void;

/** @param typeOf the table's entry for a type */
export function createRemoval(
  context: SandboxContext,
  typeOf: (type: string) => ResourceType | undefined,
): RemoveTree {
  function removeOne(resource: StoredResource): void {
    removeResource(context.store, resource.body.id);
    const { identity } = resource.body;
    if (isObject(identity) && typeof identity.principalId === "string") {
      context.directory.remove(identity.principalId);
    }
    typeOf(resource.body.type)?.removed?.(context, resource);
  }

  return (resourceId) => {
    context.store.transaction(() => {
      const resource = getResource(context.store, resourceId);
      // Longest ids first: a child goes before its parent.
      const beneath = listResources(context.store, `${resourceId}/`).reverse();
      for (const each of resource ? [...beneath, resource] : beneath) removeOne(each);
    });
  };
}
