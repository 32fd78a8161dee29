import { Namespace } from "@pulumi/kubernetes/core/v1/namespace";
import * as pulumi from "@pulumi/pulumi";
import { RandomPassword } from "@pulumi/random/randomPassword";
import {
  Cluster,
  KeyVault,
  Propagation,
  Registry,
  ResourceGroup,
  StorageAccount,
  Workload,
  WorkloadIdentity,
} from "azure-keyless";

const count = new pulumi.Config().requireNumber("workloads");

const resourceGroup = new ResourceGroup("environment");
const vault = new KeyVault("app", {
  resourceGroup,
  retentionDays: 7,
  purgeProtection: false,
  secrets: { "stripe-key": new RandomPassword("stripe-key", { length: 32, special: false }).result },
});
const docs = new StorageAccount("docs", {
  resourceGroup,
  containers: ["invoices"],
  redundancy: "LRS",
  retentionDays: 7,
});
const registry = new Registry("images", { resourceGroup, sku: "Basic" });
const cluster = new Cluster("main", {
  resourceGroup,
  nodeCount: 1,
  nodeSize: "Standard_B2s",
  tier: "Free",
  registries: [registry],
});
const shop = new Namespace("shop", { metadata: { name: "shop" } }, { provider: cluster.provider });

const names = Array.from({ length: count }, (_, index) => `workload-${index}`);
const identities = names.map(
  (name) =>
    new WorkloadIdentity(name, {
      resourceGroup,
      cluster,
      namespace: "shop",
      ownNamespace: shop,
      access: [vault.secret("stripe-key").read(), docs.container("invoices").writeBlobs()],
    }),
);
const propagation = new Propagation("workloads", {
  kubeconfig: cluster.kubeconfig,
  proofs: identities.map(({ proof }) => proof),
});
for (const workloadIdentity of identities) {
  const name = workloadIdentity.serviceAccount;
  new Workload(name, {
    cluster,
    workloadIdentity,
    propagation,
    image: pulumi.interpolate`${registry.loginServer}/${name}:1.0.0`,
    replicas: 1,
  });
}

export const vaultUri = vault.uri;
export const registryLoginServer = registry.loginServer;
export const clusterIssuer = cluster.issuerUrl;
