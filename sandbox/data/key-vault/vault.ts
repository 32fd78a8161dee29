import type { StoredResource } from "../../arm/resource";
import type { AccessClaims } from "../../entra/tokens";
import { clientAddress, isLetIn } from "../client-address";
import { forbiddenByFirewall, forbiddenByPolicy, publicAccessDisabled, type VaultPlace } from "./errors";

/** What the data plane needs to know of a vault, read from its ARM resource. */
export interface Vault extends VaultPlace {
  id: string;
  /** "https://name.vault.azure.net" */
  uri: string;
  rbac: boolean;
  purgeProtection: boolean;
  /** How long a deleted secret can be recovered, 7 to 90. */
  retentionDays: number;
  publicNetworkAccess: boolean;
  /** Its firewall does not let the sandbox's clients in. */
  keepsOut: boolean;
}

export function vaultOf({ body }: StoredResource): Vault {
  const properties = body.properties as {
    enableRbacAuthorization?: boolean;
    enablePurgeProtection?: boolean;
    softDeleteRetentionInDays?: number;
    publicNetworkAccess?: string;
    networkAcls?: { defaultAction?: string; ipRules?: { value?: string }[] };
  };
  const { networkAcls } = properties;
  return {
    id: body.id,
    name: body.name,
    location: body.location ?? "",
    uri: `https://${body.name.toLowerCase()}.vault.azure.net`,
    rbac: properties.enableRbacAuthorization === true,
    purgeProtection: properties.enablePurgeProtection === true,
    retentionDays: properties.softDeleteRetentionInDays ?? 90,
    publicNetworkAccess: properties.publicNetworkAccess?.toLowerCase() !== "disabled",
    keepsOut: networkAcls?.defaultAction?.toLowerCase() === "deny" && !isLetIn(networkAcls.ipRules ?? []),
  };
}

/** @throws KeyVaultError when the vault is closed to the caller whatever its roles are */
export function checkReachable(vault: Vault, claims: AccessClaims): void {
  if (!vault.publicNetworkAccess) throw publicAccessDisabled(claims, vault);
  if (vault.keepsOut) {
    throw forbiddenByFirewall(claims, clientAddress, vault);
  }
  if (!vault.rbac) throw forbiddenByPolicy(claims, vault);
}
