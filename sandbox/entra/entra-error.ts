import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { sendJson } from "../core/azure-error";
import type { Clock } from "../core/clock";

/** OAuth's own name of an error (RFC 6749, 5.2), as Entra uses them. */
export type OAuthError =
  | "invalid_client"
  | "invalid_grant"
  | "invalid_request"
  | "invalid_resource"
  | "invalid_scope"
  | "server_error"
  | "temporarily_unavailable"
  | "unauthorized_client"
  | "unsupported_grant_type";

/**
 * A failure of Entra, with the number that its text begins with: AADSTS700213.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/reference-error-codes
 */
export class EntraError extends Error {
  constructor(
    readonly code: number,
    readonly error: OAuthError,
    text: string,
    /** HTTP status. @default 401 for invalid_client, 400 for the others */
    readonly status: number = error === "invalid_client" ? 401 : 400,
    readonly headers: Record<string, string> = {},
  ) {
    super(`AADSTS${code}: ${text}`);
    this.name = "EntraError";
  }
}

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Answers with the error as Entra's token endpoint writes it. */
export function sendEntraError(
  request: IncomingMessage,
  response: ServerResponse,
  error: EntraError,
  clock: Clock,
): void {
  const traceId = randomUUID();
  const asked = request.headers["client-request-id"];
  const correlationId = typeof asked === "string" && guid.test(asked) ? asked : randomUUID();
  const timestamp = `${new Date(clock.now()).toISOString().slice(0, 19).replace("T", " ")}Z`;
  const body = {
    error: error.error,
    error_description: `${error.message} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`,
    error_codes: [error.code],
    timestamp,
    trace_id: traceId,
    correlation_id: correlationId,
    error_uri: `https://login.microsoftonline.com/error?code=${error.code}`,
  };
  sendJson(response, error.status, body, {
    "cache-control": "no-store, no-cache",
    pragma: "no-cache",
    "x-ms-request-id": traceId,
    "client-request-id": correlationId,
    ...error.headers,
  });
}
