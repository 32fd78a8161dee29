import { randomBytes } from "node:crypto";
import type { SandboxContext } from "../../core/context";
import {
  deletedSecretNotFound,
  KeyVaultError,
  purgeProtected,
  secretDisabled,
  secretIsDeleted,
  secretNotFound,
} from "./errors";
import { page } from "./paging";
import { deletedSecret, newestVersion, scheduledPurge, secretBundle, secretItem } from "./secret-bundle";
import { parseProperties, parseSecret, type SecretProperties } from "./secret-input";
import {
  getSecret,
  listSecrets,
  putSecret,
  removeSecret,
  type SecretVersion,
  type StoredSecret,
} from "./secret-store";
import type { Vault } from "./vault";

/** A request that was let in. */
export interface SecretRequest {
  context: SandboxContext;
  vault: Vault;
  url: URL;
  /** Empty for requests on all secrets. */
  name: string;
  /** Undefined for the newest. */
  version?: string;
  body: Buffer;
}

export interface SecretResponse {
  status: number;
  body?: unknown;
}

const now = (context: SandboxContext) => Math.floor(context.clock.now() / 1000);

/** The secret under this name, unless its retention has run out, in which case it is purged. */
function stored({ context, vault, name }: SecretRequest, secretName = name): StoredSecret | undefined {
  const secret = getSecret(context.store, vault.name, secretName);
  if (secret?.deletedAt === undefined || scheduledPurge(vault, secret.deletedAt) > now(context))
    return secret;
  removeSecret(context.store, vault.name, secretName);
  return undefined;
}

function live(request: SecretRequest): StoredSecret {
  const secret = stored(request);
  if (!secret || secret.deletedAt !== undefined) throw secretNotFound(request.name);
  return secret;
}

function deleted(request: SecretRequest): StoredSecret {
  const secret = stored(request);
  if (secret?.deletedAt === undefined) throw deletedSecretNotFound(request.name);
  return secret;
}

function versionOf(secret: StoredSecret, version: string | undefined): SecretVersion {
  if (version === undefined) return newestVersion(secret);
  const found = secret.versions.find((candidate) => candidate.version === version.toLowerCase());
  if (!found) throw secretNotFound(`${secret.name}/${version}`);
  return found;
}

const allSecrets = (request: SecretRequest) =>
  listSecrets(request.context.store, request.vault.name).flatMap(({ name }) => stored(request, name) ?? []);

/** What a body says about a version, over what the version had; null takes away. */
function withProperties(version: SecretVersion, given: SecretProperties): SecretVersion {
  const { contentType, tags, notBefore, expires, ...rest } = version;
  const merged = {
    contentType: given.contentType === undefined ? contentType : given.contentType,
    tags: given.tags ?? tags,
    notBefore: given.attributes?.nbf === undefined ? notBefore : given.attributes.nbf,
    expires: given.attributes?.exp === undefined ? expires : given.attributes.exp,
  };
  return {
    ...rest,
    enabled: given.attributes?.enabled ?? rest.enabled,
    ...(merged.contentType == null ? {} : { contentType: merged.contentType }),
    ...(merged.tags == null ? {} : { tags: merged.tags }),
    ...(merged.notBefore == null ? {} : { notBefore: merged.notBefore }),
    ...(merged.expires == null ? {} : { expires: merged.expires }),
  };
}

/**
 * Get Secret. An expired or not yet valid secret is given all the same; only a disabled one is not.
 * @see https://learn.microsoft.com/azure/key-vault/secrets/about-secrets#date-time-controlled-operations
 */
export function get(request: SecretRequest): SecretResponse {
  const secret = live(request);
  const version = versionOf(secret, request.version);
  if (!version.enabled) throw secretDisabled();
  return { status: 200, body: secretBundle(request.vault, secret, version) };
}

export function set(request: SecretRequest): SecretResponse {
  const { context, vault } = request;
  const { value, ...properties } = parseSecret(request.body);
  const existing = stored(request);
  if (existing?.deletedAt !== undefined) throw secretIsDeleted(existing.name);
  const time = now(context);
  const version = withProperties(
    { version: randomBytes(16).toString("hex"), value, enabled: true, created: time, updated: time },
    properties,
  );
  const secret = { name: existing?.name ?? request.name, versions: [...(existing?.versions ?? []), version] };
  putSecret(context.store, vault.name, secret);
  return { status: 200, body: secretBundle(vault, secret, version) };
}

export function update(request: SecretRequest): SecretResponse {
  const { context, vault } = request;
  const properties = parseProperties(request.body);
  const secret = live(request);
  const before = versionOf(secret, request.version);
  const after = { ...withProperties(before, properties), updated: now(context) };
  const versions = secret.versions.map((version) => (version === before ? after : version));
  putSecret(context.store, vault.name, { ...secret, versions });
  return { status: 200, body: secretItem(vault, secret, after, true) };
}

export function remove(request: SecretRequest): SecretResponse {
  const { context, vault } = request;
  const secret = { ...live(request), deletedAt: now(context) };
  putSecret(context.store, vault.name, secret);
  return { status: 200, body: deletedSecret(vault, secret, true) };
}

export function list(request: SecretRequest): SecretResponse {
  const { vault, url } = request;
  const secrets = allSecrets(request).filter((secret) => secret.deletedAt === undefined);
  const show = (secret: StoredSecret) => secretItem(vault, secret, newestVersion(secret), false);
  return { status: 200, body: page(url, secrets, (secret) => secret.name.toLowerCase(), show) };
}

export function listVersions(request: SecretRequest): SecretResponse {
  const { vault, url } = request;
  const secret = stored(request);
  const versions = secret && secret.deletedAt === undefined ? secret.versions : [];
  const show = (version: SecretVersion) => secretItem(vault, secret!, version, true);
  return { status: 200, body: page(url, versions, (version) => version.version, show) };
}

export function listDeleted(request: SecretRequest): SecretResponse {
  const { vault, url } = request;
  const secrets = allSecrets(request).filter((secret) => secret.deletedAt !== undefined);
  const show = (secret: StoredSecret) => deletedSecret(vault, secret, false);
  return { status: 200, body: page(url, secrets, (secret) => secret.name.toLowerCase(), show) };
}

export const getDeleted = (request: SecretRequest): SecretResponse => ({
  status: 200,
  body: deletedSecret(request.vault, deleted(request), true),
});

export function recover(request: SecretRequest): SecretResponse {
  const { context, vault } = request;
  const { deletedAt: _, ...secret } = deleted(request);
  putSecret(context.store, vault.name, secret);
  return { status: 200, body: secretItem(vault, secret, newestVersion(secret), true) };
}

export function purge(request: SecretRequest): SecretResponse {
  const { context, vault, name } = request;
  deleted(request);
  if (vault.purgeProtection) throw purgeProtected(vault);
  removeSecret(context.store, vault.name, name);
  return { status: 204 };
}

export function notImplemented(method: string, path: string): KeyVaultError {
  return new KeyVaultError(
    501,
    "NotImplemented",
    `The sandbox's Key Vault does not implement ${method} ${path}.`,
  );
}
