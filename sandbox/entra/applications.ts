import { createHash, timingSafeEqual } from "node:crypto";
import type { Store } from "../core/store";

/** An application registered in the tenant, with the credentials by which it proves itself. */
export interface Application {
  /** The client id. */
  appId: string;
  /** The object id of the application, which differs from its service principal's. */
  objectId: string;
  displayName: string;
  /** What tokens for this application, as an API, are asked for: `api://…`. */
  identifierUris: string[];
  federatedCredentials: ApplicationFederatedCredential[];
  secrets: ApplicationSecret[];
  /** What principals can be given for this application, as an API. @default none */
  appRoles?: AppRole[];
  /** What this application, as an API, lets others do for a user. @default none */
  permissionScopes?: PermissionScope[];
  /** The version of the access tokens that this application takes. @default 1 */
  accessTokenVersion?: 1 | 2;
  /** In sandbox time, as ISO 8601. @default the sandbox's first start */
  createdDateTime?: string;
  /** Everything else that Graph was told, under Graph's names. @default nothing */
  otherProperties?: Record<string, unknown>;
}

/** @see https://learn.microsoft.com/graph/api/resources/approle */
export interface AppRole {
  id: string;
  /** What the claim `roles` says of it; a role without one never shows in a token. */
  value: string | null;
  displayName: string;
  description: string;
  allowedMemberTypes: ("User" | "Application")[];
  isEnabled: boolean;
}

/** @see https://learn.microsoft.com/graph/api/resources/permissionscope */
export interface PermissionScope {
  id: string;
  /** What the claim `scp` says of it. */
  value: string | null;
  /** Who may consent to it. */
  type: string;
  isEnabled: boolean;
  adminConsentDisplayName: string | null;
  adminConsentDescription: string | null;
  userConsentDisplayName: string | null;
  userConsentDescription: string | null;
}

/** What an application accepts in place of a secret. */
export interface ApplicationFederatedCredential {
  id: string;
  name: string;
  /** @default none */
  description?: string;
  issuer: string;
  subject: string;
  audiences: string[];
  /** Milliseconds of sandbox time since the epoch. */
  visibleAt: number;
}

/** A client secret, of which only a digest is kept. */
export interface ApplicationSecret {
  keyId: string;
  displayName: string;
  /** SHA-256 of the secret, in base64url. Secrets are random, so nothing slower is needed. */
  digest: string;
  /** Seconds since the epoch, in sandbox time. */
  endDateTime: number;
}

const table = "applications";

export function getApplication(store: Store, appId: string): Application | undefined {
  return store.get(table, appId.toLowerCase());
}

export function putApplication(store: Store, application: Application): void {
  store.put(table, application.appId.toLowerCase(), application);
}

export function removeApplication(store: Store, appId: string): boolean {
  return store.remove(table, appId.toLowerCase());
}

export function listApplications(store: Store): Application[] {
  return store.list<Application>(table).map((entry) => entry.value);
}

/** The application that tokens for `resource` are for: its client id or one of its identifier URIs. */
export function findApi(store: Store, resource: string): Application | undefined {
  return (
    getApplication(store, resource) ??
    listApplications(store).find(({ identifierUris }) => identifierUris.includes(resource))
  );
}

export const secretDigest = (secret: string): string =>
  createHash("sha256").update(secret).digest("base64url");

/** The application's secret that `secret` is, whether or not it is still valid. */
export function findSecret(application: Application, secret: string): ApplicationSecret | undefined {
  const digest = Buffer.from(secretDigest(secret));
  return application.secrets.find((candidate) => timingSafeEqual(Buffer.from(candidate.digest), digest));
}
