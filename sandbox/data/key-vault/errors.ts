import type { AccessClaims } from "../../entra/tokens";

/** An error as Key Vault's data plane gives it. */
export class KeyVaultError extends Error {
  constructor(
    /** HTTP status. */
    readonly status: number,
    readonly code: string,
    message: string,
    readonly more: { innerCode?: string; headers?: Record<string, string> } = {},
  ) {
    super(message);
    this.name = "KeyVaultError";
  }

  get body() {
    const { innerCode } = this.more;
    const innererror = innerCode === undefined ? {} : { innererror: { code: innerCode } };
    return { error: { code: this.code, message: this.message, ...innererror } };
  }
}

/** What denials say of a vault. */
export interface VaultPlace {
  name: string;
  location: string;
}

const caller = (claims: AccessClaims) => `Caller: appid=${claims.appid};oid=${claims.oid};iss=${claims.iss}`;
const place = (vault: VaultPlace) => `Vault: ${vault.name};location=${vault.location}`;

export const badParameter = (message: string) => new KeyVaultError(400, "BadParameter", message);

/** No token, or none that counts: the answer from which clients learn the tenant and the audience. */
export const unauthorized = (message: string, tenantId: string) =>
  new KeyVaultError(401, "Unauthorized", message, {
    headers: {
      "www-authenticate": `Bearer authorization="https://login.microsoftonline.com/${tenantId}", resource="https://vault.azure.net"`,
    },
  });

/** @see https://learn.microsoft.com/azure/key-vault/general/troubleshooting-access-issues */
export const forbiddenByRbac = (claims: AccessClaims, action: string, scope: string, vault: VaultPlace) =>
  new KeyVaultError(
    403,
    "Forbidden",
    [
      "Caller is not authorized to perform action on resource.",
      "If role assignments, deny assignments or role definitions were changed recently, please observe propagation time.",
      caller(claims),
      `Action: '${action}'`,
      `Resource: '${scope.toLowerCase()}'`,
      "Assignment: (not found)",
      "DenyAssignmentId: null",
      "DecisionReason: 'DeniedWithNoValidRBAC' ",
      place(vault),
      "",
    ].join("\r\n"),
    { innerCode: "ForbiddenByRbac" },
  );

/** The sandbox keeps no access policies, so a vault that uses them has none for anybody. */
export const forbiddenByPolicy = (claims: AccessClaims, vault: VaultPlace) =>
  new KeyVaultError(
    403,
    "Forbidden",
    [
      `The user, group or application 'appid=${claims.appid};oid=${claims.oid};iss=${claims.iss}' has no access policy on key vault '${vault.name};location=${vault.location}'.`,
      "The sandbox evaluates Azure RBAC only: set enableRbacAuthorization on the vault.",
    ].join(" "),
    { innerCode: "ForbiddenByPolicy" },
  );

/** @see https://learn.microsoft.com/azure/key-vault/general/network-security */
export const publicAccessDisabled = (claims: AccessClaims, vault: VaultPlace) =>
  new KeyVaultError(
    403,
    "Forbidden",
    [
      "Public network access is disabled and request is not from a trusted service nor via an approved private link.",
      caller(claims),
      place(vault),
    ].join("\r\n"),
    { innerCode: "ForbiddenByConnection" },
  );

export const forbiddenByFirewall = (claims: AccessClaims, address: string, vault: VaultPlace) =>
  new KeyVaultError(
    403,
    "Forbidden",
    [
      "Client address is not authorized and caller is not a trusted service.",
      `Client address: ${address}`,
      caller(claims),
      place(vault),
    ].join("\r\n"),
    { innerCode: "ForbiddenByFirewall" },
  );

export const secretNotFound = (nameOrId: string) =>
  new KeyVaultError(
    404,
    "SecretNotFound",
    `A secret with (name/id) ${nameOrId} was not found in this key vault. If you recently deleted this secret you may be able to recover it using the correct recovery command. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182`,
  );

export const deletedSecretNotFound = (name: string) =>
  new KeyVaultError(404, "SecretNotFound", `Deleted Secret not found: ${name}`);

export const secretDisabled = () =>
  new KeyVaultError(403, "Forbidden", "Operation get is not allowed on a disabled secret.", {
    innerCode: "SecretDisabled",
  });

export const secretIsDeleted = (name: string) =>
  new KeyVaultError(
    409,
    "Conflict",
    `Secret ${name} is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the secret can only be recovered or purged.`,
    { innerCode: "ObjectIsDeletedButRecoverable" },
  );

export const purgeProtected = (vault: VaultPlace) =>
  new KeyVaultError(
    403,
    "Forbidden",
    `Operation "purge" is not allowed because purge protection is enabled for this vault. Key Vault service will automatically purge it after the retention period has passed.\r\n${place(vault)}`,
    { innerCode: "ForbiddenByPolicy" },
  );
