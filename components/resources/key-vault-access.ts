import type * as pulumi from "@pulumi/pulumi";
import { check } from "../core/errors";
import { isValidName, nameRules } from "../core/naming";
import type { Permission } from "../core/permission";

/**
 * The permissions that a key vault hands out.
 *
 * @see https://learn.microsoft.com/azure/key-vault/general/rbac-guide
 */
export class KeyVaultAccess {
  /**
   * @param name what the vault is called in names and intents
   * @param id its ARM id
   * @param uri `https://<name>.vault.azure.net/`
   */
  constructor(
    readonly name: string,
    readonly id: pulumi.Output<string>,
    readonly uri: pulumi.Output<string>,
  ) {}

  /** Read all secrets, the later ones too. */
  readSecrets(): Permission {
    return {
      name: `${this.name}-secrets-read`,
      intent: `read all secrets of vault ${this.name}`,
      role: "Key Vault Secrets User",
      scope: this.id,
      touch: { kind: "keyVault", vaultUri: this.uri },
    };
  }

  /** Read, write and delete all secrets. */
  writeSecrets(): Permission {
    return {
      name: `${this.name}-secrets-write`,
      intent: `write all secrets of vault ${this.name}`,
      role: "Key Vault Secrets Officer",
      scope: this.id,
      touch: { kind: "keyVault", vaultUri: this.uri },
    };
  }

  /** One secret, which need not exist yet. @throws ArgumentError when that is not a secret's name */
  secret(secretName: string): KeyVaultSecretAccess {
    check(`KeyVault ${this.name}`, [
      {
        argument: "secretName",
        holds: isValidName("keyVaultSecret", secretName),
        allowed: nameRules.keyVaultSecret.allowed,
        got: secretName,
      },
    ]);
    const scope = this.id.apply((id) => `${id}/secrets/${secretName}`);
    const touch = { kind: "keyVaultSecret", vaultUri: this.uri, secretName } as const;
    return {
      read: () => ({
        name: `${this.name}-${secretName}-read`,
        intent: `read secret ${secretName} of vault ${this.name}`,
        role: "Key Vault Secrets User",
        scope,
        touch,
      }),
      write: () => ({
        name: `${this.name}-${secretName}-write`,
        intent: `write secret ${secretName} of vault ${this.name}`,
        role: "Key Vault Secrets Officer",
        scope,
        touch,
      }),
    };
  }
}

/** The permissions on one secret. */
export interface KeyVaultSecretAccess {
  /** Read its value and versions. */
  read(): Permission;
  /** Set, read and delete it. */
  write(): Permission;
}
