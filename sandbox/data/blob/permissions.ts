import { requestUrl } from "../request";
import type { StorageOperation } from "../storage/azurite";
import { notImplemented } from "../storage/errors";
import type { NeededAction } from "../storage/permission";

const containers = "Microsoft.Storage/storageAccounts/blobServices/containers";
const blobs = `${containers}/blobs`;

/** Attributes that a role assignment's condition may look at. */
const containerName = `${containers}:name`;
const blobPath = `${blobs}:path`;
const blobPrefix = `${blobs}:prefix`;

/** A control-plane action on the account or the container. */
type ControlNeed = { action: string };
/** Data actions on the blob or, for lists, on all of the container. */
type DataNeed = { dataActions: string[]; orIfNew?: string };
type Need = ControlNeed | DataNeed;

const service = (name: string): Need => ({
  action: `Microsoft.Storage/storageAccounts/blobServices/${name}`,
});
const container = (name: string): Need => ({ action: `${containers}/${name}` });
const blob = (...names: string[]): Need => ({ dataActions: names.map((name) => `${blobs}/${name}`) });
/** Write, or for a blob that does not exist yet, add. */
const create: Need = { dataActions: [`${blobs}/write`], orIfNew: `${blobs}/add/action` };

const read = blob("read");
const write = blob("write");
const manageContainer = container("write");

/**
 * What each operation needs.
 * @see https://learn.microsoft.com/rest/api/storageservices/authorize-with-azure-active-directory#permissions-for-blob-service-operations
 */
const needs: Record<string, Need> = {
  Service_ListContainersSegment: container("read"),
  Service_GetProperties: service("read"),
  Service_SetProperties: service("write"),
  Service_GetStatistics: service("read"),
  Service_GetUserDelegationKey: service("generateUserDelegationKey/action"),
  Service_FilterBlobs: blob("filter/action"),
  Container_Create: manageContainer,
  Container_GetProperties: container("read"),
  Container_GetPropertiesWithHead: container("read"),
  Container_Delete: container("delete"),
  Container_SetMetadata: manageContainer,
  Container_GetAccessPolicy: container("getAcl/action"),
  Container_SetAccessPolicy: container("setAcl/action"),
  Container_AcquireLease: manageContainer,
  Container_ReleaseLease: manageContainer,
  Container_RenewLease: manageContainer,
  Container_BreakLease: manageContainer,
  Container_ChangeLease: manageContainer,
  Container_ListBlobFlatSegment: read,
  Container_ListBlobHierarchySegment: read,
  Container_FilterBlobs: blob("filter/action"),
  Blob_Download: read,
  Blob_GetProperties: read,
  Blob_Delete: blob("delete"),
  Blob_SetHTTPHeaders: write,
  Blob_SetMetadata: write,
  Blob_AcquireLease: write,
  Blob_ReleaseLease: write,
  Blob_RenewLease: write,
  Blob_ChangeLease: write,
  Blob_BreakLease: write,
  Blob_CreateSnapshot: write,
  Blob_StartCopyFromURL: create,
  Blob_CopyFromURL: create,
  Blob_AbortCopyFromURL: write,
  Blob_SetTier: write,
  Blob_GetTags: blob("tags/read"),
  Blob_SetTags: blob("tags/write"),
  PageBlob_Create: create,
  PageBlob_UploadPages: write,
  PageBlob_ClearPages: write,
  PageBlob_GetPageRanges: read,
  PageBlob_GetPageRangesDiff: read,
  PageBlob_Resize: write,
  PageBlob_UpdateSequenceNumber: write,
  AppendBlob_Create: create,
  AppendBlob_AppendBlock: write,
  AppendBlob_Seal: write,
  BlockBlob_Upload: create,
  BlockBlob_StageBlock: write,
  BlockBlob_CommitBlockList: write,
  BlockBlob_GetBlockList: read,
};

/** The alternatives, each sufficient, of what the caller must be allowed. @throws StorageError 501 for other operations */
export function neededForBlob(
  operation: StorageOperation,
  accountId: string,
  exists: () => boolean,
): NeededAction[][] {
  const need = needs[operation.name];
  if (need === undefined) throw notImplemented(operation.name);
  const { parent, blob: path } = operation;
  const scope = parent === undefined ? accountId : `${accountId}/blobServices/default/containers/${parent}`;
  if ("action" in need) return [[{ action: need.action, dataAction: false, scope }]];
  const attributes = {
    ...(parent === undefined ? {} : { [containerName]: parent }),
    ...(path === undefined ? {} : { [blobPath]: path }),
    ...(operation.name.startsWith("Container_ListBlob") ? listAttributes(operation) : {}),
  };
  const onBlob = (action: string): NeededAction => ({ action, dataAction: true, scope, attributes });
  const alternatives = [[...need.dataActions, ...tagActions(operation)].map(onBlob)];
  if (need.orIfNew !== undefined && !exists()) alternatives.push([onBlob(need.orIfNew)]);
  return alternatives;
}

/** What reading the source of a copy needs. */
export function neededForSource(
  accountId: string,
  source: { container: string; blob: string },
): NeededAction[][] {
  const scope = `${accountId}/blobServices/default/containers/${source.container}`;
  const attributes = { [containerName]: source.container, [blobPath]: source.blob };
  return [[{ action: `${blobs}/read`, dataAction: true, scope, attributes }]];
}

/** Tags that come along with another operation have permissions of their own. */
function tagActions({ name, request }: StorageOperation): string[] {
  if (request.headers["x-ms-tags"] !== undefined) return [`${blobs}/tags/write`];
  const listsTags =
    name.startsWith("Container_ListBlob") &&
    requestUrl(request)?.searchParams.getAll("include").join().includes("tags");
  return listsTags ? [`${blobs}/tags/read`] : [];
}

/** @see https://learn.microsoft.com/azure/storage/blobs/storage-auth-abac-attributes#list-blobs */
function listAttributes({ request }: StorageOperation): Record<string, string> {
  const prefix = requestUrl(request)?.searchParams.get("prefix");
  return { subOperation: "Blob.List", ...(prefix == null ? {} : { [blobPrefix]: prefix }) };
}
