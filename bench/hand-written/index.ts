import * as authorization from "@pulumi/azure-native/authorization";
import * as containerregistry from "@pulumi/azure-native/containerregistry";
import * as containerservice from "@pulumi/azure-native/containerservice";
import * as keyvault from "@pulumi/azure-native/keyvault";
import * as managedidentity from "@pulumi/azure-native/managedidentity";
import * as resources from "@pulumi/azure-native/resources";
import * as storage from "@pulumi/azure-native/storage";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

/** @see https://learn.microsoft.com/azure/role-based-access-control/built-in-roles */
const roles = {
  acrPull: "7f951dda-4ed3-4680-a7ca-43fe172d538d",
  keyVaultSecretsOfficer: "b86a8fe4-44ce-4948-aee5-eccb2c155cd7",
  keyVaultSecretsUser: "4633458b-17de-408a-b874-0445c86b69e6",
  storageBlobDataContributor: "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
  aksRbacClusterAdmin: "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b",
};
const namespace = "shop";
const workloads = new pulumi.Config().requireNumber("workloads");

const { subscriptionId, tenantId, objectId } = authorization.getClientConfigOutput();
const roleDefinitionId = (role: string) =>
  pulumi.interpolate`/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${role}`;

/**
 * Role assignments and credentials take effect some time after they are written, so programs wait: minutes on Azure.
 * The benchmark waits for nothing, and what remains is what a wait costs besides its time.
 */
class Delay extends pulumi.dynamic.Resource {
  constructor(name: string, options: pulumi.CustomResourceOptions) {
    const wait = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    const create = async ({ seconds }: { seconds: number }) => {
      await wait(seconds);
      return { id: name };
    };
    super({ create }, name, { seconds: 0 }, options);
  }
}

const resourceGroup = new resources.ResourceGroup("environment");
const resourceGroupName = resourceGroup.name;

const vault = new keyvault.Vault("app", {
  resourceGroupName,
  properties: {
    tenantId,
    sku: { family: "A", name: "standard" },
    enableRbacAuthorization: true,
    enableSoftDelete: true,
    softDeleteRetentionInDays: 7,
  },
});
const password = new random.RandomPassword("stripe-key", { length: 32, special: false });
// Making a secret takes no data role, but deleting one does.
const keeper = new authorization.RoleAssignment("app-keeper", {
  scope: vault.id,
  roleDefinitionId: roleDefinitionId(roles.keyVaultSecretsOfficer),
  principalId: objectId,
  principalType: "ServicePrincipal",
});
const secret = new keyvault.Secret(
  "stripe-key",
  {
    resourceGroupName,
    vaultName: vault.name,
    secretName: "stripe-key",
    properties: { value: password.result },
  },
  { dependsOn: [keeper] },
);

const account = new storage.StorageAccount("docs", {
  resourceGroupName,
  kind: "StorageV2",
  sku: { name: "Standard_LRS" },
  allowBlobPublicAccess: false,
  allowSharedKeyAccess: false,
  enableHttpsTrafficOnly: true,
  minimumTlsVersion: "TLS1_2",
});
const retention = { enabled: true, days: 7 };
new storage.BlobServiceProperties("docs", {
  resourceGroupName,
  accountName: account.name,
  blobServicesName: "default",
  deleteRetentionPolicy: retention,
  containerDeleteRetentionPolicy: retention,
});
const container = new storage.BlobContainer("invoices", {
  resourceGroupName,
  accountName: account.name,
  containerName: "invoices",
  publicAccess: "None",
});

const registry = new containerregistry.Registry("images", {
  resourceGroupName,
  sku: { name: "Basic" },
  adminUserEnabled: false,
});

const cluster = new containerservice.ManagedCluster("main", {
  resourceGroupName,
  dnsPrefix: "main",
  identity: { type: "SystemAssigned" },
  sku: { name: "Base", tier: "Free" },
  agentPoolProfiles: [{ name: "system", mode: "System", count: 1, vmSize: "Standard_B2s", osType: "Linux" }],
  aadProfile: { managed: true, enableAzureRBAC: true },
  disableLocalAccounts: true,
  enableRBAC: true,
  oidcIssuerProfile: { enabled: true },
  securityProfile: { workloadIdentity: { enabled: true } },
});
const issuer = cluster.oidcIssuerProfile.apply((profile) => profile?.issuerURL ?? "");
const kubeletPrincipalId = cluster.identityProfile.apply(
  (profile) => profile?.kubeletidentity?.objectId ?? "",
);

