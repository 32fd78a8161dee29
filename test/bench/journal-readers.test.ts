import { describe, expect, it } from "vitest";
import { longestChain } from "../../bench/first-up/chain";
import { stepsOf } from "../../bench/first-up/constraints";
import { waitsIn } from "../../bench/propagation/waits";
import type { JournalEntries, JournalWrite } from "../../sandbox/core/journal";

const group = "/subscriptions/s/resourceGroups/rg";
const cluster = `${group}/providers/Microsoft.ContainerService/managedClusters/aks`;
const vault = `${group}/providers/Microsoft.KeyVault/vaults/kv`;
const identity = `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-orders-dev`;
const role = (scope: string, name: string) =>
  `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`;
const clusterIssuer = "https://issuer.example/";

/** A write from one second to another. */
const write = (
  id: string,
  type: string,
  [start, end]: [number, number],
  more: { effective?: number; principalId?: string } = {},
): JournalWrite => ({
  method: "PUT",
  id,
  type,
  startedAt: 1000 * start,
  completedAt: 1000 * end,
  ...(more.effective === undefined ? {} : { effectiveAt: 1000 * more.effective }),
  ...(more.principalId === undefined ? {} : { principalId: more.principalId }),
});

const journal: JournalEntries = {
  writes: [
    write(group, "Microsoft.Resources/resourceGroups", [10, 12]),
    write(vault, "Microsoft.KeyVault/vaults", [13, 43]),
    write(identity, "Microsoft.ManagedIdentity/userAssignedIdentities", [13, 14], {
      effective: 20,
      principalId: "orders",
    }),
    write(role(vault, "r"), "Microsoft.Authorization/roleAssignments", [44, 46], {
      effective: 400,
      principalId: "orders",
    }),
    write(cluster, "Microsoft.ContainerService/managedClusters", [13, 253]),
    write(role(cluster, "admin"), "Microsoft.Authorization/roleAssignments", [254, 256], {
      effective: 300,
      principalId: "deployer",
    }),
    write(
      `${identity}/federatedIdentityCredentials/fc-other`,
      "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
      [20, 21],
      { effective: 900 },
    ),
    write(
      `${identity}/federatedIdentityCredentials/fc-orders`,
      "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
      [254, 255],
      { effective: 310 },
    ),
    write(`${cluster}/namespaces/shop/pods/orders-5d`, "Kubernetes/Pod", [410, 413]),
  ],
  accesses: [
    {
      principalId: "deployer",
      operation: "Microsoft.ContainerService/managedClusters/namespaces/read",
      scope: cluster,
      firstAt: 260_000,
      refusals: 5,
      lastRefusedAt: 298_000,
      allowances: 9,
      allowedAt: 304_000,
    },
    {
      principalId: "orders",
      operation: "getSecret",
      scope: `${vault}/secrets/stripe-key`,
      firstAt: 305_000,
      refusals: 3,
      lastRefusedAt: 395_000,
      allowances: 1,
      allowedAt: 403_000,
    },
  ],
  faults: [{ kind: "reset", service: "Azure Key Vault", at: 401_000 }],
};

describe("the constraints", () => {
  it("make a chain of what the journal says that Azure took, without what was waited for needlessly", () => {
    const steps = stepsOf({
      journal,
      clusterIssuer,
      issuerOf: (id) => (id.endsWith("/fc-orders") ? clusterIssuer : "https://elsewhere.example/"),
    });
    const chain = longestChain(steps);
    expect(chain.map(({ label, seconds }) => [label, seconds])).toEqual([
      ["resourceGroups rg", 2],
      ["vaults kv", 30],
      ["role assignment at kv", 2],
      ["role assignment at kv takes effect", 354],
      ["Pod orders-5d", 3],
    ]);
    const find = (id: string) => steps.find((step) => step.id === id)?.after;
    expect(find(`${identity}/federatedIdentityCredentials/fc-orders`)).toEqual([
      identity,
      `${identity}/federatedIdentityCredentials/fc-other`,
      cluster,
    ]);
    expect(find(`${cluster}/namespaces/shop/pods/orders-5d`)).not.toContain(
      `${identity}/federatedIdentityCredentials/fc-other takes effect`,
    );
  });
});

describe("the waits", () => {
  it("are those for the cluster and for the workloads, measured from their first looks", () => {
    const own = { ...journal, writes: journal.writes.filter(({ id }) => !id.endsWith("/fc-other")) };
    expect(waitsIn(own, 10)).toEqual([
      {
        what: "cluster",
        identities: 1,
        worksAt: 40,
        endedAt: 44,
        pollInterval: 5,
        refusals: 5,
        struckAtEnd: 0,
      },
      {
        what: "workloads",
        identities: 1,
        worksAt: 95,
        endedAt: 98,
        pollInterval: 5,
        refusals: 3,
        struckAtEnd: 1,
      },
    ]);
  });
});
