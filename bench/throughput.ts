import { randomUUID } from "node:crypto";
import { performance } from "node:perf_hooks";
import { type AzureClient, openAzureClient } from "./azure-client";
import { peakResidentBytes, processStat, residentBytes } from "./process-tree";
import { quantile } from "./quantiles";
import { type FreshSandbox, startFreshSandbox } from "./sandbox";

/** How the sandbox bore one kind of request. */
export interface Throughput {
  /** "ARM reads" */
  what: string;
  requests: number;
  requestsPerSecond: number;
  /** From sending a request to having its answer, in milliseconds. */
  medianMilliseconds: number;
  /** What 99 of 100 requests stay below, in milliseconds. */
  slowMilliseconds: number;
  /** Share of the time in which the sandbox's process was at work; it has one thread for requests. */
  processorShare: number | undefined;
  /** Memory that the sandbox's process held at the end, in bytes; 0 where the system does not tell. */
  memoryBytes: number;
}

export interface ThroughputReport {
  kinds: Throughput[];
  /** How many requests were under way at a time. */
  concurrency: number;
  /** The most memory that the sandbox's process held, in bytes; 0 where the system does not tell. */
  peakMemoryBytes: number;
  /** The same before the first request. */
  idleMemoryBytes: number;
}

const concurrency = 32;

/** @see https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/security */
const keyVaultSecretsOfficer = "b86a8fe4-44ce-4948-aee5-eccb2c155cd7";

/** Asks a fresh sandbox for as many requests of each kind, one kind after another. */
export async function measureThroughput(
  requests: number,
  onKind: (what: string) => void,
): Promise<ThroughputReport> {
  const sandbox = await startFreshSandbox();
  const client = await openAzureClient(sandbox, concurrency);
  try {
    const idleMemoryBytes = residentBytes(sandbox.processId);
    const kinds: Throughput[] = [];
    for (const [what, send] of Object.entries(await prepare(client, sandbox.account))) {
      onKind(what);
      // Connections and what is compiled on first use are not what is measured.
      await load(concurrency * 2, send);
      kinds.push(await measureKind(what, requests, send, sandbox.processId));
    }
    return { kinds, concurrency, peakMemoryBytes: peakResidentBytes(sandbox.processId), idleMemoryBytes };
  } finally {
    await client.close();
    await sandbox.stop();
  }
}

/** Makes what the requests are about. */
async function prepare(
  client: AzureClient,
  account: FreshSandbox["account"],
): Promise<Record<string, () => Promise<unknown>>> {
  const { send, put, exchange, armToken } = client;
  const location = "westeurope";
  const group = `/subscriptions/${account.subscriptionId}/resourceGroups/rg-bench`;
  const identities = `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities`;
  const vault = `${group}/providers/Microsoft.KeyVault/vaults/kv-bench`;
  await put(group, "2024-03-01", { location });
  const identity = await put(`${identities}/id-bench`, "2023-01-31", { location });
  await put(`${identities}/id-bench/federatedIdentityCredentials/fc-bench`, "2023-01-31", {
    properties: { ...client.assertion, audiences: ["api://AzureADTokenExchange"] },
  });
  await put(vault, "2024-11-01", {
    location,
    properties: {
      tenantId: account.tenantId,
      sku: { family: "A", name: "standard" },
      enableRbacAuthorization: true,
    },
  });
  await put(`${vault}/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}`, "2022-04-01", {
    properties: {
      roleDefinitionId: `/subscriptions/${account.subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${keyVaultSecretsOfficer}`,
      principalId: identity.principalId,
      principalType: "ServicePrincipal",
    },
  });
  const clientId = identity.clientId as string;
  const vaultToken = await exchange(clientId, "https://vault.azure.net/.default");
  const secret = "https://kv-bench.vault.azure.net/secrets/stripe-key?api-version=7.6";
  await send({ method: "PUT", url: secret, token: vaultToken, body: { value: randomUUID() } });

  const identityUrl = (name: string) =>
    `https://management.azure.com${identities}/${name}?api-version=2023-01-31`;
  let written = 0;
  return {
    "ARM reads (an identity)": () => send({ method: "GET", url: identityUrl("id-bench"), token: armToken }),
    "ARM writes (a new identity each)": () =>
      send({ method: "PUT", url: identityUrl(`id-${++written}`), token: armToken, body: { location } }),
    "Token exchanges (a federated credential)": () => exchange(clientId, "https://vault.azure.net/.default"),
    "Key Vault reads (a secret)": () => send({ method: "GET", url: secret, token: vaultToken }),
  };
}

/** Sends as many requests, `concurrency` at a time. @returns how long each took, in milliseconds */
async function load(requests: number, send: () => Promise<unknown>): Promise<number[]> {
  const took: number[] = [];
  let sent = 0;
  const sender = async () => {
    while (sent < requests) {
      sent++;
      const started = performance.now();
      await send();
      took.push(performance.now() - started);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, sender));
  return took;
}

async function measureKind(
  what: string,
  requests: number,
  send: () => Promise<unknown>,
  processId: number,
): Promise<Throughput> {
  const before = processStat(processId)?.ownSeconds;
  const started = performance.now();
  const took = await load(requests, send);
  const wallSeconds = (performance.now() - started) / 1000;
  const after = processStat(processId)?.ownSeconds;
  return {
    what,
    requests,
    requestsPerSecond: requests / wallSeconds,
    medianMilliseconds: quantile(took, 0.5) as number,
    slowMilliseconds: quantile(took, 0.99) as number,
    processorShare: before === undefined || after === undefined ? undefined : (after - before) / wallSeconds,
    memoryBytes: residentBytes(processId),
  };
}
