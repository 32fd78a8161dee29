import type * as pulumi from "@pulumi/pulumi";
import { nameRules } from "../core/naming";

export interface VaultNameInputs {
  baseName: string;
  subscriptionId: string;
}

/** `base` itself or, while Azure keeps a deleted vault of that name, `base-2`, `base-3` and so on. */
export function freeVaultName(base: string, deletedNames: readonly string[]): string {
  const taken = new Set(deletedNames.map((name) => name.toLowerCase()));
  for (let generation = 1; ; generation++) {
    const ending = generation === 1 ? "" : `-${generation}`;
    const room = nameRules.keyVault.maxLength - ending.length;
    const name = base.slice(0, room).replace(/-+$/, "") + ending;
    if (!taken.has(name.toLowerCase())) return name;
  }
}

interface DeletedVaults {
  value: { name: string }[];
  nextLink?: string;
}

async function deletedVaultNames(subscriptionId: string): Promise<string[]> {
  // Loaded when a vault is made: no preview needs them, and they take long to load.
  const { deployerCredential }: typeof import("../dynamic/credential") = require("../dynamic/credential");
  const {
    sendPatiently,
  }: typeof import("../dynamic/patient-request") = require("../dynamic/patient-request");
  const token = await deployerCredential().getToken("https://management.azure.com/.default");
  const names: string[] = [];
  let url: string | undefined =
    `https://management.azure.com/subscriptions/${subscriptionId}` +
    "/providers/Microsoft.KeyVault/deletedVaults?api-version=2024-11-01";
  while (url) {
    const headers = { authorization: `Bearer ${token?.token}` };
    const response = await sendPatiently({ method: "GET", url, headers });
    if (response.status !== 200) {
      throw new Error(
        `listing the deleted vaults of subscription ${subscriptionId} answered ${response.status}. ` +
          "If it is not trouble of Azure's own, allow the deployer Microsoft.KeyVault/deletedVaults/read there, or give the vault a name of its own.",
      );
    }
    const page = JSON.parse(response.body) as DeletedVaults;
    names.push(...page.value.map((vault) => vault.name));
    url = page.nextLink;
  }
  return names;
}

/**
 * Decides a vault's name once, when the vault is about to be made: a soft-deleted vault keeps its name for as
 * long as its retention lasts.
 *
 * @see https://learn.microsoft.com/azure/key-vault/general/soft-delete-overview
 */
export const vaultName: pulumi.dynamic.ResourceProvider<
  VaultNameInputs,
  VaultNameInputs & { vaultName: string }
> = {
  create: async (inputs) => {
    const name = freeVaultName(inputs.baseName, await deletedVaultNames(inputs.subscriptionId));
    return {
      id: name,
      outs: { baseName: inputs.baseName, subscriptionId: inputs.subscriptionId, vaultName: name },
    };
  },
  diff: async (_id, olds, news) => {
    const replaces = (["baseName", "subscriptionId"] as const).filter((key) => olds[key] !== news[key]);
    return { changes: replaces.length > 0, replaces };
  },
};
