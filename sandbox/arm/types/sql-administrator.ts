import { AzureError } from "../../core/azure-error";
import type { SandboxContext } from "../../core/context";
import { booleanIn, type JsonObject, objectIn } from "../json";
import { getResource, putResource, type StoredResource } from "../resource";
import type { ResourceType, Write } from "../resource-type";
import { envelope } from "./envelope";
import {
  administratorType,
  entraOnlyType,
  invalidValue,
  readAdministrator,
  sqlApiVersions,
  sqlOperation,
} from "./sql-common";

const serverIdOf = (childId: string) => childId.split("/").slice(0, -2).join("/");

const administratorsOf = (server: StoredResource) =>
  server.body.properties.administrators as JsonObject | undefined;

/** Shows on the server what has changed on its child. */
function setAdministrators(
  context: SandboxContext,
  server: StoredResource,
  administrators: JsonObject | undefined,
): void {
  const { administrators: _, ...others } = server.body.properties;
  const properties = administrators ? { ...others, administrators } : others;
  putResource(context.store, { ...server, body: { ...server.body, properties } });
}

function changeServer(
  context: SandboxContext,
  childId: string,
  change: (before: JsonObject | undefined) => JsonObject | undefined,
): void {
  const server = getResource(context.store, serverIdOf(childId));
  if (server) setAdministrators(context, server, change(administratorsOf(server)));
}

function writeAdministrator(write: Write): StoredResource {
  const { context } = write.call;
  const administrator = readAdministrator(objectIn(write.body, "properties"), context.account.tenantId);
  const azureADOnlyAuthentication = administratorsOf(write.parent!)?.azureADOnlyAuthentication ?? false;
  changeServer(context, write.id, (before) => ({
    principalType: before?.principalType ?? "User",
    ...administrator,
    azureADOnlyAuthentication,
  }));
  return { body: envelope(write, administratorType, { ...administrator, azureADOnlyAuthentication }) };
}

/** The Entra administrator of a server: there is one. */
export const sqlAdministrator: ResourceType = {
  type: administratorType,
  apiVersions: sqlApiVersions,
  level: "resourceGroup",
  methods: ["PUT", "DELETE"],
  checkName: (name) => {
    if (name.toLowerCase() !== "activedirectory") throw invalidValue("administratorName");
  },
  write: writeAdministrator,
  remove: ({ context }, { body }) => {
    const server = getResource(context.store, serverIdOf(body.id));
    if (server && administratorsOf(server)?.azureADOnlyAuthentication === true) {
      throw new AzureError(
        409,
        "AADOnlyAuthenticationIsEnabled",
        "The Microsoft Entra administrator cannot be removed while Microsoft Entra-only authentication is enabled on the server.",
      );
    }
  },
  removed: (context, { body }) => changeServer(context, body.id, () => undefined),
  longRunning: sqlOperation({ create: 10, update: 10, delete: 10 }),
};

/** Whether a server accepts nothing but Entra logins. */
export const sqlEntraOnly: ResourceType = {
  type: entraOnlyType,
  apiVersions: sqlApiVersions,
  level: "resourceGroup",
  methods: ["PUT", "DELETE"],
  checkName: (name) => {
    if (name.toLowerCase() !== "default") throw invalidValue("authenticationName");
  },
  write: (write) => {
    const azureADOnlyAuthentication = booleanIn(
      objectIn(write.body, "properties"),
      "azureADOnlyAuthentication",
    );
    if (azureADOnlyAuthentication === undefined) throw invalidValue("azureADOnlyAuthentication");
    if (!administratorsOf(write.parent!)) {
      throw new AzureError(
        400,
        "AadAdministratorRequired",
        "A Microsoft Entra administrator must be set on the server before Microsoft Entra-only authentication can be enabled.",
      );
    }
    changeServer(write.call.context, write.id, (before) => ({ ...before, azureADOnlyAuthentication }));
    return { body: envelope(write, entraOnlyType, { azureADOnlyAuthentication }) };
  },
  removed: (context, { body }) =>
    changeServer(context, body.id, (before) => before && { ...before, azureADOnlyAuthentication: false }),
  longRunning: sqlOperation({ create: 10, update: 10, delete: 10 }),
};
