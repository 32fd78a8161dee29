import type { ServerResponse } from "node:http";

/** An error in the form in which ARM and most data planes give it: `{"error":{"code","message"}}`. */
export class AzureError extends Error {
  constructor(
    /** HTTP status. */
    readonly status: number,
    /** Azure's own code: "RoleAssignmentExists". */
    readonly code: string,
    message: string,
    readonly more: { target?: string; details?: unknown[]; headers?: Record<string, string> } = {},
  ) {
    super(message);
    this.name = "AzureError";
  }
}

/** Answers with `{"error":{"code","message"}}`, unless the answer has begun already: then the connection ends. */
export function sendAzureError(response: ServerResponse, error: AzureError): void {
  const { headers, ...more } = error.more;
  const body = { error: { code: error.code, message: error.message, ...more } };
  sendJson(response, error.status, body, { "x-ms-error-code": error.code, ...headers });
}

/** Answers with a JSON body, unless the answer has begun already: then the connection ends. */
export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}
