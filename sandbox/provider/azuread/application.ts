import type { PlainObject, PlainValue } from "../values";
import { applicationLifecycle, objectOf, objectsOf } from "./application-change";
import { type AzureAdType, present } from "./resource-type";

/** Graph says `isEnabled` where the package says `enabled`, and `null` where it says nothing. */
const toGraph = ({ enabled, ...rest }: PlainObject): PlainObject =>
  present({ ...rest, isEnabled: enabled ?? true });
const fromGraph = ({ isEnabled, origin, ...rest }: PlainObject): PlainObject =>
  present({ ...rest, enabled: isEnabled! });

/** Values to ids, for the outputs that a program looks ids up in. */
const idsByValue = (permissions: PlainObject[]): PlainObject =>
  Object.fromEntries(permissions.flatMap(({ id, value }) => (value ? [[String(value), id!]] : [])));

function body(inputs: PlainObject): PlainObject {
  const api = objectOf(inputs.api);
  const web = objectOf(inputs.web);
  const implicit = objectOf(web.implicitGrant);
  const redirects = (value: PlainValue | undefined) => ({
    redirectUris: objectOf(value).redirectUris ?? [],
  });
  return {
    displayName: inputs.displayName!,
    description: inputs.description ?? null,
    notes: inputs.notes ?? null,
    serviceManagementReference: inputs.serviceManagementReference ?? null,
    signInAudience: inputs.signInAudience!,
    identifierUris: inputs.identifierUris ?? [],
    tags: inputs.tags ?? [],
    isFallbackPublicClient: inputs.fallbackPublicClientEnabled ?? false,
    appRoles: objectsOf(inputs.appRoles).map(toGraph),
    api: {
      requestedAccessTokenVersion: api.requestedAccessTokenVersion ?? 1,
      knownClientApplications: api.knownClientApplications ?? [],
      acceptMappedClaims: api.mappedClaimsEnabled ?? null,
      oauth2PermissionScopes: objectsOf(api.oauth2PermissionScopes).map(toGraph),
    },
    requiredResourceAccess: objectsOf(inputs.requiredResourceAccesses).map((access) => ({
      resourceAppId: access.resourceAppId!,
      resourceAccess: access.resourceAccesses!,
    })),
    publicClient: redirects(inputs.publicClient),
    spa: redirects(inputs.singlePageApplication),
    web: {
      homePageUrl: web.homepageUrl ?? null,
      logoutUrl: web.logoutUrl ?? null,
      redirectUris: web.redirectUris ?? [],
      implicitGrantSettings: {
        enableAccessTokenIssuance: implicit.accessTokenIssuanceEnabled ?? false,
        enableIdTokenIssuance: implicit.idTokenIssuanceEnabled ?? false,
      },
    },
  };
}

function outputs(application: PlainObject): PlainObject {
  const api = objectOf(application.api);
  const web = objectOf(application.web);
  const implicit = objectOf(web.implicitGrantSettings);
  const roles = objectsOf(application.appRoles).map(fromGraph);
  const scopes = objectsOf(api.oauth2PermissionScopes).map(fromGraph);
  return present({
    displayName: application.displayName,
    description: application.description,
    notes: application.notes,
    serviceManagementReference: application.serviceManagementReference,
    signInAudience: application.signInAudience,
    identifierUris: application.identifierUris,
    tags: application.tags,
    fallbackPublicClientEnabled: application.isFallbackPublicClient,
    appRoles: roles,
    appRoleIds: idsByValue(roles),
    api: present({
      requestedAccessTokenVersion: api.requestedAccessTokenVersion,
      knownClientApplications: api.knownClientApplications,
      mappedClaimsEnabled: api.acceptMappedClaims,
      oauth2PermissionScopes: scopes,
    }),
    oauth2PermissionScopeIds: idsByValue(scopes),
    requiredResourceAccesses: objectsOf(application.requiredResourceAccess).map((access) => ({
      resourceAppId: access.resourceAppId!,
      resourceAccesses: access.resourceAccess!,
    })),
    publicClient: objectOf(application.publicClient),
    singlePageApplication: objectOf(application.spa),
    web: present({
      homepageUrl: web.homePageUrl,
      logoutUrl: web.logoutUrl,
      redirectUris: web.redirectUris,
      implicitGrant: {
        accessTokenIssuanceEnabled: implicit.enableAccessTokenIssuance ?? false,
        idTokenIssuanceEnabled: implicit.enableIdTokenIssuance ?? false,
      },
    }),
    ...identityOutputs(application),
  });
}

/** What Entra decides about an application. */
export const identityOutputs = (application: PlainObject) => ({
  objectId: application.id,
  clientId: application.appId,
  publisherDomain: application.publisherDomain,
  disabledByMicrosoft: application.disabledByMicrosoftStatus ?? "",
});

/** An application with everything that belongs to it in one resource. */
export const application: AzureAdType = {
  token: "azuread:index/application:Application",
  inputs: [
    "displayName",
    "description",
    "notes",
    "serviceManagementReference",
    "signInAudience",
    "identifierUris",
    "tags",
    "fallbackPublicClientEnabled",
    "appRoles",
    "api",
    "requiredResourceAccesses",
    "publicClient",
    "singlePageApplication",
    "web",
  ],
  required: ["displayName"],
  defaults: { signInAudience: "AzureADMyOrg" },
  replaceOn: [],
  computed: [
    "objectId",
    "clientId",
    "publisherDomain",
    "disabledByMicrosoft",
    "appRoleIds",
    "oauth2PermissionScopeIds",
  ],
  ...applicationLifecycle(body, outputs),
};
