import { AuthorizationManagementClient } from "@azure/arm-authorization";
import { ContainerRegistryManagementClient } from "@azure/arm-containerregistry";
import { ContainerServiceClient } from "@azure/arm-containerservice";
import { KeyVaultManagementClient } from "@azure/arm-keyvault";
import { ManagedServiceIdentityClient } from "@azure/arm-msi";
import { ResourceManagementClient } from "@azure/arm-resources";
import { SqlManagementClient } from "@azure/arm-sql";
import { StorageManagementClient } from "@azure/arm-storage";
import { DefaultAzureCredential } from "@azure/identity";

const credential = new DefaultAzureCredential();
const subscriptionId = process.env.AZURE_SUBSCRIPTION_ID ?? "";
// Retries would hide a conflict that a test is about, and make every expected 5xx slow.
const options = { retryOptions: { maxRetries: 0 } };

const clients = {
  resources: new ResourceManagementClient(credential, subscriptionId, options),
  msi: new ManagedServiceIdentityClient(credential, subscriptionId, options),
  authorization: new AuthorizationManagementClient(credential, subscriptionId, options),
  keyVault: new KeyVaultManagementClient(credential, subscriptionId, options),
  storage: new StorageManagementClient(credential, subscriptionId, options),
  sql: new SqlManagementClient(credential, subscriptionId, options),
  containerService: new ContainerServiceClient(credential, subscriptionId, options),
  containerRegistry: new ContainerRegistryManagementClient(credential, subscriptionId, options),
};

export type ClientName = keyof typeof clients;

/**
 * Calls `operation` ("vaults.get") of a vendor's client. What pages is read to its end.
 *
 * @returns what the operation returns, as plain data
 */
export async function run(client: ClientName, operation: string, ...args: unknown[]): Promise<unknown> {
  const [group = "", method = ""] = operation.split(".");
  const operations = (clients[client] as any)[group];
  // Older clients call what takes a while `beginDeleteAndWait`, newer ones `delete`.
  const begun = `begin${method.charAt(0).toUpperCase()}${method.slice(1)}AndWait`;
  const result = operations[method in operations ? method : begun](...args);
  if (typeof result?.[Symbol.asyncIterator] === "function" && typeof result.then !== "function") {
    const items: unknown[] = [];
    for await (const item of result) items.push(item);
    return items;
  }
  return result;
}

/** Several calls at once; for each, "ok" or the code of its error. */
export async function runTogether(calls: Parameters<typeof run>[]): Promise<string[]> {
  const outcomes = await Promise.allSettled(calls.map((call) => run(...call)));
  return outcomes.map((outcome) => (outcome.status === "fulfilled" ? "ok" : String(outcome.reason.code)));
}
