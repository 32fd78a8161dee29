import { inResourceGroup, names, type ResourceType } from "../resource-type";

const vault = `${inResourceGroup}/Microsoft.KeyVault/vaults/{vaultName}`;

/** In this namespace the SDK does not flatten: `properties` is an input of its own. */
export const keyVault: ResourceType[] = [
  {
    token: "azure-native:keyvault:Vault",
    path: vault,
    apiVersion: "2024-11-01",
    naming: "random",
    inputs: { envelope: names("location properties tags") },
    outputs: { envelope: ["systemData"] },
    required: names("location properties"),
    computed: names("properties.hsmPoolResourceId properties.privateEndpointConnections"),
    maintained: ["accessPolicies"],
  },
  {
    token: "azure-native:keyvault:Secret",
    path: `${vault}/secrets/{secretName}`,
    apiVersion: "2024-11-01",
    naming: "copy",
    inputs: { envelope: names("properties tags") },
    outputs: { envelope: ["location"] },
    required: ["properties"],
    computed: names(
      "properties.secretUri properties.secretUriWithVersion properties.attributes.created properties.attributes.updated",
    ),
    deletedThrough: "keyVault",
  },
];
