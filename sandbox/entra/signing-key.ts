import { createHash, createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import type { Store } from "../core/store";

/** An RSA key that signs tokens, with the public half as a key set shows it. */
export interface SigningKey {
  keyId: string;
  privateKey: KeyObject;
  publicKey: KeyObject;
  publicJwk: { kty: "RSA"; use: "sig"; alg: "RS256"; kid: string; n: string; e: string };
}

const table = "signingKeys";

/** The signing key that is kept under `name`, made when there is none yet. */
export async function openSigningKey(store: Store, name: string): Promise<SigningKey> {
  const stored = store.get<string>(table, name);
  if (stored !== undefined) return signingKey(createPrivateKey(stored));
  const { privateKey } = await promisify(generateKeyPair)("rsa", { modulusLength: 2048 });
  store.put(table, name, privateKey.export({ type: "pkcs8", format: "pem" }));
  return signingKey(privateKey);
}

function signingKey(privateKey: KeyObject): SigningKey {
  const publicKey = createPublicKey(privateKey);
  const { n, e } = publicKey.export({ format: "jwk" }) as { n: string; e: string };
  const keyId = createHash("sha256").update(n).digest("base64url").slice(0, 27);
  return {
    keyId,
    privateKey,
    publicKey,
    publicJwk: { kty: "RSA", use: "sig", alg: "RS256", kid: keyId, n, e },
  };
}
