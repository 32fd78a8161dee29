import type { TokenClaims } from "../diagnosis/credential-mismatch";
import { send } from "../dynamic/http";
import { LinkFailure, troubleOf } from "./link-failure";

/** What is presented to Entra, and to whom it belongs. */
export interface ExchangeClient {
  tenantId: string;
  clientId: string;
}

/**
 * Codes that no amount of waiting mends, whatever the credential says.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/reference-error-codes
 */
const mistakes: Record<number, string> = {
  90002: "there is no such tenant",
  700222: "the token was issued by Entra, which cannot be exchanged",
  50027: "the token is malformed",
};

/** The token's time is over. */
export const assertionExpired = "AADSTS700024";

interface TokenError {
  error_codes?: number[];
  error_description?: string;
}

export const exchangeLink = "token exchange at Entra";

/** Exchanges a ServiceAccount's token for one of `resource` (`https://vault.azure.net`). @throws LinkFailure */
export async function exchangeToken(
  client: ExchangeClient,
  assertion: string,
  resource: string,
): Promise<string> {
  const authority = (process.env.AZURE_AUTHORITY_HOST ?? "https://login.microsoftonline.com").replace(
    /\/$/,
    "",
  );
  const response = await send({
    method: "POST",
    url: `${authority}/${client.tenantId}/oauth2/v2.0/token`,
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({
      grant_type: "client_credentials",
      client_id: client.clientId,
      scope: `${resource}/.default`,
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: assertion,
    }).toString(),
  });
  if (response.status === 200) return (JSON.parse(response.body) as { access_token: string }).access_token;
  const trouble = troubleOf(exchangeLink, response);
  if (trouble) throw trouble;
  const { error_codes: codes = [], error_description: description = "" } = parse(response.body);
  const code = codes[0];
  const mistake = code === undefined ? undefined : mistakes[code];
  throw new LinkFailure(
    exchangeLink,
    code === undefined ? String(response.status) : `AADSTS${code}`,
    (mistake ? `${mistake}. ` : "") + withoutCode(description.split(/\r?\n/)[0] ?? ""),
    mistake === undefined,
    { presented: claimsOf(assertion) },
  );
}

/** Descriptions begin with the code, which is said already, and end with ids for Microsoft's support. */
const withoutCode = (description: string): string =>
  description.replace(/^AADSTS\d+:\s*/, "").replace(/\s*Trace ID: .*$/, "");

function parse(body: string): TokenError {
  try {
    return JSON.parse(body) as TokenError;
  } catch {
    return {};
  }
}

/** What a ServiceAccount's token says of itself. */
function claimsOf(token: string): TokenClaims {
  const {
    iss = "",
    sub = "",
    aud,
  } = payloadOf<{ iss?: string; sub?: string; aud?: string | string[] }>(token);
  return { issuer: iss, subject: sub, audience: [aud ?? ""].flat()[0] ?? "" };
}

/** The claims of a token that came from where it should; nobody relies on its signature here. */
export function payloadOf<T>(token: string): Partial<T> {
  try {
    return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8")) as Partial<T>;
  } catch {
    // An opaque token says nothing.
    return {};
  }
}
