import * as pulumi from "@pulumi/pulumi";

/** A resource that a program asked the engine for. */
export interface Registered {
  type: string;
  name: string;
  inputs: Record<string, any>;
}

const subscription = "/subscriptions/00000000-0000-4000-8000-000000000001";
export const clientConfig = {
  subscriptionId: "00000000-0000-4000-8000-000000000001",
  tenantId: "00000000-0000-4000-8000-0000000000aa",
  clientId: "00000000-0000-4000-8000-0000000000cc",
  objectId: "00000000-0000-4000-8000-0000000000dd",
};
export const issuerUrl = "https://westeurope.oic.prod-aks.azure.com/tenant/guid/";
const appToken = `e30.${Buffer.from(JSON.stringify({ idtyp: "app" })).toString("base64url")}.`;
const kubeconfig = `
apiVersion: v1
kind: Config
current-context: main
clusters: [{ name: main, cluster: { server: "https://main:443" } }]
contexts: [{ name: main, context: { cluster: main, user: user } }]
users: [{ name: user, user: { exec: { apiVersion: client.authentication.k8s.io/v1, command: kubelogin, args: [get-token, --login, devicecode] } } }]
`;

const group = (inputs: Record<string, any>) => `${subscription}/resourceGroups/${inputs.resourceGroupName}`;

/** What each type answers beside its inputs; a type that is not here is a fault of the test. */
const types: Record<string, (inputs: Record<string, any>, name: string) => { id: string; state?: object }> = {
  "azure-native:resources:ResourceGroup": (inputs) => ({
    id: group(inputs),
    state: { name: inputs.resourceGroupName, location: inputs.location ?? "westeurope" },
  }),
  "azure-native:managedidentity:UserAssignedIdentity": (inputs) => ({
    id: `${group(inputs)}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${inputs.resourceName}`,
    state: {
      name: inputs.resourceName,
      clientId: `client-${inputs.resourceName}`,
      principalId: `principal-${inputs.resourceName}`,
      tenantId: clientConfig.tenantId,
    },
  }),
  "azure-native:managedidentity:FederatedIdentityCredential": (inputs) => ({
    id: `${group(inputs)}/…/federatedIdentityCredentials/${inputs.federatedIdentityCredentialResourceName}`,
  }),
  "azure-native:authorization:RoleAssignment": (inputs) => ({
    id: `${inputs.scope}/providers/Microsoft.Authorization/roleAssignments/${inputs.roleAssignmentName}`,
  }),
  "azure-native:keyvault:Vault": (inputs) => ({
    id: `${group(inputs)}/providers/Microsoft.KeyVault/vaults/${inputs.vaultName}`,
    state: {
      name: inputs.vaultName,
      properties: { ...inputs.properties, vaultUri: `https://${inputs.vaultName}.vault.azure.net/` },
    },
  }),
  "azure-native:keyvault:Secret": (inputs) => ({ id: `${group(inputs)}/…/secrets/${inputs.secretName}` }),
  "azure-native:storage:StorageAccount": (inputs) => ({
    id: `${group(inputs)}/providers/Microsoft.Storage/storageAccounts/${inputs.accountName}`,
    state: {
      name: inputs.accountName,
      primaryEndpoints: { blob: `https://${inputs.accountName}.blob.core.windows.net/` },
    },
  }),
  "azure-native:storage:BlobServiceProperties": (inputs) => ({
    id: `${group(inputs)}/…/blobServices/default`,
  }),
  "azure-native:storage:BlobContainer": (inputs) => ({ id: `${group(inputs)}/…/${inputs.containerName}` }),
  "azure-native:sql:Server": (inputs) => ({
    id: `${group(inputs)}/providers/Microsoft.Sql/servers/${inputs.serverName}`,
    state: { name: inputs.serverName, fullyQualifiedDomainName: `${inputs.serverName}.database.windows.net` },
  }),
  "azure-native:sql:Database": (inputs) => ({ id: `${group(inputs)}/…/databases/${inputs.databaseName}` }),
  "azure-native:sql:FirewallRule": (inputs, name) => ({ id: `${group(inputs)}/…/firewallRules/${name}` }),
  "azure-native:containerregistry:Registry": (inputs) => ({
    id: `${group(inputs)}/providers/Microsoft.ContainerRegistry/registries/${inputs.registryName}`,
    state: { name: inputs.registryName, loginServer: `${inputs.registryName}.azurecr.io` },
  }),
  "azure-native:containerservice:ManagedCluster": (inputs) => ({
    id: `${group(inputs)}/providers/Microsoft.ContainerService/managedClusters/${inputs.resourceName}`,
    state: {
      name: inputs.resourceName,
    },
  }),
  "pulumi:providers:kubernetes": (_inputs, name) => ({ id: name }),
  "kubernetes:core/v1:Namespace": (inputs) => ({ id: inputs.metadata.name }),
  "kubernetes:core/v1:ServiceAccount": (inputs) => ({
    id: `${inputs.metadata.namespace}/${inputs.metadata.name}`,
  }),
  "kubernetes:apps/v1:Deployment": (inputs) => ({
    id: `${inputs.metadata.namespace}/${inputs.metadata.name}`,
  }),
  "kubernetes:core/v1:Service": (inputs) => ({
    id: `${inputs.metadata.namespace}/${inputs.metadata.name}`,
    state: { status: { loadBalancer: { ingress: [{ ip: "20.0.0.1" }] } } },
  }),
  "pulumi-nodejs:dynamic/azure-keyless:Propagation": (_inputs, name) => ({ id: name }),
  "pulumi-nodejs:dynamic/azure-keyless:SqlDatabaseUser": (_inputs, name) => ({ id: name }),
  "pulumi-nodejs:dynamic/azure-keyless:VaultName": (inputs, name) => ({
    id: name,
    state: { vaultName: inputs.baseName },
  }),
  "azuread:index/applicationRegistration:ApplicationRegistration": (inputs) => ({
    id: `/applications/object-${inputs.displayName}`,
    state: { clientId: `client-${inputs.displayName}`, objectId: `object-${inputs.displayName}` },
  }),
  "azuread:index/servicePrincipal:ServicePrincipal": (inputs) => ({
    id: `/servicePrincipals/principal-${inputs.clientId}`,
    state: { objectId: `principal-${inputs.clientId}`, applicationTenantId: clientConfig.tenantId },
  }),
  "azuread:index/applicationIdentifierUri:ApplicationIdentifierUri": (inputs, name) => ({
    id: `${inputs.applicationId}/identifierUris/${name}`,
  }),
  "azuread:index/applicationAppRole:ApplicationAppRole": (inputs) => ({
    id: `${inputs.applicationId}/appRoles/${inputs.roleId}`,
  }),
  "azuread:index/applicationPermissionScope:ApplicationPermissionScope": (inputs) => ({
    id: `${inputs.applicationId}/permissionScopes/${inputs.scopeId}`,
  }),
  "azuread:index/applicationFederatedIdentityCredential:ApplicationFederatedIdentityCredential": (
    inputs,
    name,
  ) => ({ id: `${inputs.applicationId}/federatedIdentityCredential/${name}` }),
  "azuread:index/appRoleAssignment:AppRoleAssignment": (inputs, name) => ({
    id: `/servicePrincipals/${inputs.resourceObjectId}/appRoleAssignedTo/${name}`,
  }),
  "random:index/randomPassword:RandomPassword": (inputs, name) => ({
    id: name,
    state: { result: "r".repeat(inputs.length) },
  }),
};

