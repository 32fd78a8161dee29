import { AzureError } from "../../core/azure-error";
import { booleanIn, type JsonObject, objectIn, optionalObjectIn, textIn } from "../json";
import { getResource, type StoredResource } from "../resource";
import type { ResourceType, Write } from "../resource-type";
import { envelope } from "./envelope";
import { accountType, storageApiVersions } from "./storage-account";

const invalidResourceName = () =>
  new AzureError(400, "InvalidResourceName", "The specifed resource name contains invalid characters.");

/** Blob and queue services are there as soon as the account is, under the one name `default`. */
function checkServiceName(name: string): void {
  if (name !== "default") throw invalidResourceName();
}

function writeService(type: string): (write: Write) => StoredResource {
  return (write) => {
    const asked = objectIn(write.body, "properties");
    return { body: envelope(write, type, { ...write.existing?.body.properties, ...asked }) };
  };
}

/** Shows a service with the SKU of its account. */
const withSku: NonNullable<ResourceType["show"]> = ({ body }, { context }) => {
  const account = getResource(context.store, body.id.split("/").slice(0, -2).join("/"));
  return { sku: account?.body.sku, ...body };
};

const service = (kind: "blobServices" | "queueServices"): ResourceType => ({
  type: `${accountType}/${kind}`,
  apiVersions: storageApiVersions,
  level: "resourceGroup",
  methods: ["PUT"],
  checkName: checkServiceName,
  write: writeService(`${accountType}/${kind}`),
  show: withSku,
});

export const blobService = service("blobServices");
export const queueService = service("queueServices");

const containerType = `${accountType}/blobServices/containers`;

/** @see https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata#container-names */
const validContainer = (name: string) =>
  /^(\$root|\$web|\$logs)$/.test(name) || /^[a-z0-9](?:[a-z0-9]|-(?!-)){1,61}[a-z0-9]$/.test(name);

const accountOf = ({ call, id }: Write) =>
  getResource(call.context.store, id.split("/").slice(0, 9).join("/"));

function readPublicAccess(write: Write, properties: JsonObject): string {
  const access = textIn(properties, "publicAccess") ?? "None";
  if (!["None", "Blob", "Container"].includes(access)) {
    throw new AzureError(
      400,
      "InvalidHeaderValue",
      "The value for one of the HTTP headers is not in the correct format.",
    );
  }
  if (access !== "None" && accountOf(write)?.body.properties.allowBlobPublicAccess !== true) {
    throw new AzureError(
      409,
      "PublicAccessNotPermitted",
      "Public access is not permitted on this storage account.",
    );
  }
  return access;
}

export const blobContainer: ResourceType = {
  type: containerType,
  apiVersions: storageApiVersions,
  level: "resourceGroup",
  etag: "etag",
  checkName: (name) => {
    if (!validContainer(name)) throw invalidResourceName();
  },
  write: (write) => {
    const properties = objectIn(write.body, "properties");
    const before = write.existing?.body.properties;
    return {
      body: envelope(write, containerType, {
        metadata: optionalObjectIn(properties, "metadata") ?? before?.metadata,
        publicAccess: readPublicAccess(write, properties),
        leaseStatus: before?.leaseStatus ?? "Unlocked",
        leaseState: before?.leaseState ?? "Available",
        lastModifiedTime: new Date(write.call.context.clock.now()).toISOString(),
        defaultEncryptionScope: textIn(properties, "defaultEncryptionScope") ?? "$account-encryption-key",
        denyEncryptionScopeOverride: booleanIn(properties, "denyEncryptionScopeOverride") ?? false,
        hasImmutabilityPolicy: false,
        hasLegalHold: false,
      }),
    };
  },
};

const queueType = `${accountType}/queueServices/queues`;

/** @see https://learn.microsoft.com/rest/api/storageservices/naming-queues-and-metadata#queue-names */
const validQueue = (name: string) => /^[a-z0-9](?:[a-z0-9]|-(?!-)){1,61}[a-z0-9]$/.test(name);

export const queue: ResourceType = {
  type: queueType,
  createdStatus: 200,
  deletedStatus: 204,
  apiVersions: storageApiVersions,
  level: "resourceGroup",
  checkName: (name) => {
    if (!validQueue(name)) throw invalidResourceName();
  },
  write: (write) => {
    const metadata = optionalObjectIn(objectIn(write.body, "properties"), "metadata");
    return {
      body: envelope(write, queueType, { metadata: metadata ?? write.existing?.body.properties.metadata }),
    };
  },
};
