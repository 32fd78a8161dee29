import type { IncomingMessage, ServerResponse } from "node:http";
import { AzureError, sendAzureError, sendJson } from "../core/azure-error";
import type { SandboxContext } from "../core/context";
import { readBody } from "../core/request-body";
import type { Service } from "../core/service";
import { armHost } from "./arm-address";
import { type ArmAnswer, type ArmCall, requireAccess } from "./arm-call";
import { authenticate } from "./authentication";
import {
  invalidApiVersion,
  missingApiVersion,
  noRegisteredProvider,
  notImplemented,
  subscriptionNotFound,
} from "./errors";
import { parseBody } from "./json";
import { locationNames } from "./locations";
import { answerOperation } from "./operation-answers";
import { createOperations } from "./operations";
import { createRemoval } from "./removal";
import { handleAction, handleResource, type ResourceHandling } from "./resource-handler";
import {
  endsWithType,
  parentOf,
  parseResourcePath,
  pathSegments,
  subscriptionIdIn,
  typeOf,
} from "./resource-path";
import type { ProviderAction, ResourceType } from "./resource-type";
import { answerPlain, metadataEndpoints, plainApiVersions } from "./subscription-routes";
import { providers } from "./types";

/** @see https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling */
const largestBodyBytes = 4 * 1024 * 1024;

const byType = <T extends { type: string }>(entries: readonly T[]) =>
  new Map(entries.map((entry) => [entry.type.toLowerCase(), entry]));

/** Azure Resource Manager: management.azure.com. */
export function createArmService(context: SandboxContext): Service {
  const types = providers.flatMap((provider) => provider.types);
  const typeTable = byType(types);
  const actionTable = byType(providers.flatMap((provider) => provider.actions ?? []));
  const find = (type: string) => typeTable.get(type.toLowerCase());
  const remove = createRemoval(context, find);
  const operations = createOperations(context, find, remove);
  const handling: ResourceHandling = { typeOf: find, remove, working: new Set() };

  async function answer(request: IncomingMessage): Promise<ArmAnswer> {
    const method = request.method ?? "GET";
    const [pathname = "/", search = ""] = splitTarget(request.url ?? "/");
    const query = new Map(
      [...new URLSearchParams(search)].map(([name, value]) => [name.toLowerCase(), value]),
    );
    const segments = pathSegments(pathname);
    if (segments.join("/").toLowerCase() === "metadata/endpoints") {
      return { status: 200, body: metadataEndpoints(context.account) };
    }
    // The body is read before anything else is asked, so that the work below is not interrupted.
    const bytes = await readBody(request, largestBodyBytes);
    const caller = await authenticate(context, request.headers.authorization);
    operations.settle();

    const apiVersion = query.get("api-version");
    if (apiVersion === undefined || apiVersion === "") throw missingApiVersion();
    const plain = answerPlain({ context, caller, method, segments, query, types });
    if (plain) {
      if (!plainApiVersions.includes(apiVersion)) throw invalidApiVersion(apiVersion, plainApiVersions);
      return plain;
    }
    const path = parseResourcePath(pathname);
    if (!path) throw notImplemented(method, pathname);
    const { headers } = request;
    const arrivedAt = context.clock.now();
    const base = { context, operations, caller, method, path, apiVersion, query, headers, arrivedAt };
    return dispatch({ ...base, body: method === "GET" || method === "HEAD" ? {} : parseBody(bytes) });
  }

  async function dispatch(call: ArmCall): Promise<ArmAnswer> {
    const status = answerOperation(
      call,
      (resource) => find(resource.body.type)?.show?.(resource, call) ?? resource.body,
    );
    if (status) return status;
    const action = actionTable.get(typeOf(call.path).toLowerCase());
    if (action && call.method === "POST") return runProviderAction(call, action);
    const onResource = call.method === "POST" && endsWithType(call.path);
    const type = find(typeOf(onResource ? parentOf(call.path) : call.path));
    if (!type) throw notImplemented(call.method, routeOf(call));
    checkApiVersion(call, type);
    return onResource ? handleAction(call, type) : handleResource(call, type, handling);
  }

  function runProviderAction(call: ArmCall, action: ProviderAction): ArmAnswer {
    const subscriptionId = subscriptionIdIn(call.path.scope);
    if (subscriptionId?.toLowerCase() !== context.account.subscriptionId.toLowerCase()) {
      throw subscriptionNotFound(subscriptionId ?? "");
    }
    checkApiVersion(call, action);
    requireAccess(call, action.operation, call.path.scope);
    return action.run(call);
  }

  return {
    name: "Azure Resource Manager",
    serves: (host) => host === armHost,
    handle: async (request, response) => {
      try {
        send(request, response, await answer(request));
      } catch (error) {
        if (!(error instanceof AzureError)) throw error;
        sendAzureError(response, error);
      }
    },
  };
}

const splitTarget = (target: string): [string, string] => {
  const question = target.indexOf("?");
  return question === -1 ? [target, ""] : [target.slice(0, question), target.slice(question + 1)];
};

/** A path without its names: what the sandbox lacks is a route, not a resource. */
function routeOf({ path }: ArmCall): string {
  const parts = path.types.flatMap((type, index) => (index < path.names.length ? [type, "{name}"] : [type]));
  return `${path.scope === "" ? "" : "{scope}"}/providers/${path.namespace}/${parts.join("/")}`;
}

/** @throws AzureError 400 for a version that the type never had */
function checkApiVersion(
  call: ArmCall,
  { type, apiVersions }: Pick<ResourceType, "type" | "apiVersions">,
): void {
  if (apiVersions.includes(call.apiVersion)) return;
  if (type.startsWith("Microsoft.Resources/")) throw invalidApiVersion(call.apiVersion, apiVersions);
  const location = typeof call.body.location === "string" ? call.body.location : undefined;
  const shortType = type.slice(type.indexOf("/") + 1);
  throw noRegisteredProvider(location, call.apiVersion, shortType, { apiVersions, locations: locationNames });
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, body, headers }: ArmAnswer,
): void {
  const all = { "cache-control": "no-cache", ...headers };
  if (body === undefined || request.method === "HEAD") response.writeHead(status, all).end();
  else sendJson(response, status, body, all);
}
