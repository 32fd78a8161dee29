import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, SignJWT } from "jose";

/** An OpenID Connect issuer of the test's own, at an address of this machine. */
export interface TestIssuer {
  /** With a trailing slash, as a cluster's. */
  readonly issuer: string;
  readonly privateKey: KeyObject;
  /** What it answers, by path; a test may change it. */
  readonly documents: Record<string, unknown>;
  /** How often its keys were asked for. */
  keyRequests: number;
  /** A token as the cluster would make it for a service account. */
  token(change?: TokenChange): Promise<string>;
  close(): void;
}

export interface TokenChange {
  claims?: Record<string, unknown>;
  header?: Record<string, unknown>;
  key?: KeyObject | Uint8Array;
}

const keyId = "key-1";
export const workloadSubject = "system:serviceaccount:shop:orders";
export const exchangeAudience = "api://AzureADTokenExchange";
const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });

/** @param now the sandbox's time in milliseconds */
export async function startIssuer(now: () => number = Date.now): Promise<TestIssuer> {
  const documents: Record<string, unknown> = {};
  const server = createServer((request, response) => {
    const path = request.url ?? "/";
    if (path === "/keys") self.keyRequests += 1;
    const document = documents[path];
    if (document === undefined) response.writeHead(404).end();
    else response.end(typeof document === "string" ? document : JSON.stringify(document));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  documents["/.well-known/openid-configuration"] = { issuer, jwks_uri: `${issuer}keys` };
  documents["/keys"] = { keys: [{ ...(await exportJWK(publicKey)), kid: keyId, alg: "RS256", use: "sig" }] };
  const self: TestIssuer = {
    issuer,
    privateKey,
    documents,
    keyRequests: 0,
    token: ({ claims = {}, header = {}, key = privateKey } = {}) => {
      const seconds = Math.floor(now() / 1000);
      return new SignJWT({
        iss: issuer,
        sub: workloadSubject,
        aud: [exchangeAudience],
        iat: seconds,
        nbf: seconds,
        exp: seconds + 3600,
        ...claims,
      })
        .setProtectedHeader({ alg: "RS256", kid: keyId, ...header })
        .sign(key);
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return self;
}
