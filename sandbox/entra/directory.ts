import { randomUUID } from "node:crypto";
import type { Clock } from "../core/clock";
import type { Faults } from "../core/faults";
import type { Store } from "../core/store";

/** A principal as the tenant's directory knows it. */
export interface Principal {
  /** The object id: what role assignments name. */
  objectId: string;
  /** The application (client) id; users and groups have none. */
  clientId?: string;
  displayName: string;
  type: "ServicePrincipal" | "User" | "Group";
  /** For a managed identity, the ARM id of the identity or, if system-assigned, of its resource. */
  managedIdentityResourceId?: string;
  /** From when on the whole directory knows it, in milliseconds of sandbox time since the epoch. */
  visibleAt: number;
}

export interface Directory {
  /** Adds a managed identity's service principal, with fresh ids. */
  createManagedIdentity(args: { displayName: string; resourceId: string }): Required<Principal>;
  add(principal: Principal): void;
  byObjectId(objectId: string): Principal | undefined;
  byClientId(clientId: string): Principal | undefined;
  /** Everybody, in the order of their object ids. */
  list(): Principal[];
  /** Whether a reader that is not where the principal was written would find it yet. */
  isReplicated(principal: Principal): boolean;
  remove(objectId: string): void;
}

const byObjectIdTable = "principals";
const byClientIdTable = "principalsByClientId";

/** The tenant's directory, kept in the store. Ids are compared without regard to case. */
export function createDirectory(args: { store: Store; clock: Clock; faults: Faults }): Directory {
  const { store, clock, faults } = args;
  const byObjectId = (objectId: string) => store.get<Principal>(byObjectIdTable, objectId.toLowerCase());

  const add = (principal: Principal) =>
    store.transaction(() => {
      store.put(byObjectIdTable, principal.objectId.toLowerCase(), principal);
      if (principal.clientId) {
        store.put(byClientIdTable, principal.clientId.toLowerCase(), principal.objectId);
      }
    });

  return {
    add,
    byObjectId,
    byClientId: (clientId) => {
      const objectId = store.get<string>(byClientIdTable, clientId.toLowerCase());
      return objectId === undefined ? undefined : byObjectId(objectId);
    },
    list: () => store.list<Principal>(byObjectIdTable).map(({ value }) => value),
    createManagedIdentity: ({ displayName, resourceId }) => {
      const principal = {
        objectId: randomUUID(),
        clientId: randomUUID(),
        displayName,
        type: "ServicePrincipal" as const,
        managedIdentityResourceId: resourceId,
        visibleAt: faults.visibleAt("principal"),
      };
      add(principal);
      return principal;
    },
    isReplicated: (principal) => clock.now() >= principal.visibleAt,
    remove: (objectId) =>
      store.transaction(() => {
        const principal = byObjectId(objectId);
        store.remove(byObjectIdTable, objectId.toLowerCase());
        if (principal?.clientId) store.remove(byClientIdTable, principal.clientId.toLowerCase());
      }),
  };
}
