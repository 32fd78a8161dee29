import { getResource, type StoredResource } from "../../arm/resource";
import { findByGlobalName } from "../../arm/resource-index";
import type { SandboxContext } from "../../core/context";
import { type AccessClaims, TokenRejected } from "../../entra/tokens";
import { Database } from "./engine/database";
import { SqlError } from "./engine/errors";
import type { Session } from "./engine/session";
import { Guid } from "./engine/values";

/** For which resource a token must be. */
export const sqlAudience = "https://database.windows.net/";

const loginFailed = (user: string, reason = "") =>
  new SqlError(18456, `Login failed for user '${user}'.${reason}`, 1, 14);

/** The text that Azure has for whom it knows by a token only. */
const tokenPrincipal = "<token-identified principal>";

/** One more than the last session's id; the first ones are the server's own. */
let lastSessionId = 50;

/** The logical server's ARM resource. @throws SqlError when there is none, or it is closed */
export function requireServer(context: SandboxContext, host: string): StoredResource {
  const name = host.split(".")[0] ?? "";
  const server = findByGlobalName(context.store, "Microsoft.Sql/servers", name);
  if (!server) {
    throw new SqlError(
      40532,
      `Cannot open server "${name}" requested by the login.  The login failed.`,
      1,
      20,
    );
  }
  if (String(server.body.properties.publicNetworkAccess).toLowerCase() === "disabled") {
    throw new SqlError(
      47073,
      "An instance-specific error occurred while establishing a connection to SQL Server. The public network interface on this server is not accessible. To connect to this server, use the Private Endpoint from inside your virtual network.",
    );
  }
  return server;
}

/** Azure SQL servers of this toolkit are Entra-only, and so is the sandbox's, whatever its resource says. */
export const passwordRefused = (userName: string): SqlError =>
  loginFailed(
    userName,
    " Reason: Azure Active Directory only authentication is enabled. Please contact your system administrator.",
  );

/**
 * Lets the bearer of an Entra token into a database: as dbo when it is the server's Entra administrator, otherwise
 * as the contained user whose SID is the bearer's: the client id of an application or managed identity, the object
 * id of a user.
 *
 * The sandbox's clients come from loopback, which no firewall rule can name, so rules are not looked at.
 *
 * @throws SqlError 18456 when there is no such user, or the token is not good; 4060 when there is no such database
 */
export async function logIn(
  context: SandboxContext,
  server: StoredResource,
  databaseName: string,
  token: string,
): Promise<Session> {
  const claims = await verify(context, token);
  const database = openDatabase(context, server, databaseName || "master");
  if (!database) {
    throw new SqlError(
      4060,
      `Cannot open database "${databaseName}" requested by the login. The login failed.`,
      1,
      11,
    );
  }
  const isAdministrator = administratorIds(context, server).some((id) =>
    [claims.appid, claims.oid].some((own) => own.toLowerCase() === id.toLowerCase()),
  );
  const ownId = Guid.parse(claims.idtyp === "app" ? claims.appid : claims.oid);
  const user = ownId && database.principalBySid(ownId.toBytes().toString("hex"));
  if (!isAdministrator && !user) throw loginFailed(tokenPrincipal);
  lastSessionId = (lastSessionId % 32_000) + 1;
  return {
    database,
    userName: isAdministrator ? "dbo" : user!.name,
    sid: isAdministrator ? undefined : user!.sid,
    loginName: claims.idtyp === "app" ? `${claims.appid}@${claims.tid}` : claims.oid,
    id: lastSessionId,
    now: () => context.clock.now(),
  };
}

async function verify(context: SandboxContext, token: string): Promise<AccessClaims> {
  try {
    return await context.tokens.verify(token, [sqlAudience]);
  } catch (error) {
    if (!(error instanceof TokenRejected)) throw error;
    throw loginFailed(
      tokenPrincipal,
      error.reason === "expired" ? " Token is expired." : " Incorrect or invalid token.",
    );
  }
}

/** The database as it is now; `master` is there without a resource of its own. */
export function openDatabase(
  context: SandboxContext,
  server: StoredResource,
  name: string,
): Database | undefined {
  const { store } = context;
  if (name.toLowerCase() === "master") {
    return new Database(store, `${server.incarnation}-master`, "master", server.body.name);
  }
  if (!/^[^/]{1,128}$/.test(name)) return undefined;
  const resource = getResource(store, `${server.body.id}/databases/${name}`);
  if (resource?.incarnation === undefined) return undefined;
  return new Database(store, resource.incarnation, resource.body.name, server.body.name);
}

/** The administrator's SID as ARM was given it, and the other id of the same principal: Azure finds it by either. */
function administratorIds({ store, directory }: SandboxContext, server: StoredResource): string[] {
  const child = getResource(store, `${server.body.id}/administrators/ActiveDirectory`);
  const own = server.body.properties.administrators as { sid?: unknown } | undefined;
  const sid = child?.body.properties.sid ?? own?.sid;
  if (typeof sid !== "string" || sid === "") return [];
  const principal = directory.byObjectId(sid) ?? directory.byClientId(sid);
  return principal ? [principal.objectId, ...(principal.clientId ? [principal.clientId] : [])] : [sid];
}
