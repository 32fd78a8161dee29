import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";

/**
 * An error as Azure Storage gives it: XML, and its code in `x-ms-error-code`.
 * @see https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes
 */
export class StorageError extends Error {
  constructor(
    /** HTTP status. */
    readonly status: number,
    readonly code: string,
    message: string,
    readonly more: { detail?: string; headers?: Record<string, string> } = {},
  ) {
    super(message);
    this.name = "StorageError";
  }
}

const escapeXml = (text: string) =>
  text
    .replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)
    .replace(/[^\t\n\r -\ud7ff\ue000-\ufffd]/g, "?");

/** Writes an error, unless the answer has begun already: then the connection ends. */
export function sendStorageError(
  request: IncomingMessage,
  response: ServerResponse,
  error: StorageError,
): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const requestId = randomUUID();
  const { detail, headers } = error.more;
  const message = `${error.message}\nRequestId:${requestId}\nTime:${new Date().toISOString()}`;
  const detailXml =
    detail === undefined ? "" : `<AuthenticationErrorDetail>${escapeXml(detail)}</AuthenticationErrorDetail>`;
  const body = `\ufeff<?xml version="1.0" encoding="utf-8"?><Error><Code>${error.code}</Code><Message>${escapeXml(message)}</Message>${detailXml}</Error>`;
  response.writeHead(error.status, {
    "content-type": "application/xml",
    "content-length": Buffer.byteLength(body),
    "x-ms-error-code": error.code,
    "x-ms-request-id": requestId,
    ...headers,
  });
  response.end(request.method === "HEAD" ? undefined : body);
}

export const accountNotFound = (host: string) =>
  new StorageError(404, "ResourceNotFound", `There is no storage account at '${host}'.`);

export const permissionMismatch = () =>
  new StorageError(
    403,
    "AuthorizationPermissionMismatch",
    "This request is not authorized to perform this operation using this permission.",
  );

/** The account's networks let nobody in. */
export const authorizationFailure = () =>
  new StorageError(403, "AuthorizationFailure", "This request is not authorized to perform this operation.");

export const keyNotPermitted = () =>
  new StorageError(
    403,
    "KeyBasedAuthenticationNotPermitted",
    "Key based authentication is not permitted on this storage account.",
  );

export const publicAccessNotPermitted = () =>
  new StorageError(
    409,
    "PublicAccessNotPermitted",
    "Public access is not permitted on this storage account.",
  );

export const resourceNotFound = () =>
  new StorageError(404, "ResourceNotFound", "The specified resource does not exist.");

/** The 401 that tells a client where to get a token. */
const challenge = (code: string, tenantId: string, detail?: string) =>
  new StorageError(
    401,
    code,
    "Server failed to authenticate the request. Please refer to the information in the www-authenticate header.",
    {
      ...(detail === undefined ? {} : { detail }),
      headers: {
        "www-authenticate": `Bearer authorization_uri=https://login.microsoftonline.com/${tenantId}/oauth2/authorize resource_id=https://storage.azure.com`,
      },
    },
  );

export const noAuthenticationInformation = (tenantId: string) =>
  challenge("NoAuthenticationInformation", tenantId);

export const invalidAuthenticationInfo = (tenantId: string, detail: string) =>
  challenge("InvalidAuthenticationInfo", tenantId, detail);

export const authenticationFailed = (detail: string) =>
  new StorageError(
    403,
    "AuthenticationFailed",
    "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly including the signature.",
    { detail },
  );

export const invalidUri = () =>
  new StorageError(400, "InvalidUri", "The requested URI does not represent any resource on the server.");

export const notImplemented = (what: string) =>
  new StorageError(501, "NotImplemented", `The sandbox's Azure Storage does not implement ${what}.`);