const functions: Record<string, () => object> = {
  "azure-native:authorization:getClientConfig": () => clientConfig,
  "azure-native:authorization:getClientToken": () => ({ token: appToken }),
  "azure-native:containerservice:listManagedClusterUserCredentials": () => ({
    kubeconfigs: [{ name: "clusterUser", value: Buffer.from(kubeconfig).toString("base64") }],
  }),
  "azure-native:containerservice:getManagedCluster": () => ({
    name: "aks",
    oidcIssuerProfile: { enabled: true, issuerURL: issuerUrl },
    identityProfile: { kubeletidentity: { objectId: "kubelet-object" } },
  }),
};

/** Runs a program against mocks, in stack "test" of project "shop", and returns what it registered. */
export async function register(program: () => unknown): Promise<Registered[]> {
  const registered: Registered[] = [];
  const failures: Error[] = [];
  const guard = <T>(what: string, find: (() => T) | undefined): T => {
    if (find) return find();
    const failure = new Error(`no mock for ${what}`);
    failures.push(failure);
    throw failure;
  };
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        registered.push({ type, name, inputs });
        if (type.startsWith("azure-keyless:")) return { id: name, state: inputs };
        const found = types[type];
        const { id, state } = guard(type, found && (() => found(inputs, name)));
        return { id, state: { ...inputs, ...state } };
      },
      call: ({ token }) => guard(token, functions[token]),
    },
    "shop",
    "test",
    false,
  );
  await program();
  await pulumi.runtime.disconnect();
  if (failures[0]) throw failures[0];
  return registered;
}

/** The one resource of that type and name. */
export function find(registered: Registered[], type: string, name: string): Registered["inputs"] {
  const found = registered.filter((resource) => resource.type === type && resource.name === name);
  if (found.length !== 1) {
    const all = registered.map((resource) => `${resource.type} ${resource.name}`).join("\n");
    throw new Error(`${found.length} resources ${type} ${name} among\n${all}`);
  }
  return found[0]?.inputs as Registered["inputs"];
}
