import type { Store } from "../../core/store";

/** One version of a secret. */
export interface SecretVersion {
  /** 32 hexadecimal digits. */
  version: string;
  value: string;
  contentType?: string;
  tags?: Record<string, string>;
  enabled: boolean;
  /** Seconds since the epoch, in sandbox time. */
  created: number;
  updated: number;
  notBefore?: number;
  expires?: number;
}

/** A secret with all its versions, newest last. */
export interface StoredSecret {
  name: string;
  versions: SecretVersion[];
  /** Set while the secret is deleted and can be recovered, in seconds since the epoch. */
  deletedAt?: number;
}

const table = "secrets";

/** Vault and secret names are compared without regard to case. */
const key = (vaultName: string, name: string) => `${vaultName.toLowerCase()}/${name.toLowerCase()}`;

/** The secrets of a vault that ARM and the data plane both see. */
export function getSecret(store: Store, vaultName: string, name: string): StoredSecret | undefined {
  return store.get(table, key(vaultName, name));
}

export function putSecret(store: Store, vaultName: string, secret: StoredSecret): void {
  store.put(table, key(vaultName, secret.name), secret);
}

export function removeSecret(store: Store, vaultName: string, name: string): boolean {
  return store.remove(table, key(vaultName, name));
}

export function listSecrets(store: Store, vaultName: string): StoredSecret[] {
  return store.list<StoredSecret>(table, key(vaultName, "")).map((entry) => entry.value);
}
