import type { IncomingMessage, ServerResponse } from "node:http";
import { findByGlobalName } from "../../arm/resource-index";
import { sendJson } from "../../core/azure-error";
import type { SandboxContext } from "../../core/context";
import { readBody } from "../../core/request-body";
import type { Service } from "../../core/service";
import { type AccessClaims, TokenRejected } from "../../entra/tokens";
import { bearerToken, requestHost, requestUrl } from "../request";
import { badParameter, forbiddenByRbac, KeyVaultError, unauthorized } from "./errors";
import { type Route, routes } from "./routes";
import { checkSecretName, checkSecretVersion } from "./secret-input";
import { notImplemented } from "./secret-operations";
import { checkReachable, vaultOf } from "./vault";

const hostPattern = /^([a-z0-9-]+)\.vault\.azure\.net$/;
const audience = "https://vault.azure.net";

/** Those whose operations on secrets have the same shape. */
const apiVersions = ["7.0", "7.1", "7.2", "7.3", "7.4", "7.5", "7.6", "2025-07-01"];

/** Large enough for a secret of 25 KiB with every character escaped, and its tags. */
const maximumBodyBytes = 256 * 1024;

/**
 * Key Vault's data plane for secrets: every request needs a token of the tenant and a role whose data actions
 * allow it on the secret, the vault, or above.
 *
 * A vault that does not exist, or no longer, has no host name in Azure, so clients fail to resolve it; here the
 * name always leads to the sandbox, which answers 404 `VaultNotFound`.
 *
 * @see https://learn.microsoft.com/rest/api/keyvault/secrets
 */
export function createKeyVaultService(context: SandboxContext): Service {
  const findVault = (name: string) => findByGlobalName(context.store, "Microsoft.KeyVault/vaults", name);

  async function authenticate(request: IncomingMessage): Promise<AccessClaims> {
    const { tenantId } = context.account;
    const token = bearerToken(request);
    if (token === undefined) {
      throw unauthorized("AKV10000: Request is missing a Bearer or PoP token.", tenantId);
    }
    try {
      return await context.tokens.verify(token, [audience]);
    } catch (error) {
      if (error instanceof TokenRejected) throw unauthorized(rejection(error), tenantId);
      throw error;
    }
  }

  async function answer(
    request: IncomingMessage,
  ): Promise<{ status: number; body?: unknown; region: string }> {
    const url = requestUrl(request);
    const vaultName = hostPattern.exec(requestHost(request))?.[1];
    const resource = vaultName === undefined ? undefined : findVault(vaultName);
    if (!url || !resource) {
      throw new KeyVaultError(404, "VaultNotFound", `There is no key vault at '${requestHost(request)}'.`);
    }
    const vault = vaultOf(resource);
    const claims = await authenticate(request);
    checkReachable(vault, claims);
    checkApiVersion(url);
    const { route, name, version } = routeOf(request.method ?? "GET", url.pathname);
    const scope = name ? `${vault.id}/secrets/${name}` : vault.id;
    const body = await readBody(request, maximumBodyBytes);
    const decision = context.authorizer.decide({
      principalId: claims.oid,
      operation: route.action,
      dataAction: true,
      scope,
    });
    if (!decision.allowed) throw forbiddenByRbac(claims, route.action, scope, vault);
    const given = { context, vault, url, name, body, ...(version === undefined ? {} : { version }) };
    return { ...route.run(given), region: vault.location };
  }

  return {
    name: "Key Vault",
    serves: (host) => hostPattern.test(host),
    handle: async (request, response) => {
      try {
        const { status, body, region } = await answer(request);
        send(response, status, body, { "x-ms-keyvault-region": region });
      } catch (error) {
        if (!(error instanceof KeyVaultError)) throw error;
        send(response, error.status, error.body, error.more.headers);
      }
    },
  };
}

/** Key Vault's words for each way in which a token can fail. The codes after them are those of its token library. */
function rejection({ reason }: TokenRejected): string {
  switch (reason) {
    case "malformed":
      return "[BearerReadAccessTokenFailed] Error validating token: 'S2S12005'.";
    case "expired":
      return "[TokenExpired] Error validating token: 'S2S12086'.";
    case "audience":
      return `AKV10022: Invalid audience. Expected ${audience}.`;
    case "issuer":
      return "AKV10032: Invalid issuer.";
    default:
      return "[InvalidSignature] Error validating token: 'S2S11001'.";
  }
}

function checkApiVersion(url: URL): void {
  const version = url.searchParams.get("api-version");
  if (!version) throw badParameter("api-version must be specified");
  if (!apiVersions.includes(version.toLowerCase().replace(/-preview(\.\d+)?$/, ""))) {
    throw badParameter(
      `The specified version (${version.slice(0, 40)}) is not recognized. Consider using the latest supported version (7.6).`,
    );
  }
}

/** @throws KeyVaultError 501 for what the sandbox does not have, 400 for names that cannot be */
function routeOf(method: string, path: string): { route: Route; name: string; version?: string } {
  for (const route of routes) {
    const match = route.method === method ? route.pattern.exec(path) : null;
    if (!match) continue;
    const { name, version } = match.groups ?? {};
    if (name !== undefined) checkSecretName(name);
    if (version !== undefined) checkSecretVersion(version);
    return { route, name: name ?? "", ...(version === undefined ? {} : { version }) };
  }
  throw notImplemented(method, path.slice(0, 200));
}

function send(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  const all = { "cache-control": "no-cache", "x-ms-keyvault-service-version": "1.9.0.0", ...headers };
  if (body === undefined) response.writeHead(status, all).end();
  else sendJson(response, status, body, all);
}
