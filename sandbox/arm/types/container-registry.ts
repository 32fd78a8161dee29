import { randomBytes } from "node:crypto";
import { AzureError } from "../../core/azure-error";
import type { ArmCall } from "../arm-call";
import { attachIdentity } from "../attached-identity";
import { booleanIn, type JsonObject, objectIn, optionalObjectIn, textIn } from "../json";
import type { StoredResource } from "../resource";
import { findByGlobalName } from "../resource-index";
import type { Action, Provider, ProviderAction, ResourceType, Write } from "../resource-type";
import { envelope } from "./envelope";

const type = "Microsoft.ContainerRegistry/registries";

const apiVersions: readonly string[] = [
  ...["2026-01-01-preview", "2025-11-01", "2025-05-01-preview", "2025-04-01", "2025-03-01-preview"],
  ...["2024-11-01-preview", "2024-01-01-preview", "2023-11-01-preview", "2023-08-01-preview", "2023-07-01"],
  ...["2023-06-01-preview", "2023-01-01-preview", "2022-12-01", "2022-02-01-preview", "2021-09-01"],
  ...[
    "2021-08-01-preview",
    "2021-06-01-preview",
    "2020-11-01-preview",
    "2019-12-01-preview",
    "2019-05-01",
    "2017-10-01",
  ],
];

/** @see https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftcontainerregistry */
const validName = (name: string) => /^[a-z0-9]{5,50}$/i.test(name);

const invalidName = (name: string) =>
  `The registry name '${name}' is invalid. Registry names may contain alpha numeric characters only and must be between 5 and 50 characters.`;
const nameTaken = (name: string) =>
  `The registry DNS name ${name.toLowerCase()}.azurecr.io is already in use. You can check if the name is already claimed using following API: https://docs.microsoft.com/en-us/rest/api/containerregistry/registries/checknameavailability`;

const invalidValue = (member: string, value: unknown) =>
  new AzureError(400, "InvalidParameter", `The value '${String(value)}' of '${member}' is invalid.`, {
    target: member,
  });

function oneOf(member: string, value: unknown, allowed: string[]): string {
  const found = allowed.find((each) => each.toLowerCase() === String(value).toLowerCase());
  if (found === undefined) throw invalidValue(member, value);
  return found;
}

/** In AbacRepositoryPermissions, roles such as AcrPull no longer give access to repositories. */
const roleAssignmentModes = ["LegacyRegistryPermissions", "AbacRepositoryPermissions"];

function write(write: Write): StoredResource {
  const { call, name, existing } = write;
  if (!existing && findByGlobalName(call.context.store, type, name)) {
    throw new AzureError(409, "AlreadyInUse", nameTaken(name));
  }
  const properties = objectIn(write.body, "properties");
  const before = existing?.body.properties;
  const skuName =
    textIn(objectIn(write.body, "sku"), "name") ?? textIn(objectIn(existing?.body ?? {}, "sku"), "name");
  const sku = oneOf("sku.name", skuName, ["Basic", "Standard", "Premium", "Classic"]);
  const kept = (member: string, otherwise: string, allowed: string[]) =>
    oneOf(`properties.${member}`, textIn(properties, member) ?? before?.[member] ?? otherwise, allowed);
  const flag = (member: string) => booleanIn(properties, member) ?? before?.[member] ?? false;
  return {
    body: envelope(
      write,
      type,
      {
        loginServer: before?.loginServer ?? `${name.toLowerCase()}.azurecr.io`,
        creationDate: before?.creationDate ?? new Date(call.context.clock.now()).toISOString(),
        provisioningState: "Succeeded",
        adminUserEnabled: flag("adminUserEnabled"),
        policies: optionalObjectIn(properties, "policies") ?? before?.policies,
        dataEndpointEnabled: flag("dataEndpointEnabled"),
        privateEndpointConnections: [],
        publicNetworkAccess: kept("publicNetworkAccess", "Enabled", [
          "Enabled",
          "Disabled",
          "SecuredByPerimeter",
        ]),
        networkRuleBypassOptions: kept("networkRuleBypassOptions", "AzureServices", [
          "AzureServices",
          "None",
        ]),
        networkRuleSet: optionalObjectIn(properties, "networkRuleSet") ?? before?.networkRuleSet,
        zoneRedundancy: kept("zoneRedundancy", "Disabled", ["Enabled", "Disabled"]),
        anonymousPullEnabled: flag("anonymousPullEnabled"),
        roleAssignmentMode: kept("roleAssignmentMode", "LegacyRegistryPermissions", roleAssignmentModes),
      },
      { sku: { name: sku, tier: sku }, identity: attachIdentity(write, `${type}/write`) },
    ),
    internal: existing?.internal ?? { passwords: [newPassword(), newPassword()] },
  };
}

const newPassword = () => randomBytes(26).toString("hex");

/** The admin user's passwords, while there is such a user. */
const listCredentials: Action = (_call, { body, internal }) => {
  if (body.properties.adminUserEnabled !== true) {
    throw new AzureError(
      400,
      "UnAuthorizedForCredentialOperations",
      `Cannot perform credential operations for ${body.id} as admin user is disabled. Kindly enable admin user as per docs: https://docs.microsoft.com/en-us/azure/container-registry/container-registry-authentication#admin-account`,
    );
  }
  const passwords = internal?.passwords as string[];
  const named = passwords.map((value, index) => ({ name: index === 0 ? "password" : "password2", value }));
  return { status: 200, body: { username: body.name, passwords: named } };
};

const registry: ResourceType = {
  type,
  apiVersions,
  level: "resourceGroup",
  tracked: true,
  checkName: (name) => {
    if (!validName(name)) throw new AzureError(400, "InvalidResourceName", invalidName(name));
  },
  write,
  actions: { listcredentials: listCredentials },
  longRunning: {
    // Seen with azurerm: 8 to 28 s.
    seconds: { create: 20, update: 0, delete: 5 },
    writes: "resource",
    busy: (_operation, { body }) =>
      new AzureError(
        409,
        "RegistryStatusConflict",
        `The operation cannot be performed because the registry ${body.name} is in the state '${String(body.properties.provisioningState)}'.`,
      ),
  },
};

function availability({ context, body }: ArmCall): JsonObject {
  const name = textIn(body, "name") ?? "";
  if (!validName(name)) return { nameAvailable: false, reason: "Invalid", message: invalidName(name) };
  return findByGlobalName(context.store, type, name)
    ? { nameAvailable: false, reason: "AlreadyExists", message: nameTaken(name) }
    : { nameAvailable: true };
}

const checkRegistryName: ProviderAction = {
  type: "Microsoft.ContainerRegistry/checkNameAvailability",
  apiVersions,
  operation: "Microsoft.ContainerRegistry/checkNameAvailability/read",
  run: (call) => ({ status: 200, body: availability(call) }),
};

export const containerRegistry: Provider = { types: [registry], actions: [checkRegistryName] };
