import type { IncomingMessage, ServerResponse } from "node:http";
import { AzureError, sendAzureError, sendJson } from "../core/azure-error";
import type { SandboxContext } from "../core/context";
import type { Service } from "../core/service";
import { EntraError, sendEntraError } from "./entra-error";
import { createIssuerKeys, type IssuerKeys } from "./issuer-keys";
import { anyTenant, entraHosts, instanceDiscovery, openIdConfiguration } from "./metadata";
import { requestToken } from "./token-endpoint";

/** Microsoft Entra ID, as far as workloads need it: where its endpoints are, its keys, and tokens. */
export function createEntraService(context: SandboxContext): Service {
  const issuerKeys = createIssuerKeys(context.network, context.clock);
  return {
    name: "Microsoft Entra ID",
    serves: (host) => entraHosts.includes(host),
    handle: async (request, response) => {
      try {
        sendJson(response, 200, await answer(request, context, issuerKeys), {
          "cache-control": request.method === "POST" ? "no-store, no-cache" : "max-age=86400, private",
        });
      } catch (error) {
        if (!(error instanceof EntraError)) throw error;
        request.resume();
        sendEntraError(request, response, error, context.clock);
      }
    },
    fail: (request, response, error) => fail(request, response, error, context),
  };
}

async function answer(
  request: IncomingMessage,
  context: SandboxContext,
  issuerKeys: IssuerKeys,
): Promise<unknown> {
  const { tenantId } = context.account;
  const [path = "/"] = (request.url ?? "/").split("?");
  const [tenantInPath = "", ...rest] = path.split("/").slice(1);
  const tenant = tenantInPath.toLowerCase();
  const route = `${request.method} ${rest.join("/").toLowerCase()}`;
  if (route === "GET discovery/instance" && anyTenant.has(tenant)) return instanceDiscovery(tenantId);
  if (!isRoute(route)) {
    throw new AzureError(
      501,
      "NotImplemented",
      `The sandbox's Entra does not implement ${request.method} ${path}.`,
    );
  }
  checkTenant(tenant, tenantInPath, tenantId, route);
  switch (route) {
    case "GET .well-known/openid-configuration":
      return openIdConfiguration(tenantId, "v1", tenant);
    case "GET v2.0/.well-known/openid-configuration":
      return openIdConfiguration(tenantId, "v2", tenant);
    case "GET discovery/keys":
    case "GET discovery/v2.0/keys":
      return context.tokens.keySet();
    case "POST oauth2/token":
      return requestToken(request, "v1", context, issuerKeys);
    case "POST oauth2/v2.0/token":
      return requestToken(request, "v2", context, issuerKeys);
  }
}

const routes = [
  "GET .well-known/openid-configuration",
  "GET v2.0/.well-known/openid-configuration",
  "GET discovery/keys",
  "GET discovery/v2.0/keys",
  "POST oauth2/token",
  "POST oauth2/v2.0/token",
] as const;
const isRoute = (route: string): route is (typeof routes)[number] =>
  (routes as readonly string[]).includes(route);

function checkTenant(tenant: string, asWritten: string, tenantId: string, route: string): void {
  if (tenant === tenantId) return;
  if (!anyTenant.has(tenant)) {
    throw new EntraError(
      90002,
      "invalid_request",
      `Tenant '${asWritten.slice(0, 200)}' not found. Check to make sure you have the correct tenant ID and are signing ` +
        "into the correct cloud. Check with your subscription administrator, this may happen if there are no active " +
        "subscriptions for the tenant.",
    );
  }
  if (route.startsWith("POST")) {
    throw new EntraError(
      50059,
      "invalid_request",
      "No tenant-identifying information found in either the request or implied by any provided credentials.",
    );
  }
}

/** Faults and what the sandbox itself cannot do, in Entra's form where Entra has one. */
function fail(
  request: IncomingMessage,
  response: ServerResponse,
  error: AzureError,
  { clock }: SandboxContext,
): void {
  if (error.status === 501) {
    sendAzureError(response, error);
    return;
  }
  const throttled = error.status === 429;
  sendEntraError(
    request,
    response,
    new EntraError(
      throttled ? 90055 : 90033,
      throttled ? "temporarily_unavailable" : "server_error",
      throttled
        ? "There are too many incoming requests."
        : "A transient error has occurred. Please try again.",
      error.status,
      error.more.headers,
    ),
    clock,
  );
}
