import { AzureError } from "../../core/azure-error";
import type { SandboxContext } from "../../core/context";
import type { Store } from "../../core/store";
import { listSecrets, removeSecret } from "../../data/key-vault/secret-store";
import { began } from "../operation-answers";
import { listResources, putResource, removeResource, resourceKey, type StoredResource } from "../resource";
import { subscriptionIdIn } from "../resource-path";
import type { Action, LongRunning, ResourceType } from "../resource-type";

export const vaultType = "Microsoft.KeyVault/vaults";
const deletedType = "Microsoft.KeyVault/deletedVaults";

export const vaultApiVersions: readonly string[] = [
  ...["2026-02-01", "2025-05-01", "2024-12-01-preview", "2024-11-01", "2024-04-01-preview", "2023-07-01"],
  ...["2023-02-01", "2022-11-01", "2022-07-01", "2021-10-01", "2019-09-01", "2018-02-14"],
];

const dayMilliseconds = 24 * 60 * 60 * 1000;

const recordsPrefix = (subscriptionId: string) =>
  `/subscriptions/${subscriptionId}/providers/Microsoft.KeyVault/locations/`;

/** The vault that a record of a deleted vault holds. */
const vaultIn = (record: StoredResource) => record.internal?.vault as StoredResource;

/** Keeps what is needed to bring a vault back; its secrets stay where they are. */
export function rememberDeletedVault({ store, clock }: SandboxContext, vault: StoredResource): void {
  const { id, name, location, tags, properties } = vault.body;
  const days = Number(properties.softDeleteRetentionInDays);
  putResource(store, {
    body: {
      id: `${recordsPrefix(subscriptionIdIn(id)!)}${location}/deletedVaults/${name}`,
      name,
      type: deletedType,
      properties: {
        vaultId: id,
        location,
        tags: tags ?? {},
        deletionDate: new Date(clock.now()).toISOString(),
        scheduledPurgeDate: new Date(clock.now() + days * dayMilliseconds).toISOString(),
        ...(properties.enablePurgeProtection === true ? { purgeProtectionEnabled: true } : {}),
      },
    },
    internal: { vault },
  });
}

export function forgetDeletedVault(store: Store, record: StoredResource): void {
  removeResource(store, record.body.id);
}

function purge(store: Store, record: StoredResource): void {
  for (const secret of listSecrets(store, record.body.name))
    removeSecret(store, record.body.name, secret.name);
  forgetDeletedVault(store, record);
}

/** The deleted vaults; those whose time is over are purged first. */
function deletedVaults({ store, clock, account }: SandboxContext): StoredResource[] {
  return listResources(store, recordsPrefix(account.subscriptionId)).filter((record) => {
    const kept = Date.parse(String(record.body.properties.scheduledPurgeDate)) > clock.now();
    if (!kept) purge(store, record);
    return kept;
  });
}

/** The soft-deleted vault of this name, wherever it was, with the record that keeps it. */
export function findDeletedVault(
  context: SandboxContext,
  name: string,
): { record: StoredResource; vault: StoredResource } | undefined {
  const record = deletedVaults(context).find(({ body }) => body.name.toLowerCase() === name.toLowerCase());
  return record && { record, vault: vaultIn(record) };
}

const purging: LongRunning = {
  seconds: { create: 0, update: 0, delete: 10 },
  writes: "location",
  busy: (_operation, { body }) =>
    new AzureError(409, "ConflictError", `The vault '${body.name}' is being purged.`),
};

const purgeAction: Action = (call, record) => {
  if (record.body.properties.purgeProtectionEnabled === true) {
    throw new AzureError(405, "MethodNotAllowed", "Operation 'DeletedVaultPurge' is not allowed.");
  }
  const pending = call.operations.pendingOn(record.body.id);
  return began(call, pending ?? call.operations.start("delete", record, purging, call.caller.oid));
};

/** One deleted vault, beneath the region that it was in. */
export const deletedVault: ResourceType = {
  type: "Microsoft.KeyVault/locations/deletedVaults",
  apiVersions: vaultApiVersions,
  level: "subscription",
  methods: [],
  find: (call, id) =>
    deletedVaults(call.context).find(({ body }) => resourceKey(body.id) === resourceKey(id)),
  actions: { purge: purgeAction },
};

/** The deleted vaults of all regions. */
export const deletedVaultList: ResourceType = {
  type: deletedType,
  apiVersions: vaultApiVersions,
  level: "subscription",
  methods: [],
  list: ({ context }) => deletedVaults(context),
  removed: ({ store }, record) => purge(store, record),
};
