import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createRemoteJWKSet, customFetch, jwtVerify } from "jose";

export interface ProtectedApi {
  /** `http://127.0.0.1:<port>/orders` */
  url: string;
  stop(): void;
}

/**
 * A web API as one is written for Entra: it finds the tenant's keys by discovery, and lets in whoever has a token
 * for it and the role.
 *
 * @param args.fetch reaches Entra
 */
export async function startProtectedApi(args: {
  issuer: string;
  audience: string;
  role: string;
  fetch: (url: string, init?: object) => Promise<{ json(): Promise<unknown> }>;
}): Promise<ProtectedApi> {
  const { issuer, audience, role, fetch } = args;
  const discovery = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
  const { issuer: published, jwks_uri: keysAddress } = discovery as { issuer: string; jwks_uri: string };
  if (published !== issuer) throw new Error(`The tenant's issuer is ${published}, not ${issuer}.`);
  const keys = createRemoteJWKSet(new URL(keysAddress), {
    [customFetch]: (url: string, init: object) => fetch(url, init) as never,
  });
  const server = createServer(async (request, response) => {
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1] ?? "";
    const verified = await jwtVerify(token, keys, { issuer, audience }).catch(() => undefined);
    const { roles, azp } = (verified?.payload ?? {}) as { roles?: string[]; azp?: string };
    const status = verified === undefined ? 401 : roles?.includes(role) ? 200 : 403;
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ caller: azp }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/orders`,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
