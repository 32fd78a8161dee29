import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from "jose";
import type { Store } from "../core/store";

/** The private keys with which a cluster signs its tokens; the last one signs, all of them are published. */
interface StoredKeys {
  keys: (JWK & { kid: string })[];
}

const table = "clusterKeys";

/** Keys that are being made, so that two first requests do not make two. */
const underWay = new Map<string, Promise<StoredKeys>>();

async function keysOf(store: Store, clusterGuid: string): Promise<StoredKeys> {
  const stored = store.get<StoredKeys>(table, clusterGuid);
  if (stored) return stored;
  const making = underWay.get(clusterGuid) ?? makeKeys(store, clusterGuid);
  underWay.set(clusterGuid, making);
  return making.finally(() => underWay.delete(clusterGuid));
}

async function makeKeys(store: Store, clusterGuid: string): Promise<StoredKeys> {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  const jwk = await exportJWK(privateKey);
  const keys = { keys: [{ ...jwk, kid: await calculateJwkThumbprint(jwk) }] };
  store.put(table, clusterGuid, keys);
  return keys;
}

/** Imported keys by key id. */
const imported = new Map<string, Awaited<ReturnType<typeof importJWK>>>();

/** The key that signs the cluster's ServiceAccount tokens now; made at the first use. */
export async function signingKey(store: Store, clusterGuid: string) {
  const jwk = (await keysOf(store, clusterGuid)).keys.at(-1)!;
  const key = imported.get(jwk.kid) ?? (await importJWK(jwk, "RS256"));
  imported.set(jwk.kid, key);
  return { kid: jwk.kid, key };
}

/** The cluster's public keys, as its issuer publishes them. */
export async function publicKeys(
  store: Store,
  clusterGuid: string,
): Promise<{ keys: (JWK & { kid: string })[] }> {
  const { keys } = await keysOf(store, clusterGuid);
  return {
    keys: keys.map(({ kty, n, e, kid }) => ({
      use: "sig",
      kty: kty ?? "RSA",
      kid,
      alg: "RS256",
      n: n!,
      e: e!,
    })),
  };
}
