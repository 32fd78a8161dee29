import { inResourceGroup, names, type ResourceType } from "../resource-type";

const account = `${inResourceGroup}/Microsoft.Storage/storageAccounts/{accountName}`;

export const storage: ResourceType[] = [
  {
    token: "azure-native:storage:StorageAccount",
    path: account,
    apiVersion: "2024-01-01",
    naming: "random",
    inputs: {
      envelope: names("extendedLocation identity kind location sku tags"),
      properties: names(`
        accessTier allowBlobPublicAccess allowCrossTenantReplication allowSharedKeyAccess allowedCopyScope
        azureFilesIdentityBasedAuthentication customDomain defaultToOAuthAuthentication dnsEndpointType
        enableExtendedGroups enableHttpsTrafficOnly enableNfsV3 encryption immutableStorageWithVersioning
        isHnsEnabled isLocalUserEnabled isSftpEnabled keyPolicy largeFileSharesState minimumTlsVersion
        networkRuleSet publicNetworkAccess routingPreference sasPolicy`),
    },
    outputs: {
      properties: names(`
        accountMigrationInProgress blobRestoreStatus creationTime failoverInProgress geoReplicationStats
        isSkuConversionBlocked keyCreationTime lastGeoFailoverTime primaryEndpoints primaryLocation
        privateEndpointConnections provisioningState secondaryEndpoints secondaryLocation statusOfPrimary
        statusOfSecondary storageAccountSkuConversionStatus`),
    },
    required: names("kind location sku"),
    renamed: {
      "properties.supportsHttpsTrafficOnly": "enableHttpsTrafficOnly",
      "properties.isNfsV3Enabled": "enableNfsV3",
      "properties.networkAcls": "networkRuleSet",
      "properties.networkAcls.ipRules[].value": "iPAddressOrRange",
      "properties.networkAcls.virtualNetworkRules[].id": "virtualNetworkResourceId",
      "properties.encryption.keyvaultproperties": "keyVaultProperties",
      "properties.encryption.keyvaultproperties.keyname": "keyName",
      "properties.encryption.keyvaultproperties.keyversion": "keyVersion",
      "properties.encryption.keyvaultproperties.keyvaulturi": "keyVaultUri",
      "properties.encryption.identity": "encryptionIdentity",
      "properties.encryption.identity.userAssignedIdentity": "encryptionUserAssignedIdentity",
      "properties.encryption.identity.federatedIdentityClientId": "encryptionFederatedIdentityClientId",
    },
    keySets: ["identity.userAssignedIdentities"],
    computed: names(
      "identity.principalId identity.tenantId sku.tier encryption.services.blob.lastEnabledTime encryption.services.file.lastEnabledTime",
    ),
    replaceOn: names("isHnsEnabled location"),
  },
  {
    token: "azure-native:storage:BlobServiceProperties",
    path: `${account}/blobServices/{blobServicesName}`,
    apiVersion: "2024-01-01",
    naming: { always: "default" },
    inputs: {
      properties: names(`
        automaticSnapshotPolicyEnabled changeFeed containerDeleteRetentionPolicy cors defaultServiceVersion
        deleteRetentionPolicy isVersioningEnabled lastAccessTimeTrackingPolicy restorePolicy`),
    },
    outputs: { envelope: ["sku"] },
    computed: names("restorePolicy.lastEnabledTime restorePolicy.minRestoreTime"),
    singleton: true,
  },
  {
    token: "azure-native:storage:BlobContainer",
    path: `${account}/blobServices/default/containers/{containerName}`,
    apiVersion: "2024-01-01",
    naming: "copy",
    inputs: {
      properties: names(`
        defaultEncryptionScope denyEncryptionScopeOverride enableNfsV3AllSquash enableNfsV3RootSquash
        immutableStorageWithVersioning metadata publicAccess`),
    },
    outputs: {
      envelope: ["etag"],
      properties: names(`
        deleted deletedTime hasImmutabilityPolicy hasLegalHold immutabilityPolicy lastModifiedTime leaseDuration
        leaseState leaseStatus legalHold remainingRetentionDays version`),
    },
  },
  {
    token: "azure-native:storage:Queue",
    path: `${account}/queueServices/default/queues/{queueName}`,
    apiVersion: "2024-01-01",
    naming: "copy",
    inputs: { properties: ["metadata"] },
    outputs: { properties: ["approximateMessageCount"] },
  },
];
