import { inResourceGroup, names, type ResourceType } from "../resource-type";

const identity = `${inResourceGroup}/Microsoft.ManagedIdentity/userAssignedIdentities/{resourceName}`;

export const managedIdentity: ResourceType[] = [
  {
    token: "azure-native:managedidentity:UserAssignedIdentity",
    path: identity,
    apiVersion: "2023-01-31",
    naming: "random",
    inputs: { envelope: names("location tags") },
    outputs: { envelope: ["systemData"], properties: names("clientId principalId tenantId") },
    required: ["location"],
    replaceOn: ["location"],
  },
  {
    token: "azure-native:managedidentity:FederatedIdentityCredential",
    path: `${identity}/federatedIdentityCredentials/{federatedIdentityCredentialResourceName}`,
    apiVersion: "2023-01-31",
    naming: "copy",
    inputs: { properties: names("audiences issuer subject") },
    outputs: { envelope: ["systemData"] },
    required: names("audiences issuer subject"),
  },
];
