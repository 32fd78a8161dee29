import type { IncomingMessage } from "node:http";
import type { SandboxContext } from "../../core/context";
import { type AccessClaims, TokenRejected } from "../../entra/tokens";
import { bearerToken, requestUrl } from "../request";
import type { StorageAccount } from "./account";
import {
  authenticationFailed,
  authorizationFailure,
  invalidAuthenticationInfo,
  keyNotPermitted,
  noAuthenticationInformation,
  publicAccessNotPermitted,
  resourceNotFound,
} from "./errors";

/** The first version of the service that takes tokens. */
const firstBearerVersion = "2017-11-09";
/** From this version on, a request without a token is answered with a challenge. */
const firstChallengeVersion = "2019-12-12";

/**
 * Who is calling. The sandbox lets nobody in but with an Entra token: account keys, shared access signatures and
 * anonymous requests are refused as Azure refuses them on an account that has them switched off, and
 * plainly where the account allows them.
 *
 * @throws StorageError
 * @see https://learn.microsoft.com/rest/api/storageservices/authorize-with-azure-active-directory
 */
export async function authenticate(
  context: SandboxContext,
  request: IncomingMessage,
  account: StorageAccount,
  host: string,
): Promise<AccessClaims> {
  const { tenantId } = context.account;
  const { authorization } = request.headers;
  const signature = requestUrl(request)?.searchParams.has("sig") === true;
  const version = String(request.headers["x-ms-version"] ?? "");
  if (account.closed) throw authorizationFailure();
  if (/^SharedKey(Lite)? /i.test(authorization ?? "") || (authorization === undefined && signature)) {
    if (!account.allowSharedKeyAccess) throw keyNotPermitted();
    throw authenticationFailed(
      "The sandbox authorizes requests by Entra tokens only, not by key or signature.",
    );
  }
  if (authorization === undefined) {
    if (version >= firstChallengeVersion) throw noAuthenticationInformation(tenantId);
    throw account.allowBlobPublicAccess ? resourceNotFound() : publicAccessNotPermitted();
  }
  if (version < firstBearerVersion) {
    throw authenticationFailed("Authentication scheme Bearer is not supported in this version.");
  }
  const token = bearerToken(request);
  if (token === undefined) {
    throw invalidAuthenticationInfo(tenantId, "The Authorization header is not formed correctly.");
  }
  try {
    return await context.tokens.verify(token, ["https://storage.azure.com", `https://${host}`]);
  } catch (error) {
    if (error instanceof TokenRejected) throw invalidAuthenticationInfo(tenantId, rejection(error));
    throw error;
  }
}

function rejection({ reason }: TokenRejected): string {
  switch (reason) {
    case "audience":
      return "Audience validation failed. Audience did not match.";
    case "issuer":
      return "Issuer validation failed. Issuer did not match.";
    case "expired":
      return "Lifetime validation failed. The token is expired.";
    default:
      return "Signature validation failed. The token is not valid.";
  }
}
