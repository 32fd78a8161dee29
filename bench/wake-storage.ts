import { openAzureClient } from "./azure-client";
import type { FreshSandbox } from "./sandbox";

/**
 * Has the sandbox load its Blob Storage, which it does at the first request for an account's blobs: half a second
 * that Azure does not take, in the middle of what is measured.
 */
export async function wakeBlobStorage(sandbox: FreshSandbox): Promise<void> {
  const client = await openAzureClient(sandbox, 1);
  try {
    const group = `/subscriptions/${sandbox.account.subscriptionId}/resourceGroups/warm-up`;
    await client.put(group, "2024-03-01", { location: "westeurope" });
    await client.put(`${group}/providers/Microsoft.Storage/storageAccounts/warmup`, "2024-01-01", {
      location: "westeurope",
      kind: "StorageV2",
      sku: { name: "Standard_LRS" },
      properties: { allowSharedKeyAccess: false },
    });
    // Nobody in particular is asking; being refused by Blob Storage is enough.
    await client.send({ method: "GET", url: "https://warmup.blob.core.windows.net/?comp=list" }).then(
      () => {
        throw new Error("Blob Storage let somebody in who did not say who they are.");
      },
      () => undefined,
    );
  } finally {
    await client.close();
  }
}