new authorization.RoleAssignment("main-pulls-images", {
  scope: registry.id,
  roleDefinitionId: roleDefinitionId(roles.acrPull),
  principalId: kubeletPrincipalId,
  principalType: "ServicePrincipal",
});

// With Azure RBAC, whoever makes the cluster may not use it yet.
const administrator = new authorization.RoleAssignment("main-administrator", {
  scope: cluster.id,
  roleDefinitionId: roleDefinitionId(roles.aksRbacClusterAdmin),
  principalId: objectId,
  principalType: "ServicePrincipal",
});

const credentials = containerservice.listManagedClusterUserCredentialsOutput({
  resourceGroupName,
  resourceName: cluster.name,
});
const kubeconfig = pulumi.secret(
  credentials.kubeconfigs.apply(([first]) => Buffer.from(first?.value ?? "", "base64").toString()),
);
const administers = new Delay("administrator", { dependsOn: [administrator] });
const provider = new k8s.Provider("main", { kubeconfig }, { dependsOn: [administers] });

const shop = new k8s.core.v1.Namespace(namespace, { metadata: { name: namespace } }, { provider });

const names = Array.from({ length: workloads }, (_, index) => `workload-${index}`);

const granted = names.flatMap((name): pulumi.Resource[] => {
  const identity = new managedidentity.UserAssignedIdentity(name, { resourceGroupName });
  const readsSecret = new authorization.RoleAssignment(`${name}-reads-secret`, {
    scope: secret.id,
    roleDefinitionId: roleDefinitionId(roles.keyVaultSecretsUser),
    principalId: identity.principalId,
    principalType: "ServicePrincipal",
  });
  const writesBlobs = new authorization.RoleAssignment(`${name}-writes-blobs`, {
    scope: container.id,
    roleDefinitionId: roleDefinitionId(roles.storageBlobDataContributor),
    principalId: identity.principalId,
    principalType: "ServicePrincipal",
  });
  const credential = new managedidentity.FederatedIdentityCredential(name, {
    resourceGroupName,
    resourceName: identity.name,
    issuer,
    subject: `system:serviceaccount:${namespace}:${name}`,
    audiences: ["api://AzureADTokenExchange"],
  });

  const serviceAccount = new k8s.core.v1.ServiceAccount(
    name,
    {
      metadata: {
        name,
        namespace,
        annotations: {
          "azure.workload.identity/client-id": identity.clientId,
          "azure.workload.identity/tenant-id": tenantId,
        },
      },
    },
    { provider, dependsOn: [shop] },
  );
  return [serviceAccount, credential, readsSecret, writesBlobs];
});
const works = new Delay("workloads", { dependsOn: granted });

for (const name of names) {
  const labels = { app: name };
  const deployment = new k8s.apps.v1.Deployment(
    name,
    {
      metadata: { name, namespace, labels },
      spec: {
        replicas: 1,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels: { ...labels, "azure.workload.identity/use": "true" } },
          spec: {
            serviceAccountName: name,
            containers: [
              {
                name: "app",
                image: pulumi.interpolate`${registry.loginServer}/${name}:1.0.0`,
                ports: [{ containerPort: 8080 }],
              },
            ],
          },
        },
      },
    },
    { provider, dependsOn: [works] },
  );
  new k8s.core.v1.Service(
    name,
    {
      metadata: { name, namespace, labels },
      spec: { type: "LoadBalancer", selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
    },
    // Pulumi waits for a Service to have pods, so they must not wait for it.
    { provider, dependsOn: [deployment] },
  );
}

export const vaultUri = vault.properties.vaultUri;
export const registryLoginServer = registry.loginServer;
export const clusterIssuer = issuer;
