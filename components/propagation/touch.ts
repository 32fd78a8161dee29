import { send } from "../dynamic/http";
import { LinkFailure } from "./cluster-client";
import type { KnownTouch } from "./proof";

/** The resource whose tokens a data plane takes. */
export function tokenResource(touch: KnownTouch): string {
  return touch.kind === "keyVault" || touch.kind === "keyVaultSecret"
    ? "https://vault.azure.net"
    : "https://storage.azure.com";
}

const keyVaultApi = "api-version=7.6";
const storageApi = { "x-ms-version": "2024-11-04" };

function requestFor(touch: KnownTouch): { link: string; url: string; headers: Record<string, string> } {
  const base = (url: string) => url.replace(/\/$/, "");
  switch (touch.kind) {
    case "keyVaultSecret":
      return {
        link: `secret ${touch.secretName} of ${touch.vaultUri}`,
        url: `${base(touch.vaultUri)}/secrets/${touch.secretName}?${keyVaultApi}`,
        headers: {},
      };
    case "keyVault":
      return {
        link: `secrets of ${touch.vaultUri}`,
        url: `${base(touch.vaultUri)}/secrets?maxresults=1&${keyVaultApi}`,
        headers: {},
      };
    case "blobContainer":
      return {
        link: `container ${touch.containerName} of ${touch.endpoint}`,
        url: `${base(touch.endpoint)}/${touch.containerName}?restype=container&comp=list&maxresults=1`,
        headers: storageApi,
      };
    case "blobService":
      return {
        link: `containers of ${touch.endpoint}`,
        url: `${base(touch.endpoint)}/?comp=list&maxresults=1`,
        headers: storageApi,
      };
  }
}

/**
 * What services answer when their network rules, and not roles, keep this machine out.
 *
 * @see https://learn.microsoft.com/azure/key-vault/general/rest-error-codes
 * @see https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes
 */
const keptOut = /ForbiddenByFirewall|ForbiddenByConnection|AuthorizationFailure|IpAuthorizationError/;

/**
 * Reads what the permission allows to read, and forgets it.
 *
 * @returns false when network rules keep this machine out, so that nothing can be shown from here
 * @throws LinkFailure
 */
export async function touchDataPlane(touch: KnownTouch, token: string): Promise<boolean> {
  const { link, url, headers } = requestFor(touch);
  const response = await send({
    method: "GET",
    url,
    headers: { ...headers, authorization: `Bearer ${token}` },
  });
  // A secret that is not there yet is none of the permission's business: asking for it was allowed.
  if (response.status < 300 || response.status === 404) return true;
  const code = response.headers["x-ms-error-code"] ?? /"code":\s*"(\w+)"/.exec(response.body)?.[1] ?? "";
  if (response.status === 403 && keptOut.test(`${code} ${response.body}`)) return false;
  throw new LinkFailure(
    link,
    `${response.status} ${code}`.trim(),
    response.status === 403 ? "the role assignment has not taken effect" : "the data plane refused",
    true,
  );
}
