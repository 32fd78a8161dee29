import { getClientConfigOutput } from "@pulumi/azure-native/authorization/getClientConfig";
import { RoleAssignment } from "@pulumi/azure-native/authorization/roleAssignment";
import { Secret } from "@pulumi/azure-native/keyvault/secret";
import { Vault } from "@pulumi/azure-native/keyvault/vault";
import { FederatedIdentityCredential } from "@pulumi/azure-native/managedidentity/federatedIdentityCredential";
import { UserAssignedIdentity } from "@pulumi/azure-native/managedidentity/userAssignedIdentity";
import { ResourceGroup } from "@pulumi/azure-native/resources/resourceGroup";
import { Config, interpolate } from "@pulumi/pulumi";
import { RandomPassword } from "@pulumi/random/randomPassword";

const owner = new Config().get("owner") ?? "platform";
const { tenantId, subscriptionId, objectId } = getClientConfigOutput();
const role = (id: string) =>
  interpolate`/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${id}`;
const group = new ResourceGroup("shop", { resourceGroupName: "shop" });
const place = { resourceGroupName: group.name };

const identity = new UserAssignedIdentity("orders", { ...place, tags: { owner } });
const vault = new Vault("app", {
  ...place,
  vaultName: "kv-shop-program",
  properties: { tenantId, sku: { family: "A", name: "standard" }, enableRbacAuthorization: true },
});
const password = new RandomPassword("stripe", { length: 24 });
// ARM makes secrets and cannot delete them: whoever destroys the stack asks the vault, and needs a role there.
const secretsOfficer = new RoleAssignment("deployer-secrets", {
  scope: vault.id,
  roleAssignmentName: "5f0c1a4e-7d53-5a4b-9d1b-0c6a3f4f1a13",
  roleDefinitionId: role("b86a8fe4-44ce-4948-aee5-eccb2c155cd7"),
  principalId: objectId,
  principalType: "ServicePrincipal",
});
const secret = new Secret(
  "stripe",
  { ...place, vaultName: vault.name, properties: { value: password.result } },
  { dependsOn: secretsOfficer },
);
new RoleAssignment("orders-stripe", {
  scope: secret.id,
  roleAssignmentName: "5f0c1a4e-7d53-5a4b-9d1b-0c6a3f4f1a12",
  roleDefinitionId: role("4633458b-17de-408a-b874-0445c86b69e6"),
  principalId: identity.principalId,
  principalType: "ServicePrincipal",
});
new FederatedIdentityCredential("orders", {
  ...place,
  resourceName: identity.name,
  issuer: interpolate`https://westeurope.oic.prod-aks.azure.com/${tenantId}/5b1d1c1e-0000-4000-8000-000000000000/`,
  subject: "system:serviceaccount:shop:orders",
  audiences: ["api://AzureADTokenExchange"],
});

export const identityName = identity.name;
export const clientId = identity.clientId;
export const secretValue = password.result;
export const vaultUri = vault.properties.vaultUri;
