import { send } from "../dynamic/http";
import { loginRefused, SqlFailure, withSqlSession } from "../dynamic/sql-session";
import { LinkFailure, troubleOf } from "./link-failure";
import type { KnownTouch } from "./proof";
import { payloadOf } from "./token-exchange";

/** The resource whose tokens a data plane takes. */
export function tokenResource(touch: KnownTouch): string {
  switch (touch.kind) {
    case "keyVault":
    case "keyVaultSecret":
      return "https://vault.azure.net";
    case "blobContainer":
    case "blobService":
      return "https://storage.azure.com";
    case "sqlDatabase":
      return "https://database.windows.net";
    case "appRole":
      return touch.identifierUri;
  }
}

type SqlTouch = Extract<KnownTouch, { kind: "sqlDatabase" }>;
type AppRoleTouch = Extract<KnownTouch, { kind: "appRole" }>;
type HttpTouch = Exclude<KnownTouch, SqlTouch | AppRoleTouch>;

const keyVaultApi = "api-version=7.6";
const storageApi = { "x-ms-version": "2024-11-04" };

function requestFor(touch: HttpTouch): { link: string; url: string; headers: Record<string, string> } {
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
export const keptOut = /ForbiddenByFirewall|ForbiddenByConnection|AuthorizationFailure|IpAuthorizationError/;

/**
 * Reads what the permission allows to read, and forgets it.
 *
 * @returns false when network rules keep this machine out, so that nothing can be shown from here
 * @throws LinkFailure
 */
export async function touchDataPlane(touch: KnownTouch, token: string): Promise<boolean> {
  switch (touch.kind) {
    case "sqlDatabase":
      return touchDatabase(touch, token);
    case "appRole":
      return findAppRole(touch, token);
    default:
      return touchOverHttp(touch, token);
  }
}

/** The API itself is nobody's to touch from here: what it will look at is the token. */
function findAppRole(touch: AppRoleTouch, token: string): true {
  const { roles = [] } = payloadOf<{ roles: string[] }>(token);
  if (roles.includes(touch.appRole)) return true;
  throw new LinkFailure(
    `app role ${touch.appRole} of ${touch.identifierUri}`,
    "not in the token",
    "the assignment of the role has not taken effect",
    true,
    { touch },
  );
}

async function touchOverHttp(touch: HttpTouch, token: string): Promise<boolean> {
  const { link, url, headers } = requestFor(touch);
  const response = await send({
    method: "GET",
    url,
    headers: { ...headers, authorization: `Bearer ${token}` },
  });
  // A secret that is not there yet is none of the permission's business: asking for it was allowed.
  if (response.status < 300 || response.status === 404) return true;
  const trouble = troubleOf(link, response);
  if (trouble) throw trouble;
  const code = response.headers["x-ms-error-code"] ?? innermostCode(response.body);
  if (response.status === 403 && keptOut.test(`${code} ${response.body}`)) return false;
  throw new LinkFailure(
    link,
    `${response.status} ${code}`.trim(),
    response.status === 403 ? "the role assignment has not taken effect" : "the data plane refused",
    true,
    { touch },
  );
}

/** The code that says most: Key Vault's ForbiddenByRbac stands inside of Forbidden. */
function innermostCode(body: string): string {
  return [...body.matchAll(/"code":\s*"(\w+)"/g)].at(-1)?.[1] ?? "";
}

async function touchDatabase({ server, databaseName }: SqlTouch, token: string): Promise<boolean> {
  try {
    await withSqlSession({ server, databaseName, token }, (session) => session.query("SELECT 1"));
    return true;
  } catch (error) {
    if (!(error instanceof SqlFailure) || error.number === undefined) throw error;
    if (error.isKeptOut) return false;
    throw new LinkFailure(
      `database ${databaseName} on ${server}`,
      `error ${error.number}`,
      error.number === loginRefused
        ? "the database has no user whose SID is the identity's client id"
        : error.message,
      true,
    );
  }
}
