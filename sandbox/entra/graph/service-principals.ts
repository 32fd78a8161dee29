import { randomUUID } from "node:crypto";
import { z } from "zod";
import { AzureError } from "../../core/azure-error";
import type { SandboxContext } from "../../core/context";
import { getApplication } from "../applications";
import type { Principal } from "../directory";
import { getSettings, putSettings, removeSettings } from "../service-principals";
import { badRequest, invalidValue, notFound } from "./errors";
import { guid, text } from "./request-body";

/** @see https://learn.microsoft.com/graph/api/resources/serviceprincipal */
export const servicePrincipalChange = z.strictObject({
  appId: guid.optional(),
  accountEnabled: z.boolean().optional(),
  appRoleAssignmentRequired: z.boolean().optional(),
  alternativeNames: z.array(z.string()).optional(),
  description: text(1024).optional(),
  loginUrl: text(2048).optional(),
  notes: text(1024).optional(),
  notificationEmailAddresses: z.array(z.string()).optional(),
  preferredSingleSignOnMode: text(32).optional(),
  servicePrincipalType: z.string().optional(),
  tags: z.array(z.string().min(1).max(256)).optional(),
});

export type ServicePrincipalChange = z.infer<typeof servicePrincipalChange>;

/** A service principal as Graph shows it: a managed identity's or an application's. */
export function servicePrincipalObject(principal: Principal, { store, account }: SandboxContext) {
  const { objectId, clientId = "", displayName, managedIdentityResourceId } = principal;
  const { otherProperties, ...settings } = getSettings(store, objectId);
  const application = getApplication(store, clientId);
  return {
    deletedDateTime: null,
    alternativeNames:
      managedIdentityResourceId === undefined ? [] : ["isExplicit=True", managedIdentityResourceId],
    description: null,
    homepage: null,
    loginUrl: null,
    logoutUrl: null,
    notes: null,
    notificationEmailAddresses: [],
    preferredSingleSignOnMode: null,
    replyUrls: [],
    samlSingleSignOnSettings: null,
    tags: [],
    ...otherProperties,
    ...settings,
    id: objectId,
    appId: clientId,
    appDisplayName: displayName,
    displayName,
    appOwnerOrganizationId: application ? account.tenantId : null,
    appRoles: (application?.appRoles ?? []).map((role) => ({ ...role, origin: "Application" })),
    oauth2PermissionScopes: application?.permissionScopes ?? [],
    servicePrincipalNames: [...(application?.identifierUris ?? []), clientId],
    servicePrincipalType: managedIdentityResourceId === undefined ? "Application" : "ManagedIdentity",
    signInAudience: application ? (application.otherProperties?.signInAudience ?? "AzureADMyOrg") : null,
  };
}

export function listServicePrincipals({ directory }: SandboxContext): Principal[] {
  return directory.list().filter(({ type }) => type === "ServicePrincipal");
}

/** By object id, or by client id as `appId='…'`. @throws AzureError 404 Request_ResourceNotFound */
export function findServicePrincipal({ directory }: SandboxContext, key: string): Principal {
  const appId = /^appId='(.+)'$/i.exec(key)?.[1];
  const found = appId === undefined ? directory.byObjectId(key) : directory.byClientId(appId);
  if (found?.type !== "ServicePrincipal") throw notFound(key);
  return found;
}

/** @throws AzureError 400 NoBackingApplicationObject, 409 when the application has one already */
export function createServicePrincipal(context: SandboxContext, change: ServicePrincipalChange): Principal {
  const { directory, store, clock, faults } = context;
  const { appId } = change;
  if (appId === undefined) throw invalidValue("appId", "ServicePrincipal");
  const application = getApplication(store, appId);
  if (!application) {
    throw new AzureError(
      400,
      "NoBackingApplicationObject",
      `The appId '${appId}' of the service principal does not reference a valid application object.`,
    );
  }
  if (directory.byClientId(appId)) {
    throw new AzureError(
      409,
      "Request_MultipleObjectsWithSameKeyValue",
      `The service principal cannot be created, updated, or restored because the service principal name ${appId} is already in use.`,
    );
  }
  const principal: Principal = {
    objectId: randomUUID(),
    clientId: application.appId,
    displayName: application.displayName,
    type: "ServicePrincipal",
    visibleAt: faults.visibleAt("principal"),
  };
  return store.transaction(() => {
    directory.add(principal);
    putSettings(store, principal.objectId, {
      appRoleAssignmentRequired: false,
      accountEnabled: true,
      createdDateTime: new Date(clock.now()).toISOString(),
      otherProperties: {},
    });
    changeServicePrincipal(context, principal, change);
    return principal;
  });
}

export function changeServicePrincipal(
  { store }: SandboxContext,
  principal: Principal,
  change: ServicePrincipalChange,
): void {
  const { appId, appRoleAssignmentRequired, accountEnabled, ...others } = change;
  if (appId !== undefined && appId.toLowerCase() !== principal.clientId?.toLowerCase()) {
    throw invalidValue("appId", "ServicePrincipal");
  }
  const settings = getSettings(store, principal.objectId);
  putSettings(store, principal.objectId, {
    ...settings,
    appRoleAssignmentRequired: appRoleAssignmentRequired ?? settings.appRoleAssignmentRequired,
    accountEnabled: accountEnabled ?? settings.accountEnabled,
    otherProperties: { ...settings.otherProperties, ...others },
  });
}

/** @throws AzureError 400 for a managed identity, which goes with its Azure resource */
export function removeServicePrincipal({ store, directory }: SandboxContext, principal: Principal): void {
  if (principal.managedIdentityResourceId !== undefined) {
    throw badRequest("Managed identities cannot be deleted through Microsoft Graph.");
  }
  store.transaction(() => {
    removeSettings(store, principal.objectId);
    directory.remove(principal.objectId);
  });
}
