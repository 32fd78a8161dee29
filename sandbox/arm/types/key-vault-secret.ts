import { randomUUID } from "node:crypto";
import { AzureError } from "../../core/azure-error";
import {
  getSecret,
  listSecrets,
  putSecret,
  type SecretVersion,
  type StoredSecret,
} from "../../data/key-vault/secret-store";
import type { ArmCall } from "../arm-call";
import { booleanIn, defined, type JsonObject, numberIn, objectIn, textIn } from "../json";
import { getResource, type StoredResource } from "../resource";
import { parentOf } from "../resource-path";
import type { ResourceType, Write } from "../resource-type";
import { vaultApiVersions } from "./key-vault-deleted";

const type = "Microsoft.KeyVault/vaults/secrets";

const badRequest = (message: string) => new AzureError(400, "BadRequest", message);

/** The largest value that the service keeps. @see https://learn.microsoft.com/azure/key-vault/secrets/about-secrets */
const largestValueBytes = 25 * 1024;

/** A secret as ARM shows it: everything but its value. */
function asResource(vault: StoredResource, secret: StoredSecret): StoredResource {
  const { version, contentType, tags, enabled, created, updated, notBefore, expires } =
    secret.versions.at(-1)!;
  const secretUri = `${vault.body.properties.vaultUri}secrets/${secret.name}`;
  return {
    body: {
      id: `${vault.body.id}/secrets/${secret.name}`,
      name: secret.name,
      type,
      location: vault.body.location ?? "",
      ...defined({ tags }),
      properties: defined({
        contentType,
        attributes: defined({ enabled, nbf: notBefore, exp: expires, created, updated }),
        secretUri,
        secretUriWithVersion: `${secretUri}/${version}`,
      }),
    },
  };
}

/** The vault that a path leads through, if it is there. */
function vaultOf({ context, path }: ArmCall): StoredResource | undefined {
  const names =
    path.names.length === path.types.length
      ? parentOf(path)
      : { id: path.id.split("/").slice(0, -1).join("/") };
  return getResource(context.store, names.id);
}

const isLive = (secret: StoredSecret | undefined): secret is StoredSecret =>
  secret !== undefined && secret.deletedAt === undefined && secret.versions.length > 0;

function find(call: ArmCall): StoredResource | undefined {
  const vault = vaultOf(call);
  const secret = vault && getSecret(call.context.store, vault.body.name, call.path.names[1] ?? "");
  return vault && isLive(secret) ? asResource(vault, secret) : undefined;
}

function list(call: ArmCall): StoredResource[] {
  const vault = vaultOf(call);
  if (!vault) return [];
  return listSecrets(call.context.store, vault.body.name)
    .filter(isLive)
    .map((secret) => asResource(vault, secret));
}

function readVersion({ call, body, tags }: Write, before: SecretVersion | undefined): SecretVersion {
  const properties = objectIn(body, "properties");
  const attributes: JsonObject = objectIn(properties, "attributes");
  const given = textIn(properties, "value");
  const value = given ?? (call.method === "PATCH" ? before?.value : undefined);
  if (value === undefined) throw badRequest("The parameter 'properties.value' is required.");
  if (Buffer.byteLength(value) > largestValueBytes) {
    throw badRequest(`The secret's value may have ${largestValueBytes} bytes and has more.`);
  }
  const now = Math.floor(call.context.clock.now() / 1000);
  const isNew = given !== undefined || !before;
  const optional = defined({
    contentType: textIn(properties, "contentType"),
    tags,
    notBefore: numberIn(attributes, "nbf"),
    expires: numberIn(attributes, "exp"),
  }) as Partial<SecretVersion>;
  return {
    ...optional,
    version: isNew ? randomUUID().replaceAll("-", "") : before.version,
    value,
    enabled: booleanIn(attributes, "enabled") ?? true,
    created: isNew ? now : before.created,
    updated: now,
  };
}

/** A value makes a new version; a PATCH without one changes the newest. */
function write(write: Write): StoredResource {
  const { call, name, parent } = write;
  const { store } = call.context;
  const vault = parent!;
  const stored = getSecret(store, vault.body.name, name);
  if (stored?.deletedAt !== undefined) {
    throw new AzureError(
      409,
      "Conflict",
      `Secret ${name} is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the secret can only be recovered or purged.`,
    );
  }
  const newest = stored?.versions.at(-1);
  const version = readVersion(write, newest);
  const others = (stored?.versions ?? []).filter((each) => each.version !== version.version);
  const secret: StoredSecret = { name: stored?.name ?? name, versions: [...others, version] };
  putSecret(store, vault.body.name, secret);
  return asResource(vault, secret);
}

/** Secrets through ARM can be written and their properties read; their values are for the data plane alone. */
export const vaultSecret: ResourceType = {
  type,
  apiVersions: vaultApiVersions,
  level: "resourceGroup",
  methods: ["PUT", "PATCH"],
  checkName: (name) => {
    if (/^[a-z0-9-]{1,127}$/i.test(name)) return;
    throw badRequest(
      `The request URI contains an invalid name: ${name}. A secret's name has 1 to 127 letters, digits and hyphens.`,
    );
  },
  find,
  list,
  write,
  writesItself: true,
};
