import { Namespace } from "@pulumi/kubernetes/core/v1/namespace";
import * as pulumi from "@pulumi/pulumi";
import { Cluster, KeyVault, ResourceGroup, Workload } from "azure-keyless";

// What the platform team's stack says of itself.
const platform = new pulumi.StackReference(new pulumi.Config().require("platform"));
const platformVault = platform.requireOutput("vaults").apply((vaults) => vaults.app.id);
const platformCluster = platform.requireOutput("cluster").apply((cluster) => cluster.id);

const vault = KeyVault.fromId("platform", platformVault);
const cluster = Cluster.fromId("platform", platformCluster);

// What this team owns: a group, a namespace, and a workload with an identity of its own.
const resourceGroup = new ResourceGroup("reports");
const namespace = new Namespace("reports", { metadata: { name: "reports" } }, { provider: cluster.provider });
const reports = new Workload("reports", {
  resourceGroup,
  cluster,
  namespace: "reports",
  ownNamespace: namespace,
  image: "ghcr.io/example/reports:3.1.0",
  access: [vault.secret("mail-key").read()],
});

export const clientId = reports.workloadIdentity.identity.clientId;
export const subject = reports.workloadIdentity.subject;
export const address = reports.address;
