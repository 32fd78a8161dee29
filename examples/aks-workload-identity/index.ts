import { Namespace } from "@pulumi/kubernetes/core/v1/namespace";
import * as pulumi from "@pulumi/pulumi";
import { RandomPassword } from "@pulumi/random/randomPassword";
import { AppRegistration, Cluster, KeyVault, Registry, ResourceGroup, Workload } from "azure-keyless";

const resourceGroup = new ResourceGroup("shop");
const registry = new Registry("images", { resourceGroup, sku: "Basic" });
const cluster = new Cluster("main", { resourceGroup, registries: [registry], nodeCount: 1, tier: "Free" });
const namespace = new Namespace("shop", { metadata: { name: "shop" } }, { provider: cluster.provider });

const greeting = new RandomPassword("greeting", { length: 32, special: false }).result;
// A vault that can be thrown away; without the last two lines it cannot be.
const vault = new KeyVault("shop", {
  resourceGroup,
  secrets: { greeting },
  purgeProtection: false,
  retentionDays: 7,
});

const api = new AppRegistration("orders-api", {
  appRoles: [{ value: "Orders.Read", description: "Reads all orders." }],
  scopes: [{ value: "Orders.Read.Own", description: "Reads the orders of whoever is signed in." }],
  serviceAccounts: [{ cluster, namespace: "shop", serviceAccount: "orders-api" }],
});

const shop = { resourceGroup, cluster, namespace: "shop", replicas: 1 };
const image = (name: string) => pulumi.interpolate`${registry.loginServer}/${name}:1.0.0`;
new Workload(
  "orders-api",
  {
    ...shop,
    image: image("orders-api"),
    serviceType: "ClusterIP",
    env: { TOKEN_ISSUER: api.tokenIssuer, TOKEN_AUDIENCE: api.tokenAudience },
  },
  { dependsOn: [namespace, api] },
);
const web = new Workload(
  "web",
  {
    ...shop,
    image: image("web"),
    access: [vault.secret("greeting").read(), api.appRole("Orders.Read")],
    env: { VAULT_URI: vault.uri, ORDERS_URL: "http://orders-api", ORDERS_SCOPE: api.defaultScope },
  },
  { dependsOn: namespace },
);

export const address = web.address;
export const { clientId, principalId } = api;
export const clusterId = cluster.id;
export const issuerUrl = cluster.issuerUrl;
export const vaultUri = vault.uri;
