import type { Provider } from "../resource-type";
import { deletedVault, deletedVaultList } from "./key-vault-deleted";
import { vaultSecret } from "./key-vault-secret";
import { checkVaultName, vault } from "./key-vault-vault";

export const keyVault: Provider = {
  types: [vault, vaultSecret, deletedVault, deletedVaultList],
  actions: [checkVaultName],
};
