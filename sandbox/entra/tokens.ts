import { createHash, randomBytes } from "node:crypto";
import { compactVerify, errors, SignJWT } from "jose";
import type { Clock } from "../core/clock";
import type { Account } from "../core/context";
import type { Store } from "../core/store";
import { type ApiToken, apiTokenFor } from "./api-tokens";
import type { Directory, Principal } from "./directory";
import type { SigningKey } from "./signing-key";

/** What an access token of the sandbox's Entra says; the claims that Azure's say, under the same names. */
export interface AccessClaims {
  aud: string;
  iss: string;
  /** Seconds since the epoch, in sandbox time. */
  exp: number;
  oid: string;
  appid: string;
  tid: string;
  idtyp: "app" | "user";
  xms_mirid?: string;
}

/** Why a token was not accepted. */
export class TokenRejected extends Error {
  constructor(
    readonly reason: "malformed" | "signature" | "audience" | "issuer" | "expired" | "unknownPrincipal",
    message: string,
  ) {
    super(message);
    this.name = "TokenRejected";
  }
}

/** How an application proved who it is, as the claim `appidacr` says it. */
export type ClientProof = "secret" | "assertion";

export interface Tokens {
  /**
   * A signed access token for `principal`, for the resource `audience` (`https://vault.azure.net`).
   *
   * @param proof default "assertion"
   * @throws EntraError 501051 when the resource is an application that takes only those with a role
   */
  issue(
    principal: Principal,
    audience: string,
    lifetimeSeconds: number,
    proof?: ClientProof,
  ): Promise<string>;
  /** The claims of a token that this tenant signed for one of `audiences` (compared without trailing slash). @throws TokenRejected */
  verify(token: string, audiences: readonly string[]): Promise<AccessClaims>;
  /** The public keys, as a JSON Web Key Set. */
  keySet(): { keys: Record<string, string>[] };
}

/** Who signed access tokens of version 1. */
export const accessTokenIssuer = (tenantId: string) => `https://sts.windows.net/${tenantId}/`;

/** Who signed access tokens of version 2, which applications can ask for. */
export const accessTokenIssuerV2 = (tenantId: string) => `https://login.microsoftonline.com/${tenantId}/v2.0`;

/** The Azure CLI, which users sign in through: https://learn.microsoft.com/troubleshoot/entra/entra-id/governance/verify-first-party-apps-sign-in */
const azureCliClientId = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

/** Azure's services refuse longer tokens with the headers that carry them. */
const longestToken = 32 * 1024;
const rememberedTokens = 5000;

/**
 * Issues and verifies access tokens of the tenant.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
 */
export function createTokens(args: {
  account: Account;
  clock: Clock;
  directory: Directory;
  store: Store;
  key: SigningKey;
}): Tokens {
  const { account, clock, directory, key } = args;
  const issuer = accessTokenIssuer(account.tenantId);
  const nowSeconds = () => Math.floor(clock.now() / 1000);
  /** Tokens whose signature is known to be good: a client sends the same one with every request. */
  const verified = new Map<string, AccessClaims & { nbf: number }>();

  const claimsOf = async (token: string) => {
    const known = verified.get(token);
    if (known) return known;
    if (token.length > longestToken) throw new TokenRejected("malformed", "The token is too long.");
    const claims = await checkSignature(token, key);
    if (verified.size >= rememberedTokens) verified.clear();
    verified.set(token, claims);
    return claims;
  };

  return {
    issue: async (principal, audience, lifetimeSeconds, proof = "assertion") => {
      const now = nowSeconds();
      const api = principal.type === "User" ? undefined : apiTokenFor(principal, audience, args);
      return new SignJWT({
        aud: api?.audience ?? audience,
        iat: now,
        nbf: now,
        exp: now + Math.floor(lifetimeSeconds),
        aio: randomBytes(24).toString("base64"),
        oid: principal.objectId,
        sub: subjectOf(principal, audience),
        tid: account.tenantId,
        uti: randomBytes(16).toString("base64url"),
        ...(api?.version === "2.0"
          ? { iss: accessTokenIssuerV2(account.tenantId), ver: "2.0" }
          : { iss: issuer, idp: issuer, ver: "1.0" }),
        ...(api ? apiClaims(principal, api, proof) : ownClaims(principal, proof)),
      })
        .setProtectedHeader({ typ: "JWT", alg: "RS256", kid: key.keyId, x5t: key.keyId })
        .sign(key.privateKey);
    },
    verify: async (token, audiences) => {
      const { nbf, ...claims } = await claimsOf(token);
      if (claims.iss !== issuer) throw new TokenRejected("issuer", "The token's issuer is not this tenant.");
      if (!audiences.some((audience) => trim(audience) === trim(claims.aud))) {
        throw new TokenRejected(
          "audience",
          `The token is for '${claims.aud}', not for '${audiences.join("', '")}'.`,
        );
      }
      const now = nowSeconds();
      if (now >= claims.exp) throw new TokenRejected("expired", "The token has expired.");
      if (now < nbf) throw new TokenRejected("expired", "The token is not valid yet.");
      if (!directory.byObjectId(claims.oid)) {
        throw new TokenRejected(
          "unknownPrincipal",
          `The token's principal '${claims.oid}' is not in the directory.`,
        );
      }
      return claims;
    },
    keySet: () => ({
      keys: [
        {
          ...key.publicJwk,
          x5t: key.keyId,
          issuer: accessTokenIssuerV2(account.tenantId),
        },
      ],
    }),
  };
}

const trim = (audience: string) => audience.replace(/\/+$/, "").toLowerCase();

/** A user's subject is different for each resource; an application's is its object id. */
function subjectOf(principal: Principal, audience: string): string {
  return principal.type === "User"
    ? createHash("sha256").update(`${principal.objectId} ${audience}`).digest("base64url")
    : principal.objectId;
}

const ownClaims = (principal: Principal, proof: ClientProof) =>
  principal.type === "User" ? userClaims(principal) : appClaims(principal, proof);

/** The claims about an application's proof have other names in version 2. */
function apiClaims(principal: Principal, { version, roles }: ApiToken, proof: ClientProof) {
  const proofNumber = proof === "secret" ? "1" : "2";
  return {
    ...(version === "2.0"
      ? { azp: principal.clientId, azpacr: proofNumber }
      : { appid: principal.clientId, appidacr: proofNumber }),
    ...(roles === undefined ? {} : { roles }),
  };
}

function appClaims(principal: Principal, proof: ClientProof) {
  return {
    appid: principal.clientId,
    appidacr: proof === "secret" ? "1" : "2",
    idtyp: "app",
    ...(principal.managedIdentityResourceId === undefined
      ? {}
      : { xms_mirid: principal.managedIdentityResourceId }),
  };
}

function userClaims(principal: Principal) {
  return {
    appid: azureCliClientId,
    appidacr: "0",
    idtyp: "user",
    name: principal.displayName,
    scp: "user_impersonation",
    upn: principal.displayName,
  };
}

async function checkSignature(token: string, key: SigningKey): Promise<AccessClaims & { nbf: number }> {
  try {
    const { payload } = await compactVerify(token, key.publicKey, { algorithms: ["RS256"] });
    return JSON.parse(Buffer.from(payload).toString("utf8"));
  } catch (error) {
    if (error instanceof errors.JWSSignatureVerificationFailed || error instanceof errors.JOSEAlgNotAllowed) {
      throw new TokenRejected("signature", "The token's signature is not this tenant's.");
    }
    throw new TokenRejected("malformed", "The token is not a JSON Web Token.");
  }
}
