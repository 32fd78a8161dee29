// What examples/aks-workload-identity makes, written with the providers' own SDKs: to compare, never deployed.
import * as authorization from "@pulumi/azure-native/authorization";
import * as containerregistry from "@pulumi/azure-native/containerregistry";
import * as containerservice from "@pulumi/azure-native/containerservice";
import * as keyvault from "@pulumi/azure-native/keyvault";
import * as managedidentity from "@pulumi/azure-native/managedidentity";
import * as resources from "@pulumi/azure-native/resources";
import * as azuread from "@pulumi/azuread";
import { Deployment } from "@pulumi/kubernetes/apps/v1/deployment";
import { Namespace } from "@pulumi/kubernetes/core/v1/namespace";
import { Service } from "@pulumi/kubernetes/core/v1/service";
import { ServiceAccount } from "@pulumi/kubernetes/core/v1/serviceAccount";
import { Provider } from "@pulumi/kubernetes/provider";
import * as pulumi from "@pulumi/pulumi";
import { RandomPassword } from "@pulumi/random/randomPassword";

/** @see https://learn.microsoft.com/azure/role-based-access-control/built-in-roles */
const roles = {
  acrPull: "7f951dda-4ed3-4680-a7ca-43fe172d538d",
  aksRbacClusterAdmin: "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b",
  keyVaultSecretsOfficer: "b86a8fe4-44ce-4948-aee5-eccb2c155cd7",
  keyVaultSecretsUser: "4633458b-17de-408a-b874-0445c86b69e6",
};
const { subscriptionId, tenantId, objectId } = authorization.getClientConfigOutput();

function assignRole(
  name: string,
  role: keyof typeof roles,
  scope: pulumi.Input<string>,
  principalId: pulumi.Input<string>,
) {
  return new authorization.RoleAssignment(name, {
    scope,
    principalId,
    principalType: "ServicePrincipal",
    roleDefinitionId: pulumi.interpolate`/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${roles[role]}`,
  });
}

const resourceGroup = new resources.ResourceGroup("shop");
const resourceGroupName = resourceGroup.name;

const registry = new containerregistry.Registry("images", {
  resourceGroupName,
  sku: { name: "Basic" },
  adminUserEnabled: false,
  anonymousPullEnabled: false,
});

const cluster = new containerservice.ManagedCluster("main", {
  resourceGroupName,
  dnsPrefix: "main",
  identity: { type: "SystemAssigned" },
  sku: { name: "Base", tier: "Free" },
  oidcIssuerProfile: { enabled: true },
  securityProfile: { workloadIdentity: { enabled: true } },
  enableRBAC: true,
  aadProfile: { managed: true, enableAzureRBAC: true, tenantID: tenantId },
  disableLocalAccounts: true,
  networkProfile: { networkPlugin: "azure", networkPluginMode: "overlay" },
  agentPoolProfiles: [
    {
      name: "system",
      mode: "System",
      type: "VirtualMachineScaleSets",
      osType: "Linux",
      count: 1,
      vmSize: "Standard_D4ds_v5",
    },
  ],
});
const issuer = cluster.oidcIssuerProfile.apply((profile) => profile?.issuerURL ?? "");
const kubelet = cluster.identityProfile.apply((profile) => profile?.kubeletidentity?.objectId ?? "");
assignRole("nodes-pull-images", "acrPull", registry.id, kubelet);
const administrator = assignRole("administrator", "aksRbacClusterAdmin", cluster.id, objectId);

const credentials = containerservice.listManagedClusterUserCredentialsOutput({
  resourceGroupName,
  resourceName: cluster.name,
});
// As it comes, it asks whoever uses it to type a code into a browser.
const kubeconfig = credentials.kubeconfigs.apply(([first]) =>
  Buffer.from(first?.value ?? "", "base64")
    .toString()
    .replace("devicecode", "azurecli"),
);
const provider = new Provider("main", { kubeconfig }, { dependsOn: [administrator] });
const namespace = "shop";
const shop = new Namespace(namespace, { metadata: { name: namespace } }, { provider });

const vault = new keyvault.Vault("shop", {
  resourceGroupName,
  properties: {
    tenantId,
    sku: { family: "A", name: "standard" },
    enableRbacAuthorization: true,
    enableSoftDelete: true,
    softDeleteRetentionInDays: 7,
  },
});
const greeting = new RandomPassword("greeting", { length: 32, special: false });
const keeper = assignRole("keeper", "keyVaultSecretsOfficer", vault.id, objectId);
const secret = new keyvault.Secret(
  "greeting",
  {
    resourceGroupName,
    vaultName: vault.name,
    secretName: "greeting",
    properties: { value: greeting.result },
  },
  { dependsOn: [keeper] },
);

