import { getClientConfigOutput } from "@pulumi/azure-native/authorization/getClientConfig";
import { RoleAssignment } from "@pulumi/azure-native/authorization/roleAssignment";
import { listManagedClusterUserCredentialsOutput } from "@pulumi/azure-native/containerservice/listManagedClusterUserCredentials";
import { ManagedCluster } from "@pulumi/azure-native/containerservice/managedCluster";
import { ResourceGroup } from "@pulumi/azure-native/resources/resourceGroup";
import { Deployment } from "@pulumi/kubernetes/apps/v1/deployment";
import { ConfigMap } from "@pulumi/kubernetes/core/v1/configMap";
import { Namespace } from "@pulumi/kubernetes/core/v1/namespace";
import { Secret } from "@pulumi/kubernetes/core/v1/secret";
import { Service } from "@pulumi/kubernetes/core/v1/service";
import { ServiceAccount } from "@pulumi/kubernetes/core/v1/serviceAccount";
import { Provider } from "@pulumi/kubernetes/provider";
import { Config, interpolate } from "@pulumi/pulumi";

const replicas = new Config().getNumber("replicas") ?? 1;
const { subscriptionId, objectId } = getClientConfigOutput();
const group = new ResourceGroup("shop", { resourceGroupName: "shop-kubernetes" });
const cluster = new ManagedCluster("shop", {
  resourceGroupName: group.name,
  resourceName: "shop",
  dnsPrefix: "shop",
  identity: { type: "SystemAssigned" },
  agentPoolProfiles: [{ name: "system", mode: "System", count: 1, vmSize: "Standard_D2s_v5" }],
  aadProfile: { managed: true, enableAzureRBAC: true },
  disableLocalAccounts: true,
  oidcIssuerProfile: { enabled: true },
  securityProfile: { workloadIdentity: { enabled: true } },
});
const admin = new RoleAssignment("deployer-admin", {
  scope: cluster.id,
  roleAssignmentName: "5f0c1a4e-7d53-5a4b-9d1b-0c6a3f4f1a14",
  roleDefinitionId: interpolate`/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b`,
  principalId: objectId,
  principalType: "ServicePrincipal",
});
const { kubeconfigs } = listManagedClusterUserCredentialsOutput({
  resourceGroupName: group.name,
  resourceName: cluster.name,
});
const kubeconfig = kubeconfigs.apply(([first]) => Buffer.from(first!.value, "base64").toString());
const provider = new Provider("shop", { kubeconfig }, { dependsOn: admin });
const on = { provider };

const namespace = new Namespace("shop", { metadata: { name: "shop" } }, on);
const place = { namespace: namespace.metadata.name };
const settings = new ConfigMap("settings", { metadata: place, data: { currency: "EUR" } }, on);
new Secret("session", { metadata: place, stringData: { key: "open sesame" } }, on);
const account = new ServiceAccount("orders", { metadata: { ...place, name: "orders" } }, on);
const labels = { app: "orders" };
new Deployment(
  "orders",
  {
    metadata: { ...place, name: "orders" },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels: { ...labels, "azure.workload.identity/use": "true" } },
        spec: {
          serviceAccountName: account.metadata.name,
          containers: [
            {
              name: "app",
              image: "mcr.microsoft.com/orders:1",
              envFrom: [{ configMapRef: { name: settings.metadata.name } }],
            },
          ],
        },
      },
    },
  },
  on,
);
const service = new Service(
  "orders",
  {
    metadata: { ...place, name: "orders" },
    spec: { type: "LoadBalancer", selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
  },
  on,
);

export const address = service.status.loadBalancer.ingress[0]!.ip;
export const settingsName = settings.metadata.name;
