import type { StorageOperation } from "../storage/azurite";
import { notImplemented } from "../storage/errors";
import type { NeededAction } from "../storage/permission";

const service = "Microsoft.Storage/storageAccounts/queueServices";
const queues = `${service}/queues`;

/** An action on the account or queue, or data actions on its messages: alternatives, each of which is enough. */
type Need = { action: string } | { anyOf: string[][] };

const queue = (name: string): Need => ({ action: `${queues}/${name}` });
const messages = (...anyOf: string[][]): Need => ({
  anyOf: anyOf.map((all) => all.map((name) => `${queues}/messages/${name}`)),
});

/**
 * What each operation needs.
 * @see https://learn.microsoft.com/rest/api/storageservices/authorize-with-azure-active-directory#permissions-for-queue-service-operations
 */
const needs: Record<string, Need> = {
  Service_ListQueuesSegment: queue("read"),
  Service_GetProperties: { action: `${service}/read` },
  Service_SetProperties: { action: `${service}/write` },
  Service_GetStatistics: { action: `${service}/read` },
  Queue_Create: queue("write"),
  Queue_Delete: queue("delete"),
  Queue_GetProperties: queue("read"),
  Queue_GetPropertiesWithHead: queue("read"),
  Queue_SetMetadata: queue("write"),
  Queue_GetAccessPolicy: queue("getAcl/action"),
  Queue_GetAccessPolicyWithHead: queue("getAcl/action"),
  Queue_SetAccessPolicy: queue("setAcl/action"),
  Messages_Enqueue: messages(["add/action"], ["write"]),
  Messages_Dequeue: messages(["process/action"], ["delete", "read"]),
  Messages_Peek: messages(["read"]),
  Messages_Clear: messages(["delete"]),
  MessageId_Update: messages(["write"]),
  MessageId_Delete: messages(["process/action"], ["delete"]),
};

/** The alternatives, each sufficient, of what the caller must be allowed. @throws StorageError 501 for other operations */
export function neededForQueue(operation: StorageOperation, accountId: string): NeededAction[][] {
  const need = needs[operation.name];
  if (need === undefined) throw notImplemented(operation.name);
  const { parent } = operation;
  const scope = parent === undefined ? accountId : `${accountId}/queueServices/default/queues/${parent}`;
  if ("action" in need) return [[{ action: need.action, dataAction: false, scope }]];
  const attributes = parent === undefined ? {} : { [`${queues}:name`]: parent };
  return need.anyOf.map((all) => all.map((action) => ({ action, dataAction: true, scope, attributes })));
}
