// Microsoft's SDKs as they come: which Azure they talk to, and as whom, is for the environment to say.
import { AuthorizationManagementClient } from "@azure/arm-authorization";
import { KeyVaultManagementClient } from "@azure/arm-keyvault";
import { ResourceManagementClient } from "@azure/arm-resources";
import { DefaultAzureCredential } from "@azure/identity";
import { SecretClient } from "@azure/keyvault-secrets";

const credential = new DefaultAzureCredential();
const subscription = process.env.AZURE_SUBSCRIPTION_ID;
const { token } = await credential.getToken("https://management.azure.com/.default");
const { oid, tid } = JSON.parse(Buffer.from(token.split(".")[1], "base64url"));

const location = "westeurope";
await new ResourceManagementClient(credential, subscription).resourceGroups.createOrUpdate("rg-hello", {
  location,
});
const vault = await new KeyVaultManagementClient(credential, subscription).vaults.beginCreateOrUpdateAndWait(
  "rg-hello",
  `kv-hello-${subscription.slice(0, 8)}`,
  {
    location,
    properties: { tenantId: tid, sku: { family: "A", name: "standard" }, enableRbacAuthorization: true },
  },
);
console.log(`made ${vault.properties.vaultUri}`);

const secrets = new SecretClient(vault.properties.vaultUri, credential);
await secrets.setSecret("greeting", "hello").catch(({ code, message }) => {
  console.log(`${code}: ${message.split("\r\n")[0]}`);
});

const secretsOfficer = "b86a8fe4-44ce-4948-aee5-eccb2c155cd7";
await new AuthorizationManagementClient(credential, subscription).roleAssignments.create(
  vault.id,
  "5e0b7f6c-0f4e-4f0c-9d53-2f1f3c1d7a11",
  {
    roleDefinitionId: `/subscriptions/${subscription}/providers/Microsoft.Authorization/roleDefinitions/${secretsOfficer}`,
    principalId: oid,
    principalType: "ServicePrincipal",
  },
);
await secrets.setSecret("greeting", "hello");
console.log(`read back: ${(await secrets.getSecret("greeting")).value}`);
