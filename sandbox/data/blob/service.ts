import type { SandboxContext } from "../../core/context";
import type { Service } from "../../core/service";
import type { StorageAccount } from "../storage/account";
import { notImplemented, publicAccessNotPermitted, StorageError } from "../storage/errors";
import { demand } from "../storage/permission";
import { createStorageService } from "../storage/service";
import { type BlobEngine, openBlobEngine } from "./engine";
import { neededForBlob, neededForSource } from "./permissions";

/** What ARM shows of a container that was made through the data plane. */
const containerProperties = () => ({
  publicAccess: "None",
  leaseStatus: "Unlocked",
  leaseState: "Available",
  lastModifiedTime: new Date().toISOString(),
  hasImmutabilityPolicy: false,
  hasLegalHold: false,
  defaultEncryptionScope: "$account-encryption-key",
  denyEncryptionScopeOverride: false,
});

/**
 * Blob Storage, at `{account}.blob.core.windows.net`. Every request needs an Entra token and a role that allows it
 * on the container, the account, or above.
 *
 * Not there, and answered with 501: batches, user delegation keys, copies from other accounts, and what Azurite
 * itself does not have.
 */
export function createBlobService(context: SandboxContext): Service {
  return createStorageService<BlobEngine>(context, {
    name: "Blob Storage",
    endpoint: "blob",
    kind: {
      path: "blobServices/default/containers",
      type: "Microsoft.Storage/storageAccounts/blobServices/containers",
      properties: containerProperties,
    },
    creates: "Container_Create",
    deletes: "Container_Delete",
    openEngine: openBlobEngine,
    children: (engine) => engine.containers,
    authorize: (operation, account, principalId, engine) => {
      const { name, request, parent = "", blob = "" } = operation;
      const exists = () => engine.blobExists(account.name, parent, blob);
      demand(context, principalId, neededForBlob(operation, account.id, exists));
      const source = request.headers["x-ms-copy-source"];
      if (source !== undefined) {
        demand(context, principalId, neededForSource(account.id, sourceOf(engine, account, `${source}`)));
      }
      // After the permission, so that who may not have a key hears so.
      if (name === "Service_GetUserDelegationKey") throw notImplemented(name);
      if (request.headers["x-ms-blob-public-access"] !== undefined && !account.allowBlobPublicAccess) {
        throw publicAccessNotPermitted();
      }
    },
  });
}

/** The blob that a copy reads, which must be in the same account. @throws StorageError */
function sourceOf(engine: BlobEngine, account: StorageAccount, header: string) {
  const invalid = () =>
    new StorageError(
      400,
      "InvalidHeaderValue",
      "The value for one of the HTTP headers is not in the correct format.",
    );
  if (!URL.canParse(header)) throw invalid();
  const url = new URL(header);
  const isHere = url.hostname === `${account.name}.blob.core.windows.net` && !url.searchParams.has("sig");
  if (!isHere) throw notImplemented("copies from other accounts or by shared access signature");
  try {
    return engine.partsOf(url);
  } catch {
    throw invalid();
  }
}
