import { inResourceGroup, names, type ResourceType } from "../resource-type";

const server = `${inResourceGroup}/Microsoft.Sql/servers/{serverName}`;
const apiVersion = "2023-08-01";

export const sql: ResourceType[] = [
  {
    token: "azure-native:sql:Server",
    path: server,
    apiVersion,
    naming: "random",
    inputs: {
      envelope: names("identity location tags"),
      properties: names(`
        administratorLogin administratorLoginPassword administrators federatedClientId isIPv6Enabled keyId
        minimalTlsVersion primaryUserAssignedIdentityId publicNetworkAccess restrictOutboundNetworkAccess version`),
    },
    outputs: {
      envelope: ["kind"],
      properties: names(
        "externalGovernanceStatus fullyQualifiedDomainName privateEndpointConnections state workspaceFeature",
      ),
    },
    required: ["location"],
    writeOnly: ["administratorLoginPassword"],
    keySets: ["identity.userAssignedIdentities"],
    computed: names("identity.principalId identity.tenantId"),
    replaceOn: ["location"],
  },
  {
    token: "azure-native:sql:Database",
    path: `${server}/databases/{databaseName}`,
    apiVersion,
    naming: "copy",
    inputs: {
      envelope: names("identity location sku tags"),
      properties: names(`
        autoPauseDelay availabilityZone catalogCollation collation createMode elasticPoolId encryptionProtector
        encryptionProtectorAutoRotation federatedClientId freeLimitExhaustionBehavior
        highAvailabilityReplicaCount isLedgerOn keys licenseType longTermRetentionBackupResourceId
        maintenanceConfigurationId manualCutover maxSizeBytes minCapacity performCutover preferredEnclaveType
        readScale recoverableDatabaseId recoveryServicesRecoveryPointId requestedBackupStorageRedundancy
        restorableDroppedDatabaseId restorePointInTime sampleName secondaryType sourceDatabaseDeletionDate
        sourceDatabaseId sourceResourceId useFreeLimit zoneRedundant`),
    },
    outputs: {
      envelope: names("kind managedBy"),
      properties: names(`
        creationDate currentBackupStorageRedundancy currentServiceObjectiveName currentSku databaseId
        defaultSecondaryLocation earliestRestoreDate failoverGroupId isInfraEncryptionEnabled maxLogSizeBytes
        pausedDate requestedServiceObjectiveName resumedDate status`),
    },
    required: ["location"],
    writeOnly: names(`
      createMode longTermRetentionBackupResourceId recoverableDatabaseId recoveryServicesRecoveryPointId
      restorableDroppedDatabaseId restorePointInTime sampleName sourceDatabaseDeletionDate sourceDatabaseId
      sourceResourceId`),
    keySets: ["identity.userAssignedIdentities"],
    computed: ["identity.tenantId"],
    replaceOn: ["location"],
  },
  {
    token: "azure-native:sql:FirewallRule",
    path: `${server}/firewallRules/{firewallRuleName}`,
    apiVersion,
    naming: "copy",
    inputs: { envelope: ["name"], properties: names("endIpAddress startIpAddress") },
    outputs: {},
  },
  {
    token: "azure-native:sql:ServerAzureADAdministrator",
    path: `${server}/administrators/{administratorName}`,
    apiVersion,
    naming: { always: "ActiveDirectory" },
    inputs: { properties: names("administratorType login sid tenantId") },
    outputs: { properties: ["azureADOnlyAuthentication"] },
    required: names("login sid"),
  },
  {
    token: "azure-native:sql:ServerAzureADOnlyAuthentication",
    path: `${server}/azureADOnlyAuthentications/{authenticationName}`,
    apiVersion,
    naming: { always: "Default" },
    inputs: { properties: ["azureADOnlyAuthentication"] },
    outputs: {},
    required: ["azureADOnlyAuthentication"],
    untouched: { azureADOnlyAuthentication: false },
  },
];
