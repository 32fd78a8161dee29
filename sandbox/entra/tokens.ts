import type { Principal } from "./directory";

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

export interface Tokens {
  /** A signed access token for `principal`, for the resource `audience` (`https://vault.azure.net`). */
  issue(principal: Principal, audience: string, lifetimeSeconds: number): Promise<string>;
  /** The claims of a token that this tenant signed for one of `audiences` (compared without trailing slash). @throws TokenRejected */
  verify(token: string, audiences: readonly string[]): Promise<AccessClaims>;
}
