import { inResourceGroup, names, type ResourceType } from "../resource-type";

export const containerRegistry: ResourceType[] = [
  {
    token: "azure-native:containerregistry:Registry",
    path: `${inResourceGroup}/Microsoft.ContainerRegistry/registries/{registryName}`,
    apiVersion: "2023-01-01-preview",
    naming: "random",
    inputs: {
      envelope: names("identity location sku tags"),
      properties: names(`
        adminUserEnabled anonymousPullEnabled dataEndpointEnabled encryption networkRuleBypassOptions
        networkRuleSet policies publicNetworkAccess zoneRedundancy`),
    },
    outputs: {
      envelope: ["systemData"],
      properties: names(
        "creationDate dataEndpointHostNames loginServer privateEndpointConnections provisioningState status",
      ),
    },
    required: names("location sku"),
    renamed: { "properties.networkRuleSet.ipRules[].value": "iPAddressOrRange" },
    computed: names(`
      sku.tier identity.principalId identity.tenantId identity.userAssignedIdentities[].principalId
      identity.userAssignedIdentities[].clientId policies.retentionPolicy.lastUpdatedTime
      policies.softDeletePolicy.lastUpdatedTime encryption.keyVaultProperties.keyRotationEnabled
      encryption.keyVaultProperties.lastKeyRotationTimestamp encryption.keyVaultProperties.versionedKeyIdentifier`),
    replaceOn: ["location"],
  },
];
