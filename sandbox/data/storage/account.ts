import type { StoredResource } from "../../arm/resource";

/** What the data planes need to know of a storage account, read from its ARM resource. */
export interface StorageAccount {
  id: string;
  name: string;
  /** Azure's own default is true. */
  allowSharedKeyAccess: boolean;
  allowBlobPublicAccess: boolean;
  /** Closed to every network that the sandbox could be reached from. */
  closed: boolean;
}

export function storageAccountOf({ body }: StoredResource): StorageAccount {
  const properties = body.properties as {
    allowSharedKeyAccess?: boolean;
    allowBlobPublicAccess?: boolean;
    publicNetworkAccess?: string;
    networkAcls?: { defaultAction?: string };
  };
  return {
    id: body.id,
    name: body.name.toLowerCase(),
    allowSharedKeyAccess: properties.allowSharedKeyAccess !== false,
    allowBlobPublicAccess: properties.allowBlobPublicAccess === true,
    // An IP rule cannot name a loopback address, so a default of Deny shuts everybody here out.
    closed:
      properties.publicNetworkAccess?.toLowerCase() === "disabled" ||
      properties.networkAcls?.defaultAction?.toLowerCase() === "deny",
  };
}
