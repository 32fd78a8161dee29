import { Namespace } from "@pulumi/kubernetes/core/v1/namespace";
import { ServiceAccount } from "@pulumi/kubernetes/core/v1/serviceAccount";
import { AppRegistration, Cluster, ResourceGroup, Workload } from "../../../components";

const resourceGroup = new ResourceGroup("shop", { location: "westeurope" });
const cluster = new Cluster("main", { resourceGroup });
const kubernetes = { provider: cluster.provider };
const namespace = new Namespace("shop", { metadata: { name: "shop" } }, kubernetes);

const api = new AppRegistration("orders-api", {
  appRoles: [{ value: "Orders.Read", description: "Reads all orders." }],
  scopes: [{ value: "Orders.Read.Own", description: "Reads the orders of whoever is signed in." }],
  serviceAccounts: [{ cluster, namespace: "shop", serviceAccount: "orders-api" }],
});
new ServiceAccount(
  "orders-api",
  {
    metadata: {
      name: "orders-api",
      namespace: namespace.metadata.name,
      annotations: {
        "azure.workload.identity/client-id": api.clientId,
        "azure.workload.identity/tenant-id": api.tenantId,
      },
    },
  },
  kubernetes,
);

const image = "shop.azurecr.io/web:1";
const workload = { resourceGroup, cluster, namespace: "shop", image, replicas: 1 };
const web = new Workload("web", workload, { dependsOn: namespace });
new Workload("stranger", workload, { dependsOn: namespace });
api.assignAppRole("web-orders-read", { appRole: "Orders.Read", principal: web.workloadIdentity.identity });

export const { clientId, defaultScope, identifierUri, principalId, tenantId, tokenAudience, tokenIssuer } =
  api;
export const clusterId = cluster.id;
