import { decodeJwt } from "jose";
import { AzureError } from "../core/azure-error";
import type { SandboxContext } from "../core/context";
import { type AccessClaims, TokenRejected } from "../entra/tokens";

/** Resources whose tokens ARM takes. */
const audiences = ["https://management.azure.com", "https://management.core.windows.net"] as const;

const allowedAudiences =
  "'https://management.core.windows.net/','https://management.core.windows.net','https://management.azure.com/','https://management.azure.com'";

/**
 * Who sent a request.
 *
 * @throws AzureError 401 with the challenge that leads clients to the tenant's authority
 * @see https://learn.microsoft.com/rest/api/azure/#create-the-request
 */
export async function authenticate(
  { tokens, account, clock }: Pick<SandboxContext, "tokens" | "account" | "clock">,
  authorization: string | undefined,
): Promise<AccessClaims> {
  const challenge = `Bearer authorization_uri="https://login.microsoftonline.com/${account.tenantId}"`;
  const refuse = (code: string, message: string, why?: string) => {
    const header =
      why === undefined ? challenge : `${challenge}, error="invalid_token", error_description="${why}"`;
    return new AzureError(401, code, message, { headers: { "WWW-Authenticate": header } });
  };
  if (authorization === undefined || authorization.trim() === "") {
    throw refuse("AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.");
  }
  const token = /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
  if (token === undefined) {
    throw refuse(
      "AuthenticationFailedInvalidHeader",
      "Authentication failed. The 'Authorization' header is provided in an invalid format.",
    );
  }
  try {
    return await tokens.verify(token, audiences);
  } catch (error) {
    if (!(error instanceof TokenRejected)) throw error;
    switch (error.reason) {
      case "expired": {
        const now = new Date(clock.now()).toUTCString();
        throw refuse(
          "ExpiredAuthenticationToken",
          `The access token expiry UTC time '${expiryOf(token)}' is earlier than current UTC time '${now}'.`,
          "The access token has expired.",
        );
      }
      case "audience":
        throw refuse(
          "InvalidAuthenticationTokenAudience",
          `The access token has been obtained for wrong audience or resource '${decodeJwt(token).aud}'. It should exactly match with one of the allowed audiences ${allowedAudiences}.`,
          "The access token has been obtained for a wrong audience or resource.",
        );
      case "issuer":
        throw refuse(
          "InvalidAuthenticationTokenTenant",
          `The access token is from the wrong issuer. It must match the tenant 'https://sts.windows.net/${account.tenantId}/' associated with this subscription.`,
          "The access token is from the wrong issuer.",
        );
      default:
        throw refuse(
          "InvalidAuthenticationToken",
          "The access token is invalid.",
          "The access token is invalid.",
        );
    }
  }
}

const expiryOf = (token: string): string => new Date((decodeJwt(token).exp ?? 0) * 1000).toUTCString();
