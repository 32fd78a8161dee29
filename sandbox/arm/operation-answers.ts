import { armAddress } from "./arm-address";
import { type ArmAnswer, type ArmCall, requireAccess } from "./arm-call";
import { resourceNotFound } from "./errors";
import type { Operation } from "./operations";
import { getResource, type StoredResource } from "./resource";
import { endsWithType, type ResourcePath } from "./resource-path";
import type { LongRunning } from "./resource-type";

/** Azure asks for 10 to 15 seconds between polls of what takes minutes. */
const longestRetryAfterSeconds = 15;

/** How long a client should wait, in its own seconds: less of them pass when the sandbox's time is faster. */
function retryAfter({ context }: Pick<ArmCall, "context">, operation: Operation): Record<string, string> {
  const left = Math.max(0, operation.endsAt - context.clock.now()) / 1000;
  const real = Math.min(left, longestRetryAfterSeconds) / context.clock.speed;
  return { "Retry-After": String(Math.ceil(real)), "x-ms-retry-after-ms": String(Math.ceil(real * 1000)) };
}

function addressOf(
  call: ArmCall,
  operation: Operation,
  what: "operationStatuses" | "operationResults",
): string {
  const { subscriptionId } = call.context.account;
  const path =
    operation.type === "Microsoft.Resources/resourceGroups"
      ? `/subscriptions/${subscriptionId}/${what.toLowerCase()}/${operation.id}`
      : `/subscriptions/${subscriptionId}/providers/${operation.type.split("/")[0]}/locations/global/${what}/${operation.id}`;
  return `${armAddress}${path}?api-version=${call.apiVersion}`;
}

/** The headers that lead a client to the end of an operation. */
function tracking(call: ArmCall, operation: Operation, style: LongRunning["writes"]): Record<string, string> {
  if (style === "body") return {};
  return {
    ...retryAfter(call, operation),
    ...(style === "location"
      ? {}
      : { "Azure-AsyncOperation": addressOf(call, operation, "operationStatuses") }),
    ...(style === "resource" ? {} : { Location: addressOf(call, operation, "operationResults") }),
  };
}

/** What a PUT or PATCH answers that has begun an operation. */
export function beganWriting(
  call: ArmCall,
  operation: Operation,
  style: LongRunning["writes"],
  shown: ArmAnswer,
): ArmAnswer {
  const headers = tracking(call, operation, style);
  if (style === "resource" || style === "body")
    return { ...shown, headers: { ...shown.headers, ...headers } };
  return { status: 202, headers };
}

/** What a DELETE or POST answers that has begun an operation. */
export function began(call: ArmCall, operation: Operation): ArmAnswer {
  const group = operation.type === "Microsoft.Resources/resourceGroups";
  return { status: 202, headers: tracking(call, operation, group ? "location" : "accepted") };
}

/** Which operation a path asks for, and how. */
function askedFor(path: ResourcePath): { what: "status" | "result"; id: string } | undefined {
  const type = path.types.at(-1)?.toLowerCase();
  const id = path.names.at(-1);
  if (endsWithType(path) || id === undefined) return undefined;
  if (type === "operationstatuses") return { what: "status", id };
  if (type === "operationresults") return { what: "result", id };
  return undefined;
}

/**
 * Answers GET of an operation's status or result; undefined when the path is another.
 *
 * @param show how the finished operation's resource is shown
 * @see https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations
 */
export function answerOperation(
  call: ArmCall,
  show: (resource: StoredResource) => unknown,
): ArmAnswer | undefined {
  const asked = askedFor(call.path);
  if (!asked || call.method !== "GET") return undefined;
  const operation = call.operations.get(asked.id);
  if (!operation)
    throw resourceNotFound(call.path.id, `${call.path.namespace}/locations/operations`, asked.id);
  // Who began it may see it end, even when the deletion took the caller's own role with it.
  if (operation.startedBy !== call.caller.oid)
    requireAccess(call, `${operation.type}/read`, operation.resourceId);
  if (asked.what === "status") return status(call, operation);
  if (!operation.finished) {
    return { status: 202, headers: { ...tracking(call, operation, "location") } };
  }
  const resource =
    operation.kind === "delete" ? undefined : getResource(call.context.store, operation.resourceId);
  return { status: 200, body: resource ? show(resource) : {} };
}

function status(call: ArmCall, operation: Operation): ArmAnswer {
  return {
    status: 200,
    body: {
      id: call.path.id,
      name: operation.id,
      resourceId: operation.resourceId,
      status: operation.finished ? "Succeeded" : "InProgress",
      startTime: new Date(operation.startedAt).toISOString(),
      ...(operation.finished ? { endTime: new Date(operation.endsAt).toISOString() } : {}),
    },
    headers: operation.finished ? {} : retryAfter(call, operation),
  };
}
