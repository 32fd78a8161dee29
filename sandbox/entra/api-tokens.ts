import type { Clock } from "../core/clock";
import type { Store } from "../core/store";
import { type Application, findApi } from "./applications";
import type { Directory, Principal } from "./directory";
import { EntraError } from "./entra-error";
import { getSettings, listAppRoleAssignments } from "./service-principals";

/** What a token for an application of the tenant, as an API, says on top of what every token says. */
export interface ApiToken {
  version: "1.0" | "2.0";
  /** What the token is for: as it was asked for in version 1, the API's client id in version 2. */
  audience: string;
  /** The values of the roles that the principal has; absent when it has none. */
  roles?: string[];
}

/**
 * How the application behind `audience` wants its tokens for `principal`; undefined when no application of the
 * tenant is behind it.
 *
 * @throws EntraError 501051 when the application takes only those who have one of its roles, and this one has none
 * @see https://learn.microsoft.com/entra/identity-platform/access-tokens#token-formats
 */
export function apiTokenFor(
  principal: Principal,
  audience: string,
  { store, directory, clock }: { store: Store; directory: Directory; clock: Clock },
): ApiToken | undefined {
  const api = findApi(store, audience);
  const resource = api && directory.byClientId(api.appId);
  if (!api || !resource) return undefined;
  const assigned = listAppRoleAssignments(store, resource.objectId).filter(
    ({ principalId, visibleAt }) => principalId === principal.objectId && clock.now() >= visibleAt,
  );
  if (assigned.length === 0 && getSettings(store, resource.objectId).appRoleAssignmentRequired) {
    throw new EntraError(
      501051,
      "invalid_grant",
      `Application '${principal.clientId}'(${principal.displayName}) is not assigned to a role for the application ` +
        `'${audience}'(${api.displayName}).`,
    );
  }
  const roles = roleValues(
    api,
    assigned.map(({ appRoleId }) => appRoleId),
  );
  const version = api.accessTokenVersion === 2 ? "2.0" : "1.0";
  return {
    version,
    audience: version === "2.0" ? api.appId : audience,
    ...(roles.length === 0 ? {} : { roles }),
  };
}

function roleValues({ appRoles = [] }: Application, ids: readonly string[]): string[] {
  return appRoles.flatMap(({ id, value, isEnabled }) =>
    isEnabled && value !== null && ids.includes(id) ? [value] : [],
  );
}
