import type { IncomingMessage, ServerResponse } from "node:http";
import { parse as parseYaml } from "yaml";
import { AzureError } from "../../core/azure-error";
import { readBody } from "../../core/request-body";
import { isRecord } from "../object";
import { ApiError, badRequest } from "../status";
import { parseProtobuf, protobufType } from "./protobuf";

/** What the API server of Kubernetes takes at most, in bytes. */
const largestBody = 3 * 1024 * 1024;

/** A request's body and its media type. */
export interface Body {
  bytes: Buffer;
  type: string;
}

/** @throws AzureError 413 */
export const bodyOf = async (request: IncomingMessage): Promise<Body> => ({
  bytes: await readBody(request, largestBody),
  type: mediaType(request),
});

/** The media type of a request's body, without parameters. */
const mediaType = (request: IncomingMessage): string =>
  (request.headers["content-type"] ?? "application/json").split(";")[0]!.trim().toLowerCase();

/** @throws ApiError 400 when the body is not what its type says, 415 for a type that the API does not read */
export function parseBody({ bytes, type }: Body): unknown {
  if (type === protobufType) return parseProtobuf(bytes);
  if (!/json|yaml/.test(type)) {
    throw new ApiError(
      415,
      "UnsupportedMediaType",
      `the body of the request was in an unknown format - ${type}`,
    );
  }
  try {
    const text = bytes.toString("utf8");
    return type.includes("yaml")
      ? (parseYaml(text, { maxAliasCount: 100, logLevel: "error" }) as unknown)
      : JSON.parse(text);
  } catch {
    throw badRequest(`the object provided is unrecognized (must be of type ${type})`);
  }
}

/** @throws ApiError 400 when the body is no object */
export function parseRecord(body: Body): Record<string, unknown> {
  const value = parseBody(body);
  if (!isRecord(value)) throw badRequest("the object provided is unrecognized: it must be an object");
  return value;
}

export function sendJson(
  response: ServerResponse,
  code: number,
  body: unknown,
  type = "application/json",
): void {
  const text = JSON.stringify(body);
  response.writeHead(code, { "content-type": type, "content-length": Buffer.byteLength(text) });
  response.end(text);
}

export function sendText(response: ServerResponse, code: number, text: string): void {
  response.writeHead(code, {
    "content-type": "text/plain; charset=utf-8",
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
}

/** The host that a request is for, in lower case and without port. */
export const hostOf = (request: IncomingMessage): string =>
  (request.headers.host ?? "").toLowerCase().replace(/:\d+$/, "");

const reasons: Record<number, string> = {
  413: "RequestEntityTooLarge",
  429: "TooManyRequests",
  503: "ServiceUnavailable",
  504: "Timeout",
};

/** Writes an error as a `Status`. Others than those of this API and of the sandbox are thrown on. */
export function sendError(response: ServerResponse, error: unknown): void {
  if (error instanceof AzureError) {
    const { status, message, more } = error;
    for (const [name, value] of Object.entries(more.headers ?? {})) response.setHeader(name, value);
    const known = new ApiError(status, reasons[status] ?? "InternalError", message);
    sendJson(response, status, known.toStatus());
  } else if (error instanceof ApiError && !response.headersSent) {
    sendJson(response, error.code, error.toStatus());
  } else throw error;
}
