import { AnonymousCredential, BlobServiceClient, StorageSharedKeyCredential } from "@azure/storage-blob";
import { bearer } from "./bearer";

interface Account {
  account: string;
  token: string;
}
interface Container extends Account {
  container: string;
}
interface Blob extends Container {
  blob: string;
}

const url = (account: string) => `https://${account}.blob.core.windows.net`;
const noRetries = { retryOptions: { maxTries: 1 } };
const serviceOf = ({ account, token }: Account) =>
  new BlobServiceClient(url(account), bearer(token), noRetries);
const containerOf = (call: Container) => serviceOf(call).getContainerClient(call.container);
const blobOf = (call: Blob) => containerOf(call).getBlockBlobClient(call.blob);

export async function listContainers(call: Account) {
  const names: string[] = [];
  for await (const { name } of serviceOf(call).listContainers()) names.push(name);
  return names;
}

export async function createContainer(call: Container) {
  await serviceOf(call).createContainer(call.container);
}

export async function createPublicContainer(call: Container) {
  await serviceOf(call).createContainer(call.container, { access: "blob" });
}

export async function deleteContainer(call: Container) {
  await serviceOf(call).deleteContainer(call.container);
}

export async function leaseContainer(call: Container) {
  await containerOf(call).getBlobLeaseClient().acquireLease(-1);
}

export async function upload({ content, ...call }: Blob & { content: string }) {
  return (await blobOf(call).upload(content, Buffer.byteLength(content))).etag!;
}

/** In blocks of 64 KiB, four at a time. */
export async function uploadBlocks({ bytes, ...call }: Blob & { bytes: number }) {
  await blobOf(call).uploadData(Buffer.alloc(bytes, 7), {
    blockSize: 65_536,
    maxSingleShotSize: 1,
    concurrency: 4,
  });
}

export async function download(call: Blob) {
  return (await blobOf(call).downloadToBuffer()).toString();
}

export async function downloadRange({ offset, count, ...call }: Blob & { offset: number; count: number }) {
  return (await blobOf(call).downloadToBuffer(offset, count)).toString();
}

export async function properties(call: Blob) {
  const { contentLength, metadata, etag } = await blobOf(call).getProperties();
  return { contentLength, metadata, etag };
}

export async function setMetadata({ metadata, ...call }: Blob & { metadata: Record<string, string> }) {
  await blobOf(call).setMetadata(metadata);
}

export async function uploadIfMatch({ etag, ...call }: Blob & { etag: string }) {
  await blobOf(call).upload("x", 1, { conditions: { ifMatch: etag } });
}

export async function remove(call: Blob) {
  await blobOf(call).delete();
}

export async function list({ prefix, ...call }: Container & { prefix?: string }) {
  const names: string[] = [];
  const options = prefix === undefined ? {} : { prefix };
  for await (const { name } of containerOf(call).listBlobsFlat(options)) names.push(name);
  return names;
}

export async function tag(call: Blob) {
  await blobOf(call).setTags({ team: "shop" });
}

export async function copy({ source, ...call }: Blob & { source: string }) {
  return (await (await blobOf(call).beginCopyFromURL(source)).pollUntilDone()).copyStatus;
}

export async function userDelegationKey(call: Account) {
  await serviceOf(call).getUserDelegationKey(new Date(), new Date(Date.now() + 60_000));
}

export async function batchDelete(call: Blob) {
  await serviceOf(call)
    .getBlobBatchClient()
    .deleteBlobs([blobOf(call)]);
}

export async function withKey({ account, container }: Omit<Container, "token">) {
  const credential = new StorageSharedKeyCredential(account, Buffer.alloc(64, 1).toString("base64"));
  await new BlobServiceClient(url(account), credential, noRetries)
    .getContainerClient(container)
    .getProperties();
}

export async function anonymously({ account, container }: Omit<Container, "token">) {
  const service = new BlobServiceClient(url(account), new AnonymousCredential(), noRetries);
  await service.getContainerClient(container).getProperties();
}
