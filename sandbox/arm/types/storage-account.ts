import { randomBytes } from "node:crypto";
import { AzureError } from "../../core/azure-error";
import type { ArmCall } from "../arm-call";
import { attachIdentity } from "../attached-identity";
import { booleanIn, type JsonObject, objectIn, optionalObjectIn, textIn } from "../json";
import { putResource, type StoredResource } from "../resource";
import { findByGlobalName } from "../resource-index";
import type { Action, ProviderAction, ResourceType, Write } from "../resource-type";
import { envelope } from "./envelope";

export const accountType = "Microsoft.Storage/storageAccounts";

export const storageApiVersions: readonly string[] = [
  ...["2025-08-01", "2025-06-01", "2025-01-01", "2024-01-01", "2023-05-01", "2023-04-01", "2023-01-01"],
  ...["2022-09-01", "2022-05-01", "2021-09-01", "2021-08-01", "2021-06-01", "2021-04-01", "2021-02-01"],
  ...["2021-01-01", "2020-08-01-preview", "2019-06-01", "2019-04-01", "2018-11-01", "2018-07-01"],
];

/** @see https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftstorage */
const validName = (name: string) => /^[a-z0-9]{3,24}$/.test(name);

const invalidName = (name: string) =>
  `${name} is not a valid storage account name. Storage account name must be between 3 and 24 characters in length and use numbers and lower-case letters only.`;
const nameTaken = (name: string) => `The storage account named ${name} is already taken.`;

const kinds = ["StorageV2", "Storage", "BlobStorage", "BlockBlobStorage", "FileStorage"];

const required = (name: string) =>
  new AzureError(
    400,
    "InvalidValuesForRequestParameters",
    `Values for request parameters are invalid: ${name}.`,
    {
      target: name,
    },
  );

const cannotBeUpdated = (name: string) =>
  new AzureError(
    409,
    "AccountPropertyCannotBeUpdated",
    `The property '${name}' was specified in the input, but it cannot be updated.`,
  );

function readSku({ body, existing }: Write): JsonObject {
  const name = textIn(objectIn(body, "sku"), "name") ?? textIn(objectIn(existing?.body ?? {}, "sku"), "name");
  if (name === undefined) throw required("sku.name");
  if (!/^(Standard|Premium)(V2)?_(LRS|GRS|RAGRS|ZRS|GZRS|RAGZRS)$/.test(name)) throw required("sku.name");
  return { name, tier: name.startsWith("Premium") ? "Premium" : "Standard" };
}

function readKind({ body, existing }: Write): string {
  const kind = textIn(body, "kind") ?? (existing?.body.kind as string | undefined);
  if (kind === undefined || !kinds.includes(kind)) throw required("kind");
  return kind;
}

/** Properties that a caller sets and that come back as they were given, or as they were. */
const plainFlags = [
  "allowSharedKeyAccess",
  "allowCrossTenantReplication",
  "defaultToOAuthAuthentication",
  "isLocalUserEnabled",
  "isSftpEnabled",
  "isNfsV3Enabled",
] as const;

function readNetworkAcls(properties: JsonObject): JsonObject | undefined {
  const acls = optionalObjectIn(properties, "networkAcls");
  return (
    acls && { bypass: "AzureServices", ipRules: [], virtualNetworkRules: [], defaultAction: "Allow", ...acls }
  );
}

function endpoints(name: string): JsonObject {
  const services = ["blob", "dfs", "file", "queue", "table"];
  const urls = services.map((service) => [service, `https://${name}.${service}.core.windows.net/`] as const);
  return { ...Object.fromEntries(urls), web: `https://${name}.z6.web.core.windows.net/` };
}

