import type { AzureClient } from "./azure-client";
import { azureErrorOf } from "./azure-request";

const scope = "https://vault.azure.net/.default";
const apiVersion = "7.4";

/** The vault's host is not there any more: the proxy refuses to connect, or the name means nothing. */
function isHostGone(error: unknown): boolean {
  const { code, cause, message } = error as { code?: unknown; cause?: unknown; message?: unknown };
  if (code === "ENOTFOUND") return true;
  if (typeof message === "string" && /Proxy response \((404|502)\)/.test(message)) return true;
  return cause instanceof Error && isHostGone(cause);
}

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
  try {
    const response = await client.send({ method: "DELETE", url, scope }, signal);
    if (response.status >= 400 && response.status !== 404 && response.status !== 405)
      throw azureErrorOf(response);
  } catch (error) {
    if (!isHostGone(error)) throw error;
  }
}
