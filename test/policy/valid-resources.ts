import type { Properties, Resource, Value } from "../../policy/core/resource";

const SUBSCRIPTION = "/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590";
const GROUP = `${SUBSCRIPTION}/resourceGroups/rg-shop`;
const VAULT = `${GROUP}/providers/Microsoft.KeyVault/vaults/kv-shop`;
const CLIENT_ID = "3f2b9a10-6f0e-4c53-9d52-7f0a1f1c9e11";
const ROLES = `${SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions`;

/** Ids that the valid resources are made of. */
export const ids = { SUBSCRIPTION, GROUP, VAULT, CLIENT_ID, ROLES };

/** A resource as rules get it. */
export function resourceOf(type: string, properties: Properties, name = "it"): Resource {
  return { type, name, urn: `urn:pulumi:dev::shop::${type}::${name}`, properties };
}

/** One resource of each type that a rule looks at, with nothing wrong about it. */
export const valid = {
  roleAssignment: resourceOf("azure-native:authorization:RoleAssignment", {
    scope: `${VAULT}/secrets/stripe-key`,
    roleDefinitionId: `${ROLES}/4633458b-17de-408a-b874-0445c86b69e6`,
    principalId: CLIENT_ID,
    principalType: "ServicePrincipal",
    description: "orders reads the secret stripe-key",
  }),
  roleDefinition: resourceOf("azure-native:authorization:RoleDefinition", {
    roleName: "Vault Lister",
    scope: SUBSCRIPTION,
    permissions: [
      { actions: ["Microsoft.KeyVault/vaults/*", "*/read"], dataActions: ["Microsoft.KeyVault/*/read"] },
    ],
  }),
  databaseUser: resourceOf("pulumi-nodejs:dynamic/azure-keyless:SqlDatabaseUser", {
    server: "sql-shop.database.windows.net",
    databaseName: "orders",
    userName: "id-orders",
    sidGuid: CLIENT_ID,
    userType: "E",
    roles: ["db_datareader", "db_datawriter"],
  }),
  storageAccount: resourceOf("azure-native:storage:StorageAccount", {
    accountName: "stshop",
    allowSharedKeyAccess: false,
  }),
  eventHubsNamespace: resourceOf("azure-native:eventhub:Namespace", { disableLocalAuth: true }),
  serviceBusNamespace: resourceOf("azure-native:servicebus:Namespace", { disableLocalAuth: true }),
  sqlServer: resourceOf("azure-native:sql:Server", {
    administrators: { azureADOnlyAuthentication: true, login: "dbas", sid: CLIENT_ID },
  }),
  sqlEntraOnly: resourceOf("azure-native:sql:ServerAzureADOnlyAuthentication", {
    azureADOnlyAuthentication: true,
  }),
  registry: resourceOf("azure-native:containerregistry:Registry", { adminUserEnabled: false }),
  cluster: resourceOf("azure-native:containerservice:ManagedCluster", { disableLocalAccounts: true }),
  vault: resourceOf("azure-native:keyvault:Vault", {
    vaultName: "kv-shop",
    properties: { enableRbacAuthorization: true, sku: { family: "A", name: "standard" } },
  }),
  credential: resourceOf("azure-native:managedidentity:FederatedIdentityCredential", {
    issuer:
      "https://westeurope.oic.prod-aks.azure.com/4b1c1d0e-8b37-4a0c-9a6b-1f1a5c1b7a10/7c2f7f5b-0a51-4a3c-8a43-5c8c1b9f1d22/",
    subject: "system:serviceaccount:shop:orders",
    audiences: ["api://AzureADTokenExchange"],
  }),
};

/** A copy of `resource` whose property at `path` is `value`, or is left out where that is `undefined`. */
export function withProperty(resource: Resource, path: string, value: Value): Resource {
  const set = (properties: Properties, [name = "", ...rest]: string[]): Properties => {
    const { [name]: old, ...others } = properties;
    if (rest.length > 0) return { ...properties, [name]: set(old as Properties, rest) };
    return value === undefined ? others : { ...others, [name]: value };
  };
  return { ...resource, properties: set(resource.properties, path.split(".")) };
}
