import type { IncomingMessage } from "node:http";
import { sendJson } from "../../core/azure-error";
import type { SandboxContext } from "../../core/context";
import type { Service } from "../../core/service";
import { bearerToken, requestUrl } from "../../data/request";
import { authorize } from "./authentication";
import { badRequest, notImplemented, sendGraphError } from "./errors";
import { type GraphAnswer, routes } from "./routes";

/**
 * Microsoft Graph, as far as app registrations need it: applications, their federated credentials, service
 * principals, and who was given which app role.
 *
 * @see https://learn.microsoft.com/graph/api/overview
 */
export function createGraphService(context: SandboxContext): Service {
  return {
    name: "Microsoft Graph",
    serves: (host) => host === "graph.microsoft.com",
    handle: async (request, response) => {
      const { status, body } = await answer(request, context);
      if (body === undefined) response.writeHead(status).end();
      else sendJson(response, status, body, { "odata-version": "4.0" });
    },
    fail: (request, response, error) => sendGraphError(request, response, error, context.clock),
  };
}

/** `/v1.0/applications/{id}/federatedIdentityCredentials/{member}`, where `(key)` is another way to write `/{id}`. */
const pathPattern = /^\/v1\.0\/(\w+)(?:\/([^/()]+)|\(([^()]+)\))?(?:\/(\w+)(?:\/([^/]+))?)?\/?$/i;

async function answer(request: IncomingMessage, context: SandboxContext): Promise<GraphAnswer> {
  const method = request.method ?? "GET";
  const url = requestUrl(request);
  const path = url && decoded(url.pathname);
  if (!url || path === undefined) throw badRequest("The request's address cannot be read.");
  await authorize(bearerToken(request), context);
  const [, collection, plainId, keyId, members, member] = pathPattern.exec(path) ?? [];
  const id = plainId ?? keyId;
  const shape = [
    "",
    collection,
    ...(id === undefined ? [] : ["{id}"]),
    ...(members === undefined ? [] : [members]),
    ...(member === undefined ? [] : ["{member}"]),
  ].join("/");
  const wanted = `${method} ${shape}`.toLowerCase();
  const route = Object.keys(routes).find((known) => known.toLowerCase() === wanted);
  const handle = route === undefined ? undefined : routes[route];
  if (!handle) throw notImplemented(method, path);
  return handle({ request, url, id: id ?? "", member: member ?? "", context });
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}
