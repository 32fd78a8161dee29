import { send } from "../dynamic/http";
import { LinkFailure } from "./cluster-client";
import type { WorkloadProof } from "./proof";

/**
 * Codes that no amount of waiting mends.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/reference-error-codes
 */
const mistakes: Record<number, string> = {
  7002138: "issuer or subject differs in case",
  700212: "the audience differs",
  700222: "the token was issued by Entra, which cannot be exchanged",
  50027: "the token is malformed",
};

interface TokenError {
  error_codes?: number[];
  error_description?: string;
}

/** Exchanges a ServiceAccount's token for one of `resource` (`https://vault.azure.net`). @throws LinkFailure */
export async function exchangeToken(
  proof: WorkloadProof,
  assertion: string,
  resource: string,
): Promise<string> {
  const authority = (process.env.AZURE_AUTHORITY_HOST ?? "https://login.microsoftonline.com").replace(
    /\/$/,
    "",
  );
  const response = await send({
    method: "POST",
    url: `${authority}/${proof.tenantId}/oauth2/v2.0/token`,
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({
      grant_type: "client_credentials",
      client_id: proof.clientId,
      scope: `${resource}/.default`,
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: assertion,
    }).toString(),
  });
  if (response.status === 200) return (JSON.parse(response.body) as { access_token: string }).access_token;
  const { error_codes: codes = [], error_description: description = "" } = parse(response.body);
  const code = codes[0];
  const mistake = code === undefined ? undefined : mistakes[code];
  throw new LinkFailure(
    "token exchange at Entra",
    code === undefined ? String(response.status) : `AADSTS${code}`,
    (mistake ? `${mistake}. ` : "") + (description.split(/\r?\n/)[0] ?? "") + sideBySide(proof, assertion),
    mistake === undefined,
  );
}

function parse(body: string): TokenError {
  try {
    return JSON.parse(body) as TokenError;
  } catch {
    return {};
  }
}

/** What the credential says beside what the token says, for each that differs. */
export function sideBySide(
  proof: Pick<WorkloadProof, "issuer" | "subject" | "audience">,
  token: string,
): string {
  const payload = Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8");
  const claims = JSON.parse(payload) as { iss?: string; sub?: string; aud?: string | string[] };
  const audience = Array.isArray(claims.aud) ? claims.aud[0] : claims.aud;
  const pairs = [
    ["issuer", proof.issuer, claims.iss],
    ["subject", proof.subject, claims.sub],
    ["audience", proof.audience, audience],
  ] as const;
  const differing = pairs.filter(([, expected, actual]) => expected !== actual);
  return differing
    .map(
      ([what, expected, actual]) => ` The credential's ${what} is '${expected}', the token's is '${actual}'.`,
    )
    .join("");
}
