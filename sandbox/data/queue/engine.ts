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

interface QueueMetadataStore extends LokiStore {
  createQueue(queue: object): Promise<number>;
}

/** Azurite's queue service: queues and messages of every account, kept in files. */
export interface QueueEngine {
  handle: App;
  queues: ChildEngine;
}

/** Loads Azurite and opens its stores in `directory`. */
export async function openQueueEngine(directory: string, gate: Gate): Promise<QueueEngine> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const load = (path: string) => azuriteModule(path).default;
  const logger = load("common/Logger");
  const { DEFAULT_QUEUE_CONTEXT_PATH } = azuriteModule("queue/utils/constants");
  const metadata: QueueMetadataStore = new (load("queue/persistence/LokiQueueMetadataStore"))(
    join(directory, "queues.json"),
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

  const handler = (name: string) => new (load(`queue/handlers/${name}`))(metadata, content, logger);
  const handle = createAzuriteApp({
    findParts: load("queue/middlewares/queueStorageContext.middleware")(true, false),
    generated: new (load("queue/generated/ExpressMiddlewareFactory"))(logger, DEFAULT_QUEUE_CONTEXT_PATH),
    checks: [],
    handlers: {
      serviceHandler: handler("ServiceHandler"),
      queueHandler: handler("QueueHandler"),
      messagesHandler: handler("MessagesHandler"),
      messageIdHandler: handler("MessageIdHandler"),
    },
    operations: load("queue/generated/artifacts/operation"),
    contextPath: DEFAULT_QUEUE_CONTEXT_PATH,
    // Taking messages off a queue is a GET and changes them.
    changes: ({ name, request }) =>
      name === "Messages_Dequeue" || (request.method !== "GET" && request.method !== "HEAD"),
    flush,
    gate,
  });

  const collection = (name: string): Collection => metadata.db.getCollection(name);
  return {
    handle,
    queues: {
      list: (accountName) =>
        collection("$QUEUES_COLLECTION$")
          .find({ accountName })
          .map(({ name }) => name),
      create: async (accountName, name) => {
        await metadata.createQueue({ accountName, name });
        await flush();
      },
      remove: async (accountName, name) => {
        collection("$QUEUES_COLLECTION$").findAndRemove({ accountName, name });
        collection("$MESSAGES_COLLECTION$").findAndRemove({ accountName, queueName: name });
        await flush();
      },
    },
  };
}
