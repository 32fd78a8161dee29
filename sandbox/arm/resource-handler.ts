import { setTimeout as sleepReal } from "node:timers/promises";
import type { JournalWrite } from "../core/journal";
import { type ArmAnswer, type ArmCall, requireAccess } from "./arm-call";
import {
  groupBeingDeleted,
  methodNotAllowed,
  notImplemented,
  parentNotFound,
  resourceGroupNotFound,
  resourceNotFound,
  subscriptionNotFound,
} from "./errors";
import { began, beganWriting } from "./operation-answers";
import type { Operation } from "./operations";
import type { RemoveTree } from "./removal";
import { getResource, putResource, type StoredResource } from "./resource";
import { listPage } from "./resource-list";
import { endsWithType, groupIdIn, groupNameIn, parentOf, subscriptionIdIn, typeOf } from "./resource-path";
import type { ResourceType } from "./resource-type";
import { checkPreconditions, newEtag, prepareWrite } from "./resource-write";

/** What the handlers of resources share. */
export interface ResourceHandling {
  typeOf(type: string): ResourceType | undefined;
  remove: RemoveTree;
  /** Keys of what is being worked on and excludes other work. */
  working: Set<string>;
}

const operationOf = (type: ResourceType, verb: string) => `${type.operation ?? type.type}/${verb}`;

/** Answers a request for a resource, a collection, or an action on a resource. */
export async function handleResource(
  call: ArmCall,
  type: ResourceType,
  handling: ResourceHandling,
): Promise<ArmAnswer> {
  checkLevel(call, type);
  if (endsWithType(call.path)) {
    if (call.method !== "GET") throw methodNotAllowed(call.method);
    return { status: 200, body: listPage(call, type, operationOf(type, "read")) };
  }
  switch (call.method) {
    case "GET":
    case "HEAD":
      return read(call, type);
    case "PUT":
    case "PATCH":
    case "DELETE": {
      const allowed = type.methods ?? ["PUT", "PATCH", "DELETE"];
      if (!allowed.includes(call.method)) throw methodNotAllowed(call.method);
      const verb = call.method === "DELETE" ? "delete" : "write";
      requireAccess(call, operationOf(type, verb), call.path.id, type.attributes?.(call));
      const change = call.method === "DELETE" ? remove : write;
      return exclusively(call, type, handling, () => change(call, type, handling));
    }
    default:
      throw methodNotAllowed(call.method);
  }
}

/** Answers a POST on a resource: `…/listKeys`. */
export function handleAction(call: ArmCall, type: ResourceType): ArmAnswer {
  const name = call.path.types.at(-1)!;
  const action = type.actions?.[name.toLowerCase()];
  const target = { ...call, path: parentOf(call.path) };
  if (!action) throw notImplemented("POST", `${type.type}/${name}`);
  checkLevel(target, type);
  requireAccess(call, operationOf(type, `${name}/action`), target.path.id);
  return action(call, existingOrNotFound(target, type));
}

/** A path to a vault, say, must lead through a group, and one to a group through a subscription that is there. */
function checkLevel({ context, path, method }: ArmCall, type: ResourceType): void {
  const subscriptionId = subscriptionIdIn(path.id);
  if (
    subscriptionId !== undefined &&
    subscriptionId.toLowerCase() !== context.account.subscriptionId.toLowerCase()
  ) {
    throw subscriptionNotFound(subscriptionId);
  }
  const inGroup = groupIdIn(path.scope)?.length === path.scope.length;
  const inSubscription = /^\/subscriptions\/[^/]+$/i.test(path.scope);
  const listsAll = inSubscription && endsWithType(path) && path.types.length === 1;
  const fits = { extension: true, subscription: inSubscription, resourceGroup: inGroup || listsAll }[
    type.level
  ];
  if (!fits) throw notImplemented(method, `${path.scope}/providers/${type.type}`);
}

const find = (call: ArmCall, type: ResourceType): StoredResource | undefined =>
  type.find ? type.find(call, call.path.id) : ofType(getResource(call.context.store, call.path.id), type);

const ofType = (resource: StoredResource | undefined, type: ResourceType) =>
  resource?.body.type.toLowerCase() === type.type.toLowerCase() ? resource : undefined;

/** @throws AzureError 404 for a group that is not there */
function group({ context, path }: ArmCall): StoredResource | undefined {
  const id = groupIdIn(path.id);
  if (id === undefined || path.types[0]?.toLowerCase() === "resourcegroups") return undefined;
  const stored = getResource(context.store, id);
  if (!stored) throw resourceGroupNotFound(groupNameIn(id)!);
  return stored;
}

/** @throws AzureError 404 */
function existingOrNotFound(call: ArmCall, type: ResourceType): StoredResource {
  group(call);
  const resource = find(call, type);
  if (resource) return resource;
  if (type.type === "Microsoft.Resources/resourceGroups") throw resourceGroupNotFound(call.path.names[0]!);
  throw resourceNotFound(call.path.id, type.type, call.path.names.join("/"));
}

const show = (call: ArmCall, type: ResourceType, resource: StoredResource): unknown =>
  type.show ? type.show(resource, call) : resource.body;

