import type { AzureClient } from "./azure-client";
import { azureErrorOf } from "./azure-request";

const scope = "https://vault.azure.net/.default";
const apiVersion = "7.4";

/**
 * Deletes a secret as azure-native does: ARM cannot, so it asks the vault itself. What is gone is gone: no
 * secret, no vault or no such operation count as success.
 * @throws AzureRequestError, as when the deployer may not delete secrets
 */
export async function deleteKeyVaultSecret(
  client: AzureClient,
  vaultName: string,
  secretName: string,
  signal: AbortSignal,
): Promise<void> {
  const url = `https://${vaultName}.vault.azure.net/secrets/${encodeURIComponent(secretName)}?api-version=${apiVersion}`;
  const response = await client.send({ method: "DELETE", url, scope }, signal);
  if (response.status >= 400 && response.status !== 404 && response.status !== 405) {
    throw azureErrorOf(response);
  }
}