const application = new azuread.ApplicationRegistration("orders-api", {
  displayName: "orders-api",
  signInAudience: "AzureADMyOrg",
  requestedAccessTokenVersion: 2,
});
const applicationId = application.id;
const principal = new azuread.ServicePrincipal("orders-api", {
  clientId: application.clientId,
  appRoleAssignmentRequired: true,
});
const uri = new azuread.ApplicationIdentifierUri("orders-api", {
  applicationId,
  identifierUri: pulumi.interpolate`api://${application.clientId}`,
});
const ordersRead = new azuread.ApplicationAppRole("orders-read", {
  applicationId,
  roleId: "8d6a1c5e-3f0e-4a77-9f2c-0b1f5f7c9a11",
  value: "Orders.Read",
  displayName: "Orders.Read",
  description: "Reads all orders.",
  allowedMemberTypes: ["Application"],
});
new azuread.ApplicationPermissionScope("orders-read-own", {
  applicationId,
  scopeId: "2f4b8b0a-7d53-4a0e-8a35-6e1f0d2c4b22",
  value: "Orders.Read.Own",
  type: "Admin",
  adminConsentDisplayName: "Orders.Read.Own",
  adminConsentDescription: "Reads the orders of whoever is signed in.",
});
const audiences = ["api://AzureADTokenExchange"];
const subjectOf = (serviceAccount: string) => `system:serviceaccount:${namespace}:${serviceAccount}`;
new azuread.ApplicationFederatedIdentityCredential("orders-api", {
  applicationId,
  displayName: "orders-api",
  issuer,
  subject: subjectOf("orders-api"),
  audiences,
});

function deploy(
  name: string,
  serviceType: "ClusterIP" | "LoadBalancer",
  env: Record<string, pulumi.Input<string>>,
  grantAccess: (principalId: pulumi.Output<string>) => pulumi.Resource[] = () => [],
) {
  const identity = new managedidentity.UserAssignedIdentity(name, { resourceGroupName });
  const access = grantAccess(identity.principalId);
  const credential = new managedidentity.FederatedIdentityCredential(name, {
    resourceGroupName,
    resourceName: identity.name,
    issuer,
    subject: subjectOf(name),
    audiences,
  });
  const annotations = {
    "azure.workload.identity/client-id": identity.clientId,
    "azure.workload.identity/tenant-id": tenantId,
  };
  const serviceAccount = new ServiceAccount(
    name,
    { metadata: { name, namespace, annotations } },
    { provider, dependsOn: [shop] },
  );
  const labels = { "app.kubernetes.io/name": name };
  const container = {
    name,
    image: pulumi.interpolate`${registry.loginServer}/${name}:1.0.0`,
    ports: [{ containerPort: 8080 }],
    env: Object.entries(env).map(([key, value]) => ({ name: key, value })),
    securityContext: { allowPrivilegeEscalation: false },
  };
  const template = {
    metadata: { labels: { ...labels, "azure.workload.identity/use": "true" } },
    spec: {
      serviceAccountName: name,
      automountServiceAccountToken: false,
      securityContext: { seccompProfile: { type: "RuntimeDefault" } },
      containers: [container],
    },
  };
  const deployment = new Deployment(
    name,
    {
      metadata: { name, namespace, labels },
      spec: { replicas: 1, selector: { matchLabels: labels }, template },
    },
    { provider, dependsOn: [serviceAccount, credential, ...access] },
  );
  const service = new Service(
    name,
    {
      metadata: { name, namespace, labels },
      spec: { type: serviceType, selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
    },
    { provider, dependsOn: [deployment] },
  );
  return { identity, service };
}

deploy("orders-api", "ClusterIP", {
  TOKEN_ISSUER: pulumi.interpolate`https://login.microsoftonline.com/${tenantId}/v2.0`,
  TOKEN_AUDIENCE: application.clientId,
});
const web = deploy(
  "web",
  "LoadBalancer",
  {
    VAULT_URI: vault.properties.vaultUri.apply((vaultUri) => vaultUri ?? ""),
    ORDERS_URL: "http://orders-api",
    ORDERS_SCOPE: pulumi.interpolate`${uri.identifierUri}/.default`,
  },
  (principalId) => [assignRole("web-reads-greeting", "keyVaultSecretsUser", secret.id, principalId)],
);
new azuread.AppRoleAssignment("web-orders-read", {
  appRoleId: ordersRead.roleId,
  principalObjectId: web.identity.principalId,
  resourceObjectId: principal.objectId,
});

export const address = web.service.status.loadBalancer.ingress[0]?.ip;
