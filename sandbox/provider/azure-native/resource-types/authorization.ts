import { names, type ResourceType } from "../resource-type";

export const authorization: ResourceType[] = [
  {
    token: "azure-native:authorization:RoleAssignment",
    path: "/{scope}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}",
    apiVersion: "2022-04-01",
    naming: "uuid",
    inputs: {
      properties: names(
        "condition conditionVersion delegatedManagedIdentityResourceId description principalId principalType roleDefinitionId",
      ),
    },
    outputs: {
      envelope: ["systemData"],
      properties: names("scope createdBy createdOn updatedBy updatedOn"),
    },
    required: names("principalId roleDefinitionId"),
    replaceOn: ["principalId"],
  },
  {
    token: "azure-native:authorization:ManagementLockByScope",
    path: "/{scope}/providers/Microsoft.Authorization/locks/{lockName}",
    apiVersion: "2020-05-01",
    naming: "random",
    inputs: { properties: names("level notes owners") },
    outputs: { envelope: ["systemData"] },
    required: ["level"],
  },
];
