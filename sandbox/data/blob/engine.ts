import { mkdirSync } from "node:fs";
import { join } from "node:path";
import {
  type App,
  azuriteModule,
  type Collection,
  createAzuriteApp,
  type Gate,
  type LokiStore,
  openStores,
} from "../storage/azurite";
import type { ChildEngine } from "../storage/children";

interface BlobMetadataStore extends LokiStore {
  createContainer(context: object, container: object): Promise<object>;
}

/** Azurite's blob service: containers and blobs of every account, kept in files. */
export interface BlobEngine {
  handle: App;
  containers: ChildEngine;
  blobExists(account: string, container: string, blob: string): boolean;
  /** The account, container and blob that a URL means. @throws URIError */
  partsOf(url: URL): { account: string; container: string; blob: string };
}

/**
 * Loads Azurite (about half a second and 50 MB, which is why nobody calls this before the first request) and opens
 * its stores in `directory`.
 */
export async function openBlobEngine(directory: string, gate: Gate): Promise<BlobEngine> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const load = (path: string) => azuriteModule(path).default;
  const logger = load("common/Logger");
  const { DEFAULT_CONTEXT_PATH } = azuriteModule("blob/utils/constants");
  const { default: createContextMiddleware, extractStoragePartsFromPath } = azuriteModule(
    "blob/middlewares/blobStorageContext.middleware",
  );
  const { default: StrictModel, UnsupportedHeadersBlocker } = azuriteModule(
    "blob/middlewares/StrictModelMiddlewareFactory",
  );

  const metadata: BlobMetadataStore = new (load("blob/persistence/LokiBlobMetadataStore"))(
    join(directory, "blobs.json"),
    false,
  );
  const extents = new (load("common/persistence/LokiExtentMetadataStore"))(
    join(directory, "extents.json"),
    false,
  );
  const content = new (load("common/persistence/FSExtentStore"))(
    extents,
    [{ locationId: "content", locationPath: join(directory, "content"), maxConcurrency: 10 }],
    logger,
  );
  const flush = await openStores([extents, metadata]);
  await content.init();

  // Handlers look accounts up only to check a batch's parts, and batches are refused.
  const accounts = { getAccount: () => undefined };
  const ranges = new (load("blob/handlers/PageBlobRangesManager"))();
  const handler = (name: string, ...more: unknown[]) =>
    new (load(`blob/handlers/${name}`))(metadata, content, logger, false, ...more);
  const handlerWithAccounts = (name: string) =>
    new (load(`blob/handlers/${name}`))(accounts, undefined, metadata, content, logger, false, false);

  const handle = createAzuriteApp({
    findParts: createContextMiddleware(true, false, false),
    generated: new (load("blob/generated/ExpressMiddlewareFactory"))(logger, DEFAULT_CONTEXT_PATH),
    checks: [new StrictModel(logger, [UnsupportedHeadersBlocker]).createStrictModelMiddleware()],
    handlers: {
      serviceHandler: handlerWithAccounts("ServiceHandler"),
      containerHandler: handlerWithAccounts("ContainerHandler"),
      blobHandler: handler("BlobHandler", ranges),
      blockBlobHandler: handler("BlockBlobHandler"),
      appendBlobHandler: handler("AppendBlobHandler"),
      pageBlobHandler: handler("PageBlobHandler", ranges),
    },
    operations: load("blob/generated/artifacts/operation"),
    contextPath: DEFAULT_CONTEXT_PATH,
    changes: ({ request }) => request.method !== "GET" && request.method !== "HEAD",
    flush,
    gate,
  });

  const collection = (name: string): Collection => metadata.db.getCollection(name);
  return {
    handle,
    containers: {
      list: (accountName) =>
        collection("$CONTAINERS_COLLECTION$")
          .find({ accountName })
          .map(({ name }) => name),
      create: async (accountName, name) => {
        await metadata.createContainer({}, { accountName, name, properties: containerProperties() });
        await flush();
      },
      remove: async (accountName, name) => {
        // Not by the store's own deleteContainer, which a lease would hold off; ARM does not ask for leases.
        collection("$CONTAINERS_COLLECTION$").findAndRemove({ accountName, name });
        for (const content of ["$BLOBS_COLLECTION$", "$BLOCKS_COLLECTION$"]) {
          collection(content).findAndRemove({ accountName, containerName: name });
        }
        await flush();
      },
    },
    blobExists: (accountName, containerName, name) =>
      collection("$BLOBS_COLLECTION$").findOne({ accountName, containerName, name, snapshot: "" }) !== null,
    partsOf: (url) => {
      const [account, container, blob] = extractStoragePartsFromPath(url.hostname, url.pathname, false);
      return { account, container: container ?? "", blob: blob ?? "" };
    },
  };
}

function containerProperties() {
  return {
    etag: `"0x8D${Date.now().toString(16).toUpperCase().padStart(13, "0")}"`,
    lastModified: new Date(),
    leaseStatus: "unlocked",
    leaseState: "available",
    hasImmutabilityPolicy: false,
    hasLegalHold: false,
  };
}
