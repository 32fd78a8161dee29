import type { StoredResource } from "../../arm/resource";
import { isLetIn } from "../client-address";

/** What the data planes need to know of a storage account, read from its ARM resource. */
export interface StorageAccount {
  id: string;
  name: string;
  /** Azure's own default is true. */
  allowSharedKeyAccess: boolean;
  allowBlobPublicAccess: boolean;
  /** Closed to the network that the sandbox's clients are in. */
  closed: boolean;
}

export function storageAccountOf({ body }: StoredResource): StorageAccount {
  const properties = body.properties as {
    allowSharedKeyAccess?: boolean;
    allowBlobPublicAccess?: boolean;
    publicNetworkAccess?: string;
    networkAcls?: { defaultAction?: string; ipRules?: { value?: string }[] };
  };
  return {
    id: body.id,
    name: body.name.toLowerCase(),
    allowSharedKeyAccess: properties.allowSharedKeyAccess !== false,
    allowBlobPublicAccess: properties.allowBlobPublicAccess === true,
    closed:
      properties.publicNetworkAccess?.toLowerCase() === "disabled" ||
      (properties.networkAcls?.defaultAction?.toLowerCase() === "deny" &&
        !isLetIn(properties.networkAcls.ipRules ?? [])),
  };
}
