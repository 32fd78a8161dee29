import type { SecretVersion, StoredSecret } from "./secret-store";
import type { Vault } from "./vault";

const secondsADay = 86_400;

export const newestVersion = (secret: StoredSecret): SecretVersion => secret.versions.at(-1)!;

/** When a deleted secret is purged of itself, in seconds since the epoch. */
export const scheduledPurge = (vault: Vault, deletedAt: number) =>
  deletedAt + vault.retentionDays * secondsADay;

/** @see https://learn.microsoft.com/rest/api/keyvault/secrets/get-secret/get-secret#deletionrecoverylevel */
function recoveryLevel(vault: Vault): string {
  const customized = vault.retentionDays < 90 ? "Customized" : "";
  return `${customized}Recoverable${vault.purgeProtection ? "" : "+Purgeable"}`;
}

/** A secret's properties, as lists show them. */
export function secretItem(vault: Vault, secret: StoredSecret, version: SecretVersion, withVersion: boolean) {
  const { contentType, tags, notBefore, expires } = version;
  return {
    id: `${vault.uri}/secrets/${secret.name}${withVersion ? `/${version.version}` : ""}`,
    attributes: {
      enabled: version.enabled,
      ...(notBefore === undefined ? {} : { nbf: notBefore }),
      ...(expires === undefined ? {} : { exp: expires }),
      created: version.created,
      updated: version.updated,
      recoveryLevel: recoveryLevel(vault),
      recoverableDays: vault.retentionDays,
    },
    ...(contentType === undefined ? {} : { contentType }),
    ...(tags === undefined ? {} : { tags }),
  };
}

/** A secret with its value. */
export const secretBundle = (vault: Vault, secret: StoredSecret, version: SecretVersion) => ({
  value: version.value,
  ...secretItem(vault, secret, version, true),
});

/** A deleted secret's properties; its value is not shown until it is recovered. */
export function deletedSecret(vault: Vault, secret: StoredSecret, withVersion: boolean) {
  const deletedDate = secret.deletedAt ?? 0;
  return {
    recoveryId: `${vault.uri}/deletedsecrets/${secret.name}`,
    deletedDate,
    scheduledPurgeDate: scheduledPurge(vault, deletedDate),
    ...secretItem(vault, secret, newestVersion(secret), withVersion),
  };
}
