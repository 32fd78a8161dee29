// node read-secret.mjs <vault URI> <secret name>
import { DefaultAzureCredential } from "@azure/identity";
import { SecretClient } from "@azure/keyvault-secrets";

const [vaultUri, name] = process.argv.slice(2);
const { value, properties } = await new SecretClient(vaultUri, new DefaultAzureCredential()).getSecret(name);
console.log(`${name} has ${value.length} characters in version ${properties.version}`);
