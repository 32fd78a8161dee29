import { randomUUID } from "node:crypto";
import { AzureError } from "../../core/azure-error";
import { booleanIn, defined, type JsonObject, numberIn, objectIn, optionalObjectIn, textIn } from "../json";
import type { StoredResource } from "../resource";
import type { ResourceType, Write } from "../resource-type";
import { envelope } from "./envelope";
import { databaseType, invalidValue, sqlApiVersions, sqlOperation } from "./sql-common";

/** @see https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftsql */
const validName = (name: string) => /^[^<>*%&:\\/?]{1,128}$/.test(name) && !/[ .]$/.test(name);

/** The tier that an SKU's name begins with. */
const tiers: [prefix: string, tier: string, family?: string][] = [
  ["GP_S_Gen5", "GeneralPurpose", "Gen5"],
  ["GP_Gen5", "GeneralPurpose", "Gen5"],
  ["BC_Gen5", "BusinessCritical", "Gen5"],
  ["HS_Gen5", "Hyperscale", "Gen5"],
  ["HS_S_Gen5", "Hyperscale", "Gen5"],
  ["Basic", "Basic"],
  ["S", "Standard"],
  ["P", "Premium"],
];

/** @see https://learn.microsoft.com/azure/azure-sql/database/resource-limits-vcore-single-databases */
function readSku({ body, existing }: Write): JsonObject {
  const asked = optionalObjectIn(body, "sku");
  if (!asked && existing) return existing.body.sku as JsonObject;
  const fullName = asked ? (textIn(asked, "name") ?? "") : "GP_Gen5_2";
  const capacityInName = /_(\d+)$/.exec(fullName)?.[1];
  const name = fullName.replace(/_\d+$/, "");
  const known = tiers.find(([prefix]) => name.startsWith(prefix));
  if (!known) throw new AzureError(400, "InvalidSkuName", `Invalid SKU name '${fullName}'.`);
  const [, tier, family] = known;
  const capacity =
    (asked && numberIn(asked, "capacity")) ??
    Number(capacityInName ?? (family ? 2 : tier === "Basic" ? 5 : 10));
  return defined({ name, tier: (asked && textIn(asked, "tier")) ?? tier, family, capacity });
}

const objectiveOf = ({ name, family, capacity }: JsonObject) =>
  family === undefined ? name : `${name}_${capacity}`;

function write(write: Write): StoredResource {
  const { existing, parent } = write;
  const properties = objectIn(write.body, "properties");
  const before = existing?.body.properties;
  if (write.name.toLowerCase() === "master") {
    throw new AzureError(
      400,
      "InvalidDatabaseCreateRequest",
      "The system database 'master' cannot be changed.",
    );
  }
  const collation = textIn(properties, "collation");
  if (before && collation !== undefined && collation !== before.collation) throw invalidValue("collation");
  const sku = readSku(write);
  const kept = (member: string, otherwise: string) =>
    textIn(properties, member) ?? before?.[member] ?? otherwise;
  const serverless = String(sku.name).includes("_S_");
  const backups = kept("requestedBackupStorageRedundancy", "Geo");
  return {
    body: envelope(
      write,
      databaseType,
      {
        collation: collation ?? before?.collation ?? "SQL_Latin1_General_CP1_CI_AS",
        maxSizeBytes: numberIn(properties, "maxSizeBytes") ?? before?.maxSizeBytes ?? 34359738368,
        status: "Online",
        databaseId: before?.databaseId ?? randomUUID(),
        creationDate: before?.creationDate ?? new Date(write.call.context.clock.now()).toISOString(),
        currentServiceObjectiveName: objectiveOf(sku),
        requestedServiceObjectiveName: objectiveOf(sku),
        catalogCollation: kept("catalogCollation", "SQL_Latin1_General_CP1_CI_AS"),
        zoneRedundant: booleanIn(properties, "zoneRedundant") ?? before?.zoneRedundant ?? false,
        readScale: kept("readScale", "Disabled"),
        ...(serverless
          ? {
              autoPauseDelay: numberIn(properties, "autoPauseDelay") ?? before?.autoPauseDelay ?? 60,
              minCapacity: numberIn(properties, "minCapacity") ?? before?.minCapacity ?? 0.5,
            }
          : {}),
        currentBackupStorageRedundancy: backups,
        requestedBackupStorageRedundancy: backups,
        isLedgerOn: booleanIn(properties, "isLedgerOn") ?? before?.isLedgerOn ?? false,
        currentSku: sku,
      },
      {
        sku,
        kind: `v12.0,user${sku.family === undefined ? "" : ",vcore"}${serverless ? ",serverless" : ""}`,
        managedBy: parent!.body.id,
      },
    ),
  };
}

export const sqlDatabase: ResourceType = {
  type: databaseType,
  apiVersions: sqlApiVersions,
  level: "resourceGroup",
  tracked: true,
  checkName: (name) => {
    if (!validName(name))
      throw new AzureError(400, "InvalidResourceName", `'${name}' is not a valid name for a database.`);
  },
  write,
  remove: (_call, { body }) => {
    if (body.name === "master") {
      throw new AzureError(400, "OperationNotAllowed", "The system database 'master' cannot be deleted.");
    }
  },
  longRunning: sqlOperation({ create: 40, update: 20, delete: 5 }),
};
