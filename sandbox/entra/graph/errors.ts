import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { AzureError, sendJson } from "../../core/azure-error";
import type { Clock } from "../../core/clock";

/**
 * Answers with an error as Graph writes it.
 *
 * @see https://learn.microsoft.com/graph/errors
 */
export function sendGraphError(
  request: IncomingMessage,
  response: ServerResponse,
  error: AzureError,
  clock: Clock,
): void {
  const requestId = randomUUID();
  const asked = request.headers["client-request-id"];
  const innerError = {
    date: new Date(clock.now()).toISOString().slice(0, 19),
    "request-id": requestId,
    "client-request-id": typeof asked === "string" && asked.length <= 64 ? asked : requestId,
  };
  const { headers, ...more } = error.more;
  sendJson(
    response,
    error.status,
    { error: { code: error.code, message: error.message, ...more, innerError } },
    { "request-id": requestId, ...headers },
  );
}

export const badRequest = (message: string): AzureError => new AzureError(400, "Request_BadRequest", message);

/** @param type "Application" or "ServicePrincipal" */
export const invalidValue = (property: string, type: string): AzureError =>
  badRequest(`Invalid value specified for property '${property}' of resource '${type}'.`);

export const notFound = (id: string): AzureError =>
  new AzureError(
    404,
    "Request_ResourceNotFound",
    `Resource '${id.slice(0, 200)}' does not exist or one of its queried reference-property objects are not present.`,
  );

export const notImplemented = (method: string, path: string): AzureError =>
  new AzureError(
    501,
    "NotImplemented",
    `The sandbox's Microsoft Graph does not implement ${method} ${path.slice(0, 200)}.`,
  );
