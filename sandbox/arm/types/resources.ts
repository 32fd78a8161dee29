import { AzureError } from "../../core/azure-error";
import { groupBeingDeleted } from "../errors";
import { textIn } from "../json";
import type { Provider, ResourceType } from "../resource-type";
import { envelope } from "./envelope";

const apiVersions = [
  ...["2025-04-01", "2025-03-01", "2024-11-01", "2024-07-01", "2024-03-01", "2023-07-01", "2022-09-01"],
  ...["2021-04-01", "2021-01-01", "2020-10-01", "2020-06-01", "2019-10-01", "2019-05-01", "2018-05-01"],
];

/** @see https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftresources */
function checkName(name: string): void {
  const invalid = [...new Set(name.replaceAll(/[\p{L}\p{N}\-._()]/gu, ""))].join("");
  if (invalid !== "") {
    throw new AzureError(
      400,
      "InvalidResourceGroup",
      `The provided resource group name '${name}' has these invalid characters: '${invalid}'. The name can only be a letter, digit, '-', '.', '(', ')' or '_'.`,
    );
  }
  if (name.length > 90 || name.endsWith(".")) {
    throw new AzureError(
      400,
      "InvalidResourceGroup",
      `The provided resource group name '${name}' is invalid. It has at most 90 characters and does not end with a period.`,
    );
  }
}

const resourceGroup: ResourceType = {
  type: "Microsoft.Resources/resourceGroups",
  operation: "Microsoft.Resources/subscriptions/resourceGroups",
  apiVersions,
  level: "subscription",
  tracked: true,
  checkName,
  // Seen with azurerm: 2 to 5 s. https://github.com/turbot/steampipe-plugin-azure/pull/93
  writeSeconds: 2,
  longRunning: {
    seconds: { create: 0, update: 0, delete: 60 },
    writes: "location",
    busy: (_operation, { body }) => groupBeingDeleted(body.name),
  },
  write: (write) => ({
    body: envelope(
      write,
      "Microsoft.Resources/resourceGroups",
      { provisioningState: "Succeeded" },
      { managedBy: textIn(write.body, "managedBy") },
    ),
  }),
};

export const resources: Provider = { types: [resourceGroup] };
