import { type CryptoKey, importJWK, type JWK } from "jose";
import { z } from "zod";
import { isLoopbackHost } from "../core/azure-hosts";
import type { Clock } from "../core/clock";
import type { Network } from "../core/network";
import { EntraError } from "./entra-error";

/** Finds the public keys of OpenID Connect issuers outside of Entra. */
export interface IssuerKeys {
  /**
   * The key that `issuer` publishes under `keyId`; undefined when it publishes no such key.
   *
   * @throws EntraError 50166 when the issuer cannot be reached, 90061 when what it publishes is of no use
   */
  find(issuer: string, keyId: string): Promise<CryptoKey | undefined>;
}

/** How long a key set is believed, in sandbox time. */
const keySetLifetimeMs = 5 * 60 * 1000;
/** An unknown key id makes the key set be fetched anew, but not more often than this, in real time. */
const refetchAfterMs = 1000;
const documentLimitBytes = 256 * 1024;

const discoveryDocument = z.object({ issuer: z.string(), jwks_uri: z.string() });
const keySetDocument = z.object({
  keys: z.array(z.looseObject({ kid: z.string().optional(), kty: z.string() })).max(100),
});

interface KnownKeys {
  keys: Promise<Map<string, CryptoKey>>;
  expiresAt: number;
  fetchedAt: number;
}

export function createIssuerKeys(network: Network, clock: Clock): IssuerKeys {
  const known = new Map<string, KnownKeys>();

  const fetchAgain = (issuer: string): KnownKeys => {
    const entry = {
      keys: fetchKeys(network, issuer),
      expiresAt: clock.now() + keySetLifetimeMs,
      fetchedAt: Date.now(),
    };
    known.set(issuer, entry);
    entry.keys.catch(() => known.delete(issuer));
    return entry;
  };

  return {
    find: async (issuer, keyId) => {
      const entry = known.get(issuer);
      const current = entry && clock.now() < entry.expiresAt ? entry : fetchAgain(issuer);
      const key = (await current.keys).get(keyId);
      if (key || Date.now() < current.fetchedAt + refetchAfterMs) return key;
      return (await fetchAgain(issuer).keys).get(keyId);
    },
  };
}

async function fetchKeys(network: Network, issuer: string): Promise<Map<string, CryptoKey>> {
  const address = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const discovery = discoveryDocument.safeParse(await fetchJson(network, address));
  if (!discovery.success || discovery.data.issuer !== issuer) throw unusable();
  const keySet = keySetDocument.safeParse(await fetchJson(network, discovery.data.jwks_uri));
  if (!keySet.success) throw unusable();
  const keys = new Map<string, CryptoKey>();
  for (const jwk of keySet.data.keys) {
    if (jwk.kty !== "RSA" || jwk.kid === undefined) continue;
    const key = await importJWK(jwk as JWK, "RS256").catch(() => undefined);
    if (key && !(key instanceof Uint8Array)) keys.set(jwk.kid, key);
  }
  return keys;
}

async function fetchJson(network: Network, address: string): Promise<unknown> {
  if (!isAllowed(address)) throw unreachable();
  const response = await network
    .fetch(address, { headers: { accept: "application/json" }, redirect: "error" })
    .catch(() => undefined);
  if (!response?.ok) {
    await response?.body?.cancel();
    throw unreachable();
  }
  try {
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      if (text.length > documentLimitBytes) throw unusable();
    }
    return JSON.parse(text);
  } catch (error) {
    throw error instanceof EntraError ? error : unusable();
  }
}

/** Issuers publish over https; on this machine alone plain http will do. */
function isAllowed(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname } = new URL(address);
  return protocol === "https:" || (protocol === "http:" && isLoopbackHost(hostname.replace(/^\[|\]$/g, "")));
}

const unreachable = () =>
  new EntraError(50166, "invalid_request", "Request to External OIDC endpoint failed.");
const unusable = () => new EntraError(90061, "invalid_request", "Request to External OIDC endpoint failed.");