function read(call: ArmCall, type: ResourceType): ArmAnswer {
  requireAccess(call, operationOf(type, "read"), call.path.id);
  const resource = existingOrNotFound(call, type);
  return call.method === "HEAD" ? { status: 204 } : { status: 200, body: show(call, type, resource) };
}

/** As long as Azure takes before it answers: not at all unless the sandbox's operations take time. */
async function takeTime({ context: { clock, faults } }: ArmCall, { writeSeconds = 0 }: ResourceType) {
  const seconds = writeSeconds * faults.settings.operationTimeFactor;
  if (seconds > 0) await clock.sleep(1000 * seconds);
}

/** Runs work of which a type may allow one piece at a time, or says that there is another. */
async function exclusively(
  call: ArmCall,
  type: ResourceType,
  { working }: ResourceHandling,
  work: () => ArmAnswer,
): Promise<ArmAnswer> {
  const { exclusive } = type;
  if (!exclusive) {
    await takeTime(call, type);
    return work();
  }
  const key = exclusive.key(call);
  if (working.has(key)) throw exclusive.conflict(call);
  working.add(key);
  try {
    await sleepReal(exclusive.milliseconds);
    await takeTime(call, type);
    return work();
  } finally {
    working.delete(key);
  }
}

/** The parent of a child resource. @throws AzureError 404 */
function parent(call: ArmCall, type: ResourceType, handling: ResourceHandling): StoredResource | undefined {
  if (call.path.types.length < 2) return undefined;
  const path = parentOf(call.path);
  const parentType = handling.typeOf(typeOf(path));
  const found = parentType && find({ ...call, path }, parentType);
  if (!found) throw type.parentNotFound?.(path.id) ?? parentNotFound(type.type, path.id);
  return found;
}

/** @throws AzureError 409 while another change of the resource is under way */
function checkIdle(call: ArmCall, type: ResourceType, resource: StoredResource): void {
  const operation = call.operations.pendingOn(resource.body.id);
  if (operation && type.longRunning) throw type.longRunning.busy(operation, resource);
}

function write(call: ArmCall, type: ResourceType, handling: ResourceHandling): ArmAnswer {
  const inGroup = group(call);
  if (inGroup && call.operations.pendingOn(inGroup.body.id)) throw groupBeingDeleted(inGroup.body.name);
  const within = parent(call, type, handling);
  const parentType = within && handling.typeOf(within.body.type);
  if (parentType) checkIdle(call, parentType, within);
  const existing = find(call, type);
  if (!existing && call.method === "PATCH") existingOrNotFound(call, type);
  if (existing) checkIdle(call, type, existing);
  checkPreconditions(call, type, existing);

  const kind = existing ? "update" : "create";
  const { store, journal } = call.context;
  const { resource, operation } = store.transaction(() => {
    const written = type.write!(prepareWrite(call, type, { existing, parent: within, group: inGroup }));
    if (type.etag) written.body[type.etag] = newEtag();
    if (!type.writesItself) putResource(store, written);
    const { longRunning } = type;
    const lasts = longRunning && longRunning.seconds[kind] > 0;
    return {
      resource: written,
      operation: lasts ? call.operations.start(kind, written, longRunning, call.caller.oid) : undefined,
    };
  });
  journal.wrote(journalWrite(call, resource, operation));
  const status = existing ? 200 : (type.createdStatus ?? 201);
  const shown = { status, body: show(call, type, resource) };
  return operation ? beganWriting(call, operation, type.longRunning!.writes, shown) : shown;
}

function journalWrite(
  { context, method, arrivedAt }: ArmCall,
  { body, visibleAt }: StoredResource,
  operation: Operation | undefined,
): JournalWrite {
  const { principalId } = body.properties;
  return {
    method: method as JournalWrite["method"],
    id: body.id,
    type: body.type,
    startedAt: arrivedAt,
    completedAt: operation?.endsAt ?? context.clock.now(),
    ...(visibleAt === undefined ? {} : { effectiveAt: visibleAt }),
    ...(typeof principalId === "string" ? { principalId } : {}),
  };
}

function remove(call: ArmCall, type: ResourceType, handling: ResourceHandling): ArmAnswer {
  if (type.type === "Microsoft.Resources/resourceGroups") existingOrNotFound(call, type);
  else group(call);
  const existing = find(call, type);
  if (!existing) return { status: 204 };
  const pending = call.operations.pendingOn(existing.body.id);
  if (pending?.kind === "delete") return began(call, pending);
  if (pending) checkIdle(call, type, existing);
  checkPreconditions(call, type, existing);

  return call.context.store.transaction(() => {
    type.remove?.(call, existing);
    const { longRunning } = type;
    const operation =
      longRunning && longRunning.seconds.delete > 0
        ? call.operations.start("delete", existing, longRunning, call.caller.oid)
        : undefined;
    call.context.journal.wrote(journalWrite(call, { body: existing.body }, operation));
    if (operation) return began(call, operation);
    handling.remove(existing.body.id);
    return type.deleteShowsBody
      ? { status: 200, body: show(call, type, existing) }
      : { status: type.deletedStatus ?? 200 };
  });
}
