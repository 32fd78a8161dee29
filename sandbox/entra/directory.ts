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
  /** Whether a reader that is not where the principal was written would find it yet. */
  isReplicated(principal: Principal): boolean;
  remove(objectId: string): void;
}
