import type { IncomingMessage } from "node:http";

/** The token of an `Authorization: Bearer …` header. */
export function bearerToken(request: IncomingMessage): string | undefined {
  return /^Bearer +([^\s]+) *$/i.exec(request.headers.authorization ?? "")?.[1];
}

/** The host that the request is for, in lower case and without port. */
export const requestHost = (request: IncomingMessage): string =>
  (request.headers.host ?? "").toLowerCase().replace(/:\d+$/, "");

/** The request's URL, or undefined when it is none. A double slash at its start stays part of the path. */
export function requestUrl(request: IncomingMessage): URL | undefined {
  const target = request.url ?? "/";
  const address = target.startsWith("/") ? `https://${requestHost(request)}${target}` : target;
  return URL.canParse(address) ? new URL(address) : undefined;
}
