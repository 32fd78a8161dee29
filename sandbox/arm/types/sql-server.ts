import { randomBytes, randomUUID } from "node:crypto";
import { AzureError } from "../../core/azure-error";
import type { ArmCall } from "../arm-call";
import { attachIdentity } from "../attached-identity";
import { booleanIn, type JsonObject, objectIn, optionalObjectIn, textIn } from "../json";
import { putResource, type StoredResource } from "../resource";
import { findByGlobalName } from "../resource-index";
import type { ProviderAction, ResourceType, Write } from "../resource-type";
import { envelope } from "./envelope";
import {
  administratorType,
  databaseType,
  entraOnlyType,
  invalidValue,
  readAdministrator,
  serverType,
  sqlApiVersions,
  sqlOperation,
} from "./sql-common";

/** @see https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftsql */
const validName = (name: string) => /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(name);

const invalidName = "Invalid server name specified.";
const nameTaken = (name: string) => `The name '${name}' already exists. Choose a different name.`;

/** The Entra administrator that the server has after the write, and whether only Entra logins are accepted. */
function readAdministrators(write: Write, properties: JsonObject): JsonObject | undefined {
  const { tenantId } = write.call.context.account;
  const asked = optionalObjectIn(properties, "administrators");
  const before = write.existing?.body.properties.administrators as JsonObject | undefined;
  if (!asked) return before;
  return {
    ...readAdministrator(asked, tenantId),
    principalType: textIn(asked, "principalType") ?? "User",
    azureADOnlyAuthentication: booleanIn(asked, "azureADOnlyAuthentication") ?? false,
  };
}

/** A server that accepts Entra logins only gets a login of its own that nobody has the password of. */
function readLogin(properties: JsonObject, administrators: JsonObject | undefined, before: unknown): string {
  const login = textIn(properties, "administratorLogin");
  if (typeof before === "string") {
    if (login !== undefined && login !== before) throw invalidValue("administratorLogin");
    return before;
  }
  if (administrators?.azureADOnlyAuthentication === true && login === undefined) {
    return `CloudSA${randomBytes(4).toString("hex")}`;
  }
  if (!login) throw invalidValue("Login");
  if (!textIn(properties, "administratorLoginPassword")) throw invalidValue("Password");
  return login;
}

/** The children that say again what a server's `administrators` says, and the system database. */
function putChildren({ call, id, location, existing }: Write, administrators: JsonObject | undefined): void {
  const { store, clock } = call.context;
  if (administrators) {
    const { azureADOnlyAuthentication, principalType: _, ...administrator } = administrators;
    const administratorId = `${id}/administrators/ActiveDirectory`;
    putResource(store, {
      body: {
        id: administratorId,
        name: "ActiveDirectory",
        type: administratorType,
        properties: { ...administrator, azureADOnlyAuthentication },
      },
    });
    putResource(store, {
      body: {
        id: `${id}/azureADOnlyAuthentications/Default`,
        name: "Default",
        type: entraOnlyType,
        properties: { azureADOnlyAuthentication },
      },
    });
  }
  if (existing) return;
  putResource(store, {
    body: {
      id: `${id}/databases/master`,
      name: "master",
      type: databaseType,
      location: location!,
      kind: "v12.0,system",
      managedBy: id,
      sku: { name: "System", tier: "System", capacity: 0 },
      properties: {
        collation: "SQL_Latin1_General_CP1_CI_AS",
        maxSizeBytes: 32212254720,
        status: "Online",
        databaseId: randomUUID(),
        creationDate: new Date(clock.now()).toISOString(),
      },
    },
  });
}

function write(write: Write): StoredResource {
  const { call, name, existing } = write;
  if (!existing && findByGlobalName(call.context.store, serverType, name)) {
    throw new AzureError(409, "NameAlreadyExists", nameTaken(name));
  }
  const properties = objectIn(write.body, "properties");
  const before = existing?.body.properties;
  const administrators = readAdministrators(write, properties);
  const administratorLogin = readLogin(properties, administrators, before?.administratorLogin);
  const identity = attachIdentity(write, `${serverType}/write`);
  putChildren(write, administrators);
  const kept = (member: string, otherwise: string) =>
    textIn(properties, member) ?? before?.[member] ?? otherwise;
  return {
    body: envelope(
      write,
      serverType,
      {
        administratorLogin,
        version: kept("version", "12.0"),
        state: "Ready",
        fullyQualifiedDomainName: `${name}.database.windows.net`,
        privateEndpointConnections: [],
        minimalTlsVersion: kept("minimalTlsVersion", "1.2"),
        publicNetworkAccess: kept("publicNetworkAccess", "Enabled"),
        restrictOutboundNetworkAccess: kept("restrictOutboundNetworkAccess", "Disabled"),
        primaryUserAssignedIdentityId: textIn(properties, "primaryUserAssignedIdentityId"),
        administrators,
      },
      { kind: "v12.0", identity },
    ),
  };
}

export const sqlServer: ResourceType = {
  type: serverType,
  apiVersions: sqlApiVersions,
  level: "resourceGroup",
  tracked: true,
  checkName: (name) => {
    if (!validName(name)) throw new AzureError(400, "InvalidServerName", invalidName);
  },
  write,
  // Seen with azurerm: 75 s. https://github.com/turbot/steampipe-plugin-azure/pull/93
  longRunning: sqlOperation({ create: 75, update: 10, delete: 15 }),
};

function availability({ context, body }: ArmCall): JsonObject {
  const name = textIn(body, "name") ?? "";
  if (!validName(name)) return { name, available: false, reason: "Invalid", message: invalidName };
  return findByGlobalName(context.store, serverType, name)
    ? { name, available: false, reason: "AlreadyExists", message: nameTaken(name) }
    : { name, available: true };
}

export const checkServerName: ProviderAction = {
  type: "Microsoft.Sql/checkNameAvailability",
  apiVersions: sqlApiVersions,
  operation: "Microsoft.Sql/checkNameAvailability/action",
  run: (call) => ({ status: 200, body: availability(call) }),
};
