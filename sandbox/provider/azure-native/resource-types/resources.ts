import { names, type ResourceType } from "../resource-type";

export const resources: ResourceType[] = [
  {
    token: "azure-native:resources:ResourceGroup",
    path: "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}",
    apiVersion: "2024-03-01",
    naming: "random",
    inputs: { envelope: names("location managedBy tags") },
    outputs: { envelope: ["properties"] },
    required: ["location"],
    replaceOn: ["location"],
  },
];
