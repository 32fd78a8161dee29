/** From where a service can be reached over its public endpoint. */
export type NetworkAccess =
  /** From anywhere; who may do what is still for roles to say. */
  | "public"
  /** Not at all: only through private endpoints. */
  | "private"
  /** From these IPv4 addresses and CIDR ranges only. */
  | { allowedIpRanges: string[] };

/** What Key Vault, Storage and Container Registry call the same thing. */
export function networkRules(access: NetworkAccess): {
  publicNetworkAccess: "Enabled" | "Disabled";
  defaultAction: "Allow" | "Deny";
  ipRanges: string[];
} {
  if (access === "public") return { publicNetworkAccess: "Enabled", defaultAction: "Allow", ipRanges: [] };
  if (access === "private") return { publicNetworkAccess: "Disabled", defaultAction: "Deny", ipRanges: [] };
  return { publicNetworkAccess: "Enabled", defaultAction: "Deny", ipRanges: access.allowedIpRanges };
}
