import { AzureError } from "../../core/azure-error";
import { type JsonObject, textIn } from "../json";
import type { LongRunning } from "../resource-type";

export const serverType = "Microsoft.Sql/servers";
export const administratorType = `${serverType}/administrators`;
export const entraOnlyType = `${serverType}/azureADOnlyAuthentications`;
export const databaseType = `${serverType}/databases`;

export const sqlApiVersions: readonly string[] = [
  ...["2025-02-01-preview", "2025-01-01", "2024-11-01-preview", "2024-05-01-preview", "2023-08-01"],
  ...["2023-08-01-preview", "2023-05-01-preview", "2023-02-01-preview", "2022-11-01-preview"],
  ...["2022-08-01-preview", "2022-05-01-preview", "2022-02-01-preview", "2021-11-01", "2021-11-01-preview"],
  ...["2021-08-01-preview", "2021-05-01-preview", "2021-02-01-preview", "2020-11-01-preview"],
  ...["2020-08-01-preview", "2020-02-02-preview", "2019-06-01-preview", "2017-10-01-preview", "2014-04-01"],
];

export const invalidValue = (name: string): AzureError =>
  new AzureError(
    400,
    "InvalidParameterValue",
    `Invalid value given for parameter ${name}. Specify a valid parameter value.`,
  );

/** Nearly every change of a server takes a while, and one at a time is taken. */
export const sqlOperation = (seconds: LongRunning["seconds"]): LongRunning => ({
  seconds,
  writes: "accepted",
  // SQL's resources have no provisioningState; a server and a database say Ready and Online when they are.
  show: ({ body }, state) => {
    if (body.type === serverType) body.properties.state = state === "Succeeded" ? "Ready" : state;
    if (body.type === databaseType) body.properties.status = state === "Succeeded" ? "Online" : state;
  },
  busy: () =>
    new AzureError(
      409,
      "ConflictingServerOperation",
      "An operation is currently in progress for the server. Please wait until the operation has completed, then try again.",
    ),
});

const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** An Entra administrator as a caller gives it. @throws AzureError 400 */
export function readAdministrator(properties: JsonObject, tenantId: string): JsonObject {
  const login = textIn(properties, "login");
  const sid = textIn(properties, "sid");
  if (!login) throw invalidValue("login");
  if (sid === undefined || !guid.test(sid)) throw invalidValue("sid");
  return {
    administratorType: "ActiveDirectory",
    login,
    sid: sid.toLowerCase(),
    tenantId: textIn(properties, "tenantId") ?? tenantId,
  };
}
