import { AzureError } from "../../core/azure-error";
import type { ArmCall } from "../arm-call";
import { booleanIn, type JsonObject, listIn, numberIn, objectIn, optionalObjectIn, textIn } from "../json";
import type { StoredResource } from "../resource";
import { resourceKey } from "../resource";
import { findByGlobalName } from "../resource-index";
import type { ProviderAction, ResourceType, Write } from "../resource-type";
import { envelope } from "./envelope";
import {
  findDeletedVault,
  forgetDeletedVault,
  rememberDeletedVault,
  vaultApiVersions,
  vaultType,
} from "./key-vault-deleted";

const badRequest = (message: string) => new AzureError(400, "BadRequest", message);

/** @see https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftkeyvault */
const validName = (name: string) => /^[a-z](?:[a-z0-9]|-(?!-)){1,22}[a-z0-9]$/i.test(name);

const invalidName = (name: string) =>
  `The vault name '${name}' is invalid. A vault's name must be between 3-24 alphanumeric characters. The name must begin with a letter, end with a letter or digit, and not contain consecutive hyphens. Follow this link for more information: https://go.microsoft.com/fwlink/?linkid=2147742`;

const nameInUse = (name: string) =>
  `The vault name '${name}' is already in use. Vault names are globally unique so it is possible that the name is already taken. If you are sure that the vault name was not taken then it is possible that a vault with the same name was recently deleted but not purged after being placed in a recoverable state. If the vault is in a recoverable state then the vault will need to be purged before reusing the name. For more information about VaultAlreadyExists, follow this link https://go.microsoft.com/fwlink/?linkid=2147740`;

const nameInDeletedState =
  "A vault with the same name already exists in deleted state. You need to either recover or purge existing key vault. Follow this link https://go.microsoft.com/fwlink/?linkid=2149745 for more information on soft delete.";

const nothingToRecover =
  "A soft deleted vault with the given name does not exist. Ensure that the name for the vault that is being attempted to recover is in a recoverable state. For more information on soft delete please follow this link https://go.microsoft.com/fwlink/?linkid=2149745";

/** From this version on, a vault that does not say otherwise uses Azure RBAC. */
const firstVersionWithRbacDefault = "2026-02-01";

/** The soft-deleted vault that the write brings back, if that is what it asks for. @throws AzureError */
function recovered({ call, id, name, existing }: Write, createMode: string): StoredResource | undefined {
  const { store } = call.context;
  const taken = findByGlobalName(store, vaultType, name);
  if (!existing && taken) throw new AzureError(409, "VaultAlreadyExists", nameInUse(name));
  const deleted = existing ? undefined : findDeletedVault(call.context, name);
  if (createMode !== "recover") {
    if (deleted) throw new AzureError(409, "ConflictError", nameInDeletedState);
    return undefined;
  }
  if (existing) return existing;
  if (!deleted) throw new AzureError(404, "SoftDeletedVaultDoesNotExist", nothingToRecover);
  if (resourceKey(deleted.vault.body.id) !== resourceKey(id))
    throw new AzureError(409, "ConflictError", nameInDeletedState);
  forgetDeletedVault(store, deleted.record);
  return deleted.vault;
}

/** @see https://learn.microsoft.com/azure/key-vault/general/soft-delete-overview */
const retentionDays = { shortest: 7, longest: 90 };

function readRetention(properties: JsonObject, before: JsonObject | undefined): number {
  const asked = numberIn(properties, "softDeleteRetentionInDays");
  const current = before && numberIn(before, "softDeleteRetentionInDays");
  if (asked === undefined) return current ?? retentionDays.longest;
  if (!Number.isInteger(asked) || asked < retentionDays.shortest || asked > retentionDays.longest) {
    throw badRequest(
      `The property "softDeleteRetentionInDays" must be between ${retentionDays.shortest} and ${retentionDays.longest}.`,
    );
  }
  if (current !== undefined && asked !== current) {
    throw badRequest(
      'The property "softDeleteRetentionInDays" has been set already and it can\'t be modified.',
    );
  }
  return asked;
}

function checkIrreversible(properties: JsonObject): void {
  if (booleanIn(properties, "enablePurgeProtection") === false) {
    throw badRequest(
      'The property "enablePurgeProtection" cannot be set to false. Enabling the purge protection for a vault is an irreversible action.',
    );
  }
  if (booleanIn(properties, "enableSoftDelete") === false) {
    throw badRequest(
      'The property "enableSoftDelete" cannot be set to false. Enabling the soft delete for a vault is an irreversible action.',
    );
  }
}

