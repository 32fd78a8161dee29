import { randomUUID } from "node:crypto";
import type { SandboxContext } from "../core/context";
import { getResource, putResource, resourceKey, type StoredResource } from "./resource";
import type { LongRunning, ProvisioningState, ResourceType } from "./resource-type";

/** A change that takes a while. Kept in the store, so that it goes on after a restart. */
export interface Operation {
  id: string;
  kind: "create" | "update" | "delete";
  resourceId: string;
  /** "Microsoft.Sql/servers" */
  type: string;
  /** The object id of who began it. */
  startedBy: string;
  /** Milliseconds of sandbox time. */
  startedAt: number;
  endsAt: number;
  finished: boolean;
}

export interface Operations {
  /** Ends every operation whose time has come. ARM does so before it looks at a request. */
  settle(): void;
  pendingOn(resourceId: string): Operation | undefined;
  get(id: string): Operation | undefined;
  /** Begins a change of a resource and shows it in the store. */
  start(
    kind: Operation["kind"],
    resource: StoredResource,
    longRunning: LongRunning,
    startedBy: string,
  ): Operation;
}

const table = "operations";

/** How long the status of a finished operation can still be asked for, in milliseconds. */
const retention = 24 * 60 * 60 * 1000;

const stateDuring = { create: "Creating", update: "Updating", delete: "Deleting" } as const;

function show(
  resource: StoredResource,
  longRunning: LongRunning | undefined,
  state: ProvisioningState,
): void {
  if (longRunning?.show) longRunning.show(resource, state);
  else resource.body.properties.provisioningState = state;
}

/**
 * @param typeOf the table's entry for a type
 * @param remove takes a resource and all beneath it out of the store
 */
export function createOperations(
  { store, clock, faults }: Pick<SandboxContext, "store" | "clock" | "faults">,
  typeOf: (type: string) => ResourceType | undefined,
  remove: (resourceId: string) => void,
): Operations {
  const pending = new Map<string, Operation>();
  for (const { key, value } of store.list<Operation>(table)) {
    if (!value.finished) pending.set(key, value);
    else if (value.endsAt + retention < clock.now()) store.remove(table, key);
  }

  function finish(operation: Operation): void {
    store.transaction(() => {
      const resource = getResource(store, operation.resourceId);
      if (resource && operation.kind === "delete") {
        remove(operation.resourceId);
      } else if (resource) {
        show(resource, typeOf(operation.type)?.longRunning, "Succeeded");
        putResource(store, resource);
      }
      store.put(table, operation.id, { ...operation, finished: true });
    });
    pending.delete(operation.id);
  }

  return {
    settle: () => {
      if (pending.size === 0) return;
      const now = clock.now();
      const due = [...pending.values()].filter((operation) => operation.endsAt <= now);
      for (const operation of due.sort((a, b) => a.endsAt - b.endsAt)) finish(operation);
    },
    pendingOn: (resourceId) => {
      const key = resourceKey(resourceId);
      return [...pending.values()].find((operation) => resourceKey(operation.resourceId) === key);
    },
    get: (id) => store.get(table, id),
    start: (kind, resource, longRunning, startedBy) => {
      const startedAt = clock.now();
      const operation: Operation = {
        id: randomUUID(),
        kind,
        resourceId: resource.body.id,
        type: resource.body.type,
        startedBy,
        startedAt,
        endsAt: startedAt + longRunning.seconds[kind] * 1000 * faults.settings.operationTimeFactor,
        finished: false,
      };
      show(resource, longRunning, stateDuring[kind]);
      putResource(store, resource);
      store.put(table, operation.id, operation);
      pending.set(operation.id, operation);
      return operation;
    },
  };
}
