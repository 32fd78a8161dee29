import { AzureError } from "../../core/azure-error";
import type { SandboxContext } from "../../core/context";
import { TokenRejected } from "../tokens";

const audience = "https://graph.microsoft.com";

const messages: Record<TokenRejected["reason"], string> = {
  malformed: "CompactToken parsing failed with error code: 80049217",
  signature: "Access token validation failure. Invalid signature.",
  audience: "Access token validation failure. Invalid audience.",
  issuer: "Access token validation failure. Invalid issuer.",
  expired: "Lifetime validation failed, the token is expired.",
  unknownPrincipal: "The identity of the calling application could not be established.",
};

/**
 * Lets the deployer in, who holds Application.ReadWrite.All and AppRoleAssignment.ReadWrite.All, and nobody else:
 * no workload is given permissions on the directory here.
 *
 * @param token what came as a bearer token
 * @throws AzureError 401 InvalidAuthenticationToken, 403 Authorization_RequestDenied
 */
export async function authorize(
  token: string | undefined,
  { tokens, account }: SandboxContext,
): Promise<void> {
  const claims = await tokens.verify(token ?? "", [audience]).catch((error) => {
    if (!(error instanceof TokenRejected)) throw error;
    const message = token === undefined ? "Access token is empty." : messages[error.reason];
    throw new AzureError(401, "InvalidAuthenticationToken", message, {
      headers: {
        "WWW-Authenticate": `Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", client_id="00000003-0000-0000-c000-000000000000"`,
      },
    });
  });
  if (claims.oid !== account.deployer.objectId) {
    throw new AzureError(
      403,
      "Authorization_RequestDenied",
      "Insufficient privileges to complete the operation.",
    );
  }
}
