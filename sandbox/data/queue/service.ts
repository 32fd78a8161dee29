import type { SandboxContext } from "../../core/context";
import type { Service } from "../../core/service";
import { demand } from "../storage/permission";
import { createStorageService } from "../storage/service";
import { openQueueEngine, type QueueEngine } from "./engine";
import { neededForQueue } from "./permissions";

/**
 * Queue Storage, at `{account}.queue.core.windows.net`. Every request needs an Entra token and a role that allows
 * it on the queue, the account, or above.
 */
export function createQueueService(context: SandboxContext): Service {
  return createStorageService<QueueEngine>(context, {
    name: "Queue Storage",
    endpoint: "queue",
    kind: {
      path: "queueServices/default/queues",
      type: "Microsoft.Storage/storageAccounts/queueServices/queues",
      properties: () => ({ metadata: {} }),
    },
    creates: "Queue_Create",
    deletes: "Queue_Delete",
    openEngine: openQueueEngine,
    children: (engine) => engine.queues,
    authorize: (operation, account, principalId) => {
      demand(context, principalId, neededForQueue(operation, account.id));
    },
  });
}
