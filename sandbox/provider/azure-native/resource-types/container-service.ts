import { inResourceGroup, names, type ResourceType } from "../resource-type";

const cluster = `${inResourceGroup}/Microsoft.ContainerService/managedClusters/{resourceName}`;
const apiVersion = "2025-09-01";

/** The cluster's autoscaler is the one part of ARM with hyphens in its names. */
const autoScalerNames = names(`
  balanceSimilarNodeGroups daemonsetEvictionForEmptyNodes daemonsetEvictionForOccupiedNodes
  ignoreDaemonsetsUtilization maxEmptyBulkDelete maxGracefulTerminationSec maxNodeProvisionTime
  maxTotalUnreadyPercentage newPodScaleUpDelay okTotalUnreadyCount scaleDownDelayAfterAdd
  scaleDownDelayAfterDelete scaleDownDelayAfterFailure scaleDownUnneededTime scaleDownUnreadyTime
  scaleDownUtilizationThreshold scanInterval skipNodesWithLocalStorage skipNodesWithSystemPods`);

const hyphenated = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

const agentPoolMembers = names(`
  availabilityZones capacityReservationGroupID count creationData enableAutoScaling enableEncryptionAtHost
  enableFIPS enableNodePublicIP enableUltraSSD gatewayProfile gpuInstanceProfile gpuProfile hostGroupID
  kubeletConfig kubeletDiskType linuxOSConfig localDNSProfile maxCount maxPods messageOfTheDay minCount mode
  networkProfile nodeLabels nodePublicIPPrefixID nodeTaints orchestratorVersion osDiskSizeGB osDiskType osSKU
  osType podIPAllocationMode podSubnetID powerState proximityPlacementGroupID scaleDownMode
  scaleSetEvictionPolicy scaleSetPriority securityProfile spotMaxPrice tags type upgradeSettings
  virtualMachineNodesStatus virtualMachinesProfile vmSize vnetSubnetID windowsProfile workloadRuntime`);

const agentPoolComputed = names("currentOrchestratorVersion eTag nodeImageVersion provisioningState status");

export const containerService: ResourceType[] = [
  {
    token: "azure-native:containerservice:ManagedCluster",
    path: cluster,
    apiVersion,
    naming: "random",
    inputs: {
      envelope: names("extendedLocation identity kind location sku tags"),
      properties: names(`
        aadProfile addonProfiles agentPoolProfiles aiToolchainOperatorProfile apiServerAccessProfile
        autoScalerProfile autoUpgradeProfile azureMonitorProfile bootstrapProfile disableLocalAccounts
        diskEncryptionSetID dnsPrefix enableRBAC fqdnSubdomain httpProxyConfig identityProfile ingressProfile
        kubernetesVersion linuxProfile metricsProfile networkProfile nodeProvisioningProfile nodeResourceGroup
        nodeResourceGroupProfile oidcIssuerProfile podIdentityProfile privateLinkResources publicNetworkAccess
        securityProfile serviceMeshProfile servicePrincipalProfile storageProfile supportPlan upgradeSettings
        windowsProfile workloadAutoScalerProfile`),
    },
    outputs: {
      envelope: names("eTag systemData"),
      properties: names(`
        azurePortalFQDN currentKubernetesVersion fqdn maxAgentPools powerState privateFQDN provisioningState
        resourceUID status`),
    },
    required: ["location"],
    renamed: Object.fromEntries(
      autoScalerNames.map((name) => [`properties.autoScalerProfile.${hyphenated(name)}`, name]),
    ),
    keySets: ["identity.userAssignedIdentities"],
    computed: [
      ...names("identity.principalId identity.tenantId oidcIssuerProfile.issuerURL addonProfiles[].identity"),
      ...agentPoolComputed.map((name) => `agentPoolProfiles[].${name}`),
    ],
    replaceOn: names(`
      diskEncryptionSetID dnsPrefix fqdnSubdomain linuxProfile location nodeResourceGroup windowsProfile
      networkProfile.serviceCidr networkProfile.serviceCidrs networkProfile.dnsServiceIP
      networkProfile.networkMode networkProfile.networkPlugin networkProfile.networkPluginMode
      networkProfile.podCidr networkProfile.networkDataplane networkProfile.networkPolicy
      networkProfile.outboundType`),
  },
  {
    token: "azure-native:containerservice:AgentPool",
    path: `${cluster}/agentPools/{agentPoolName}`,
    apiVersion,
    naming: "copy",
    inputs: { properties: agentPoolMembers },
    outputs: { properties: agentPoolComputed },
    replaceOn: names("gpuInstanceProfile vmSize networkProfile.nodePublicIPTags"),
  },
];