function readProperties(write: Write): JsonObject {
  const properties = objectIn(write.body, "properties");
  const before = write.existing?.body.properties;
  const isHnsEnabled = booleanIn(properties, "isHnsEnabled") ?? before?.isHnsEnabled;
  if (before && (before.isHnsEnabled ?? false) !== (isHnsEnabled ?? false))
    throw cannotBeUpdated("isHnsEnabled");
  const created = before?.creationTime ?? new Date(write.call.context.clock.now()).toISOString();
  const flags = plainFlags.map((name) => [name, booleanIn(properties, name) ?? before?.[name]]);
  return {
    ...Object.fromEntries(flags),
    isHnsEnabled,
    allowBlobPublicAccess:
      booleanIn(properties, "allowBlobPublicAccess") ?? before?.allowBlobPublicAccess ?? false,
    minimumTlsVersion: textIn(properties, "minimumTlsVersion") ?? before?.minimumTlsVersion ?? "TLS1_0",
    publicNetworkAccess: textIn(properties, "publicNetworkAccess") ?? before?.publicNetworkAccess,
    supportsHttpsTrafficOnly:
      booleanIn(properties, "supportsHttpsTrafficOnly") ?? before?.supportsHttpsTrafficOnly ?? true,
    accessTier: textIn(properties, "accessTier") ?? before?.accessTier ?? "Hot",
    networkAcls: readNetworkAcls(properties) ??
      before?.networkAcls ?? {
        bypass: "AzureServices",
        ipRules: [],
        virtualNetworkRules: [],
        defaultAction: "Allow",
      },
    encryption: optionalObjectIn(properties, "encryption") ??
      before?.encryption ?? {
        services: {
          blob: { keyType: "Account", enabled: true },
          file: { keyType: "Account", enabled: true },
        },
        keySource: "Microsoft.Storage",
      },
    keyCreationTime: before?.keyCreationTime ?? { key1: created, key2: created },
    privateEndpointConnections: [],
    provisioningState: "Succeeded",
    creationTime: created,
    primaryEndpoints: endpoints(write.name),
    primaryLocation: write.location,
    statusOfPrimary: "available",
  };
}

const newKey = () => randomBytes(64).toString("base64");

/** Every account has its services from the start. */
function addServices({ call, id }: Write): void {
  for (const service of ["blobServices", "queueServices"]) {
    putResource(call.context.store, {
      body: {
        id: `${id}/${service}/default`,
        name: "default",
        type: `${accountType}/${service}`,
        properties: {
          cors: { corsRules: [] },
          ...(service === "blobServices" ? { deleteRetentionPolicy: { enabled: false } } : {}),
        },
      },
    });
  }
}

function write(write: Write): StoredResource {
  const { call, name, existing } = write;
  if (!existing && findByGlobalName(call.context.store, accountType, name)) {
    throw new AzureError(409, "StorageAccountAlreadyTaken", nameTaken(name));
  }
  const sku = readSku(write);
  const kind = readKind(write);
  const properties = readProperties(write);
  const identity = attachIdentity(write, `${accountType}/write`);
  if (!existing) addServices(write);
  return {
    body: envelope(write, accountType, properties, { sku, kind, identity }),
    internal: existing?.internal ?? { keys: [newKey(), newKey()] },
  };
}

const shownKeys = ({ internal, body }: StoredResource) => ({
  keys: (internal!.keys as string[]).map((value, index) => ({
    creationTime: (body.properties.keyCreationTime as Record<string, string>)[`key${index + 1}`],
    keyName: `key${index + 1}`,
    value,
    permissions: "FULL",
  })),
});

/** Keys can be read by whoever may, also while the account does not accept them. */
const listKeys: Action = (_call, account) => ({ status: 200, body: shownKeys(account) });

const regenerateKey: Action = ({ context, body }, account) => {
  const keyName = textIn(body, "keyName");
  if (keyName !== "key1" && keyName !== "key2") throw required("keyName");
  const index = keyName === "key1" ? 0 : 1;
  const keys = (account.internal!.keys as string[]).map((key, each) => (each === index ? newKey() : key));
  const changed = { ...account, internal: { ...account.internal, keys } };
  putResource(context.store, changed);
  return { status: 200, body: shownKeys(changed) };
};

export const storageAccount: ResourceType = {
  type: accountType,
  apiVersions: storageApiVersions,
  level: "resourceGroup",
  tracked: true,
  checkName: (name) => {
    if (!validName(name)) throw new AzureError(400, "AccountNameInvalid", invalidName(name));
  },
  write,
  actions: { listkeys: listKeys, regeneratekey: regenerateKey },
  longRunning: {
    // Seen with azurerm: 33 to 39 s, which includes settings of its own. https://github.com/turbot/steampipe-plugin-azure/pull/25
    seconds: { create: 25, update: 0, delete: 0 },
    writes: "location",
    busy: () =>
      new AzureError(
        409,
        "StorageAccountOperationInProgress",
        "An operation is currently performing on this storage account that requires exclusive access.",
      ),
  },
};

function availability({ context, body }: ArmCall): JsonObject {
  const name = textIn(body, "name") ?? "";
  if (!validName(name))
    return { nameAvailable: false, reason: "AccountNameInvalid", message: invalidName(name) };
  return findByGlobalName(context.store, accountType, name)
    ? { nameAvailable: false, reason: "AlreadyExists", message: nameTaken(name) }
    : { nameAvailable: true };
}

export const checkAccountName: ProviderAction = {
  type: "Microsoft.Storage/checkNameAvailability",
  apiVersions: storageApiVersions,
  operation: "Microsoft.Storage/checkNameAvailability/read",
  run: (call) => ({ status: 200, body: availability(call) }),
};
