import { randomUUID } from "node:crypto";
import { isObject, type JsonObject } from "../../arm/json";
import { AzureError } from "../../core/azure-error";
import type { SandboxContext } from "../../core/context";
import {
  type Application,
  type AppRole,
  getApplication,
  listApplications,
  type PermissionScope,
  putApplication,
  removeApplication,
} from "../applications";
import type { ApplicationChange } from "./application-schema";
import { badRequest, invalidValue, notFound } from "./errors";
import { removeServicePrincipal } from "./service-principals";

/** Those that Graph answers with whether or not they were ever set. */
const defaults = {
  deletedDateTime: null,
  applicationTemplateId: null,
  disabledByMicrosoftStatus: null,
  description: null,
  groupMembershipClaims: null,
  isDeviceOnlyAuthSupported: null,
  isFallbackPublicClient: null,
  notes: null,
  serviceManagementReference: null,
  signInAudience: "AzureADMyOrg",
  tags: [],
  tokenEncryptionKeyId: null,
  uniqueName: null,
  addIns: [],
  info: {
    logoUrl: null,
    marketingUrl: null,
    privacyStatementUrl: null,
    supportUrl: null,
    termsOfServiceUrl: null,
  },
  keyCredentials: [],
  optionalClaims: null,
  parentalControlSettings: { countriesBlockedForMinors: [], legalAgeGroupRule: "Allow" },
  publicClient: { redirectUris: [] },
  requiredResourceAccess: [],
  spa: { redirectUris: [] },
  verifiedPublisher: { displayName: null, verifiedPublisherId: null, addedDateTime: null },
  web: {
    homePageUrl: null,
    logoutUrl: null,
    redirectUris: [],
    implicitGrantSettings: { enableAccessTokenIssuance: false, enableIdTokenIssuance: false },
  },
};

/** An application as Graph shows it. */
export function applicationObject(application: Application, publisherDomain: string) {
  const { api = {}, ...others } = application.otherProperties ?? {};
  return {
    ...overlaid(defaults, others),
    id: application.objectId,
    appId: application.appId,
    createdDateTime: application.createdDateTime ?? new Date(0).toISOString(),
    displayName: application.displayName,
    identifierUris: application.identifierUris,
    publisherDomain,
    api: {
      acceptMappedClaims: null,
      knownClientApplications: [],
      preAuthorizedApplications: [],
      ...(isObject(api) ? api : {}),
      requestedAccessTokenVersion: application.accessTokenVersion ?? null,
      oauth2PermissionScopes: application.permissionScopes ?? [],
    },
    appRoles: (application.appRoles ?? []).map((role) => ({ ...role, origin: "Application" })),
    passwordCredentials: application.secrets.map(({ keyId, displayName, endDateTime }) => ({
      keyId,
      displayName,
      endDateTime: new Date(endDateTime * 1000).toISOString(),
      secretText: null,
    })),
  };
}

/** `base` with what `top` says instead, object by object. */
function overlaid(base: JsonObject, top: JsonObject): JsonObject {
  const members = Object.entries(top).map(([name, value]) => {
    const below = base[name];
    return [name, isObject(below) && isObject(value) ? overlaid(below, value) : value];
  });
  return { ...base, ...Object.fromEntries(members) };
}

/** By object id, or by client id as `appId='…'`. @throws AzureError 404 Request_ResourceNotFound */
export function findApplication({ store }: SandboxContext, key: string): Application {
  const appId = /^appId='(.+)'$/i.exec(key)?.[1];
  const found =
    appId === undefined
      ? listApplications(store).find(({ objectId }) => objectId === key.toLowerCase())
      : getApplication(store, appId);
  if (!found) throw notFound(key);
  return found;
}

export function createApplication(context: SandboxContext, change: ApplicationChange): Application {
  const { displayName } = change;
  if (displayName === undefined) throw invalidValue("displayName", "Application");
  const application: Application = {
    appId: randomUUID(),
    objectId: randomUUID(),
    displayName,
    identifierUris: [],
    federatedCredentials: [],
    secrets: [],
    createdDateTime: new Date(context.clock.now()).toISOString(),
  };
  return changeApplication(context, application, change);
}

