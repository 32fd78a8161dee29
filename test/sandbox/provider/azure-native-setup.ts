import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import {
  type AzureNativeProviderOptions,
  createAzureNativeProvider,
} from "../../../sandbox/provider/azure-native";
import type { PropertyMap } from "../../../sandbox/provider/values";
import { type FakeAzure, startFakeAzure } from "./fake-azure";
import { type ProviderClient, serveAndConnect } from "./provider-client";

export const subscriptionId = "11111111-1111-1111-1111-111111111111";
export const vaultType = "azure-native:keyvault:Vault";
export const secretType = "azure-native:keyvault:Secret";
export const groupType = "azure-native:resources:ResourceGroup";
export const assignmentType = "azure-native:authorization:RoleAssignment";
export const credentialType = "azure-native:managedidentity:FederatedIdentityCredential";
export const group = `/subscriptions/${subscriptionId}/resourceGroups/shop`;
export const vaultId = `${group}/providers/Microsoft.KeyVault/vaults/app`;

export const vaultInputs: PropertyMap = {
  resourceGroupName: "shop",
  vaultName: "app",
  location: "westeurope",
  properties: { tenantId: "tenant", sku: { name: "standard", family: "A" } },
  azureApiVersion: "2024-11-01",
};

/** An answer of ARM's that means failure. */
export const failure = (status: number, code: string) => ({
  status,
  body: { error: { code, message: `${code} it is.` } },
});

/** The provider under test, and the Azure that it talks to: both as new for each test. */
export interface Subject {
  azure: FakeAzure;
  client: ProviderClient;
  port: number;
  options: AzureNativeProviderOptions;
  /** The scopes that tokens were asked for; the first token is "token-1". */
  tokensIssued: string[];
  /** The requests so far: "PUT app". */
  sent(): string[];
}

/** Call once in a test file. */
export function useAzureNative(): Subject {
  const subject = {
    tokensIssued: [] as string[],
    sent: () => subject.azure.requests.map(({ method, path }) => `${method} ${path.split("/").at(-1)}`),
  } as Subject;
  let stop: () => Promise<void>;

  beforeAll(async () => {
    subject.azure = await startFakeAzure();
  });
  afterAll(() => subject.azure.close());
  beforeEach(async () => {
    const { azure, tokensIssued } = subject;
    azure.requests.length = 0;
    azure.resources.clear();
    tokensIssued.length = 0;
    subject.options = {
      proxyUrl: azure.proxyUrl,
      caCertificate: azure.caCertificate,
      tenantId: "tenant",
      subscriptionId,
      clientId: "client",
      objectId: "object",
      credential: async (scope) => `token-${tokensIssued.push(scope)}`,
    };
    const provider = createAzureNativeProvider(subject.options);
    const served = await serveAndConnect(provider, { location: "westeurope" });
    subject.client = served.client;
    subject.port = served.port;
    stop = async () => {
      await served.stop();
      await provider.close();
    };
  });
  afterEach(() => stop());
  return subject;
}