function readSku(properties: JsonObject, before: JsonObject | undefined): JsonObject {
  const sku = optionalObjectIn(properties, "sku") ?? (before && optionalObjectIn(before, "sku"));
  const name = sku && textIn(sku, "name")?.toLowerCase();
  if (name !== "standard" && name !== "premium") {
    throw badRequest("An invalid value was provided for 'sku'. Its name is 'standard' or 'premium'.");
  }
  return { family: "A", name };
}

function readTenant({ call }: Write, properties: JsonObject, before: JsonObject | undefined): string {
  const tenantId = textIn(properties, "tenantId") ?? (before && textIn(before, "tenantId"));
  if (tenantId?.toLowerCase() !== call.context.account.tenantId.toLowerCase()) {
    throw badRequest(`An invalid value was provided for 'tenantId'.`);
  }
  return tenantId;
}

function readNetworkAcls(properties: JsonObject): JsonObject | undefined {
  const acls = optionalObjectIn(properties, "networkAcls");
  return (
    acls && {
      bypass: textIn(acls, "bypass") ?? "AzureServices",
      defaultAction: textIn(acls, "defaultAction") ?? "Allow",
      ipRules: listIn(acls, "ipRules") ?? [],
      virtualNetworkRules: listIn(acls, "virtualNetworkRules") ?? [],
    }
  );
}

function write(write: Write): StoredResource {
  const { call, name } = write;
  const asked = objectIn(write.body, "properties");
  const recovery = recovered(write, textIn(asked, "createMode") ?? "default");
  const before = write.existing?.body.properties ?? recovery?.body.properties;
  const properties = recovery && !write.existing ? { ...recovery.body.properties, ...asked } : asked;
  checkIrreversible(properties);
  const flag = (property: string) =>
    booleanIn(properties, property) ?? (before && booleanIn(before, property));
  return {
    body: envelope(write, vaultType, {
      sku: readSku(properties, before),
      tenantId: readTenant(write, properties, before),
      accessPolicies: listIn(properties, "accessPolicies") ?? before?.accessPolicies ?? [],
      networkAcls: readNetworkAcls(properties) ?? before?.networkAcls,
      enabledForDeployment: flag("enabledForDeployment") ?? false,
      enabledForDiskEncryption: flag("enabledForDiskEncryption"),
      enabledForTemplateDeployment: flag("enabledForTemplateDeployment"),
      enableSoftDelete: true,
      softDeleteRetentionInDays: readRetention(properties, before),
      enableRbacAuthorization:
        flag("enableRbacAuthorization") ?? call.apiVersion >= firstVersionWithRbacDefault,
      enablePurgeProtection: flag("enablePurgeProtection"),
      vaultUri: `https://${name.toLowerCase()}.vault.azure.net/`,
      provisioningState: "Succeeded",
      publicNetworkAccess:
        textIn(properties, "publicNetworkAccess") ?? before?.publicNetworkAccess ?? "Enabled",
    }),
  };
}

export const vault: ResourceType = {
  type: vaultType,
  apiVersions: [...vaultApiVersions, "2015-11-01"],
  level: "resourceGroup",
  tracked: true,
  checkName: (name) => {
    if (!validName(name)) throw new AzureError(400, "VaultNameNotValid", invalidName(name));
  },
  createdStatus: 200,
  write,
  removed: rememberDeletedVault,
  longRunning: {
    // Tools that wait for the vault's name in DNS as well take two minutes.
    // https://github.com/turbot/steampipe-plugin-azure/pull/306
    seconds: { create: 30, update: 0, delete: 0 },
    writes: "body",
    show: ({ body }, state) => {
      body.properties.provisioningState = state === "Creating" ? "RegisteringDns" : state;
    },
    busy: (_operation, { body }) =>
      new AzureError(409, "ConflictError", `A conflict occurred: vault '${body.name}' is being provisioned.`),
  },
};

function availability({ context, body }: ArmCall): JsonObject {
  const name = textIn(body, "name") ?? "";
  if (!validName(name))
    return { nameAvailable: false, reason: "AccountNameInvalid", message: invalidName(name) };
  const taken = findByGlobalName(context.store, vaultType, name) ?? findDeletedVault(context, name);
  return taken
    ? { nameAvailable: false, reason: "AlreadyExists", message: nameInUse(name) }
    : { nameAvailable: true };
}

export const checkVaultName: ProviderAction = {
  type: "Microsoft.KeyVault/checkNameAvailability",
  apiVersions: vaultApiVersions,
  operation: "Microsoft.KeyVault/checkNameAvailability/read",
  run: (call) => ({ status: 200, body: availability(call) }),
};
