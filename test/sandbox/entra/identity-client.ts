import { DefaultAzureCredential } from "@azure/identity";

/** The claims of a token that the default credential gets, without checking them. */
export async function defaultToken(scope: string) {
  const { token, expiresOnTimestamp } = await new DefaultAzureCredential().getToken(scope);
  return { claims: claimsOf(token), expiresOnTimestamp };
}

function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
}