/** @throws AzureError 400, and nothing is changed */
export function changeApplication(
  context: SandboxContext,
  application: Application,
  change: ApplicationChange,
): Application {
  const { displayName, identifierUris, appRoles, api = {}, ...others } = change;
  const { requestedAccessTokenVersion: version, oauth2PermissionScopes, ...otherApi } = api;
  const roles: AppRole[] | undefined = appRoles?.map(({ origin, ...role }) => role);
  const scopes: PermissionScope[] | undefined = oauth2PermissionScopes?.map(({ origin, ...scope }) => scope);
  const before = application.otherProperties ?? {};
  const { accessTokenVersion, ...rest } = application;
  const keptVersion = version === undefined ? accessTokenVersion : version;
  const changed: Application = {
    ...rest,
    ...(displayName === undefined ? {} : { displayName }),
    ...(identifierUris === undefined ? {} : { identifierUris }),
    ...(roles === undefined ? {} : { appRoles: roles }),
    ...(scopes === undefined ? {} : { permissionScopes: scopes }),
    ...(keptVersion ? { accessTokenVersion: keptVersion } : {}),
    // Properties that are objects are changed member by member, all others as a whole.
    otherProperties: Object.fromEntries(
      [...new Set([...Object.keys(before), ...Object.keys(others), "api"])].map((name) => {
        const next = name === "api" ? otherApi : (others as Record<string, unknown>)[name];
        const old = before[name];
        if (next === undefined) return [name, old];
        return [name, isObject(old) && isObject(next) ? overlaid(old, next) : next];
      }),
    ),
  };
  checkRemoved(application, changed);
  checkUnique(changed);
  checkIdentifierUris(context, application, changed);
  putApplication(context.store, changed);
  const principal = context.directory.byClientId(changed.appId);
  if (principal && principal.displayName !== changed.displayName) {
    context.directory.add({ ...principal, displayName: changed.displayName });
  }
  return changed;
}

/** The application goes, and its service principal with all its roles; Azure would keep both to be restored for 30 days. */
export function deleteApplication(context: SandboxContext, application: Application): void {
  context.store.transaction(() => {
    const principal = context.directory.byClientId(application.appId);
    if (principal) removeServicePrincipal(context, principal);
    removeApplication(context.store, application.appId);
  });
}

const permissionsOf = ({ appRoles = [], permissionScopes = [] }: Application) => [
  ...appRoles,
  ...permissionScopes,
];

function checkRemoved(before: Application, after: Application): void {
  const kept = new Set(permissionsOf(after).map(({ id }) => id));
  if (permissionsOf(before).some(({ id, isEnabled }) => isEnabled && !kept.has(id))) {
    throw new AzureError(
      400,
      "CannotDeleteOrUpdateEnabledEntitlement",
      "Permission (scope or role) cannot be deleted or updated unless disabled first.",
    );
  }
}

/** Roles and scopes share one space of ids and values, in which only one of each may have the same of both. */
function checkUnique(application: Application): void {
  const { appRoles = [], permissionScopes = [] } = application;
  const twice = (values: readonly (string | null)[]) =>
    values.some((value, index) => value !== null && values.indexOf(value) !== index);
  const clashes = appRoles.some((role) =>
    permissionScopes.some(
      (scope) => (role.id === scope.id) !== (role.value !== null && role.value === scope.value),
    ),
  );
  for (const [property, permissions] of [
    ["appRoles", appRoles],
    ["api.oauth2PermissionScopes", permissionScopes],
  ] as const) {
    if (twice(permissions.map(({ id }) => id)) || twice(permissions.map(({ value }) => value)) || clashes) {
      throw invalidValue(property, "Application");
    }
  }
}

/** https://learn.microsoft.com/entra/identity-platform/identifier-uri-restrictions */
function checkIdentifierUris(context: SandboxContext, before: Application, after: Application): void {
  const { tenantId } = context.account;
  const others = listApplications(context.store).filter(({ appId }) => appId !== after.appId);
  for (const uri of after.identifierUris.filter((one) => !before.identifierUris.includes(one))) {
    if (!URL.canParse(uri) || /[\s?#]/.test(uri)) throw invalidValue("identifierUris", "Application");
    const parts = uri.replace(/^api:\/\//, "").split("/");
    const isDefault =
      uri.startsWith("api://") && (parts.includes(after.appId) || parts[0]?.toLowerCase() === tenantId);
    // Applications that take tokens of version 2 are told apart by their client ids, so they may say what they like.
    if (!isDefault && after.accessTokenVersion !== 2) {
      throw new AzureError(
        400,
        "HostNameNotOnVerifiedDomain",
        `Values of identifierUris property must use a verified domain of the organization or its subdomain: '${uri}'`,
      );
    }
    if (others.some(({ identifierUris }) => identifierUris.includes(uri))) {
      throw badRequest("Another object with the same value for property identifierUris already exists.");
    }
  }
}
