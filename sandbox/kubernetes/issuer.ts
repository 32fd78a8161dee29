import type { IncomingMessage, ServerResponse } from "node:http";
import type { Store } from "../core/store";
import { hostOf, sendError, sendJson } from "./api/http";
import type { Clusters } from "./cluster";
import { publicKeys } from "./signing-keys";
import { methodNotAllowed, unknownPath } from "./status";

const path = /^\/([0-9a-f-]{36})\/([0-9a-f-]{36})\/(\.well-known\/openid-configuration|openid\/v1\/jwks)$/i;

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
    const [, tenantId = "", guid = "", document] = path.exec((request.url ?? "").split("?")[0]!) ?? [];
    const cluster = document && clusters.byIssuer(hostOf(request), tenantId, guid);
    if (!cluster) throw unknownPath();
    if (document === "openid/v1/jwks") return sendJson(response, 200, await publicKeys(store, cluster.guid));
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
