import type { IncomingMessage, ServerResponse } from "node:http";
import type { Store } from "../core/store";
import { hostOf, sendError, sendJson } from "./api/http";
import type { Clusters } from "./cluster";
import { publicKeys } from "./signing-keys";
import { methodNotAllowed, unknownPath } from "./status";

const path = /^\/([0-9a-f-]{36})\/([0-9a-f-]{36})\/(\.well-known\/openid-configuration|openid\/v1\/jwks)$/i;

/** What a request to an issuer's host is for; undefined when it is for nothing there. */
export function parseIssuerPath(
  request: IncomingMessage,
): { tenantId: string; guid: string; document: string } | undefined {
  const [, tenantId = "", guid = "", document] = path.exec((request.url ?? "").split("?")[0]!) ?? [];
  return document === undefined ? undefined : { tenantId, guid, document };
}

/**
 * Publishes a cluster's OpenID configuration and public keys, without authentication.
 * @see https://learn.microsoft.com/azure/aks/use-oidc-issuer
 */
export async function serveIssuer(
  store: Store,
  clusters: Clusters,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    if (request.method !== "GET" && request.method !== "HEAD") throw methodNotAllowed();
    const asked = parseIssuerPath(request);
    const cluster = asked && clusters.byIssuer(hostOf(request), asked.tenantId, asked.guid);
    if (!cluster) throw unknownPath();
    if (asked.document === "openid/v1/jwks")
      return sendJson(response, 200, await publicKeys(store, cluster.guid));
    sendJson(response, 200, {
      issuer: cluster.issuerUrl,
      jwks_uri: `${cluster.issuerUrl}openid/v1/jwks`,
      response_types_supported: ["id_token"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: ["RS256"],
    });
  } catch (error) {
    sendError(response, error);
  }
}
