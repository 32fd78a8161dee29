import { accessTokenIssuer } from "./tokens";

const authority = "https://login.microsoftonline.com";

/** The names under which Entra answers for the public cloud. */
export const entraHosts = [
  "login.microsoftonline.com",
  "login.windows.net",
  "login.microsoft.com",
  "sts.windows.net",
];

/** Names that stand for "whichever tenant it is" in a path. */
export const anyTenant = new Set(["common", "organizations"]);

/** Where the tenant's endpoints are: the OpenID Connect discovery document. */
export function openIdConfiguration(tenantId: string, version: "v1" | "v2", tenantInPath: string) {
  const base = `${authority}/${tenantInPath}`;
  const oauth = version === "v2" ? `${base}/oauth2/v2.0` : `${base}/oauth2`;
  const issuerTenant = anyTenant.has(tenantInPath) ? "{tenantid}" : tenantId;
  return {
    token_endpoint: `${oauth}/token`,
    token_endpoint_auth_methods_supported: ["client_secret_post", "private_key_jwt", "client_secret_basic"],
    jwks_uri: `${base}/discovery/${version === "v2" ? "v2.0/" : ""}keys`,
    response_modes_supported: ["query", "fragment", "form_post"],
    subject_types_supported: ["pairwise"],
    id_token_signing_alg_values_supported: ["RS256"],
    response_types_supported: ["code", "id_token", "code id_token", "id_token token"],
    scopes_supported: ["openid", "profile", "email", "offline_access"],
    issuer: version === "v2" ? `${authority}/${issuerTenant}/v2.0` : accessTokenIssuer(issuerTenant),
    request_uri_parameter_supported: false,
    userinfo_endpoint: "https://graph.microsoft.com/oidc/userinfo",
    authorization_endpoint: `${oauth}/authorize`,
    device_authorization_endpoint: `${oauth}/devicecode`,
    http_logout_supported: true,
    frontchannel_logout_supported: true,
    end_session_endpoint: `${oauth}/logout`,
    tenant_region_scope: "EU",
    cloud_instance_name: "microsoftonline.com",
    cloud_graph_host_name: "graph.windows.net",
    msgraph_host: "graph.microsoft.com",
    rbac_url: "https://pas.windows.net",
  };
}

/** Which hosts are one cloud, for clients that were given an authority and want to know whether to trust it. */
export function instanceDiscovery(tenantId: string) {
  return {
    tenant_discovery_endpoint: `${authority}/${tenantId}/v2.0/.well-known/openid-configuration`,
    "api-version": "1.1",
    metadata: [
      {
        preferred_network: "login.microsoftonline.com",
        preferred_cache: "login.windows.net",
        aliases: entraHosts,
      },
    ],
  };
}
