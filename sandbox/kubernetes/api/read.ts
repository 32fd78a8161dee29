import type { ServerResponse } from "node:http";
import { apiVersionOf } from "../kinds";
import type { StoredObject } from "../object";
import type { ClusterRuntime } from "../runtime";
import { fieldSelector, labelSelector } from "../selectors";
import { ApiError, badRequest, notFound } from "../status";
import type { Target } from "./target";

/** The object of a target that names one. @throws ApiError 404 */
export function find(runtime: ClusterRuntime, { kind, namespace, name = "" }: Target): StoredObject {
  const object = runtime.objects.get(kind, kind.namespaced ? namespace : undefined, name);
  if (!object) throw notFound(kind, name);
  return object;
}

/** Those of a collection that the query selects. */
export function selected(runtime: ClusterRuntime, target: Target, query: URLSearchParams): StoredObject[] {
  const matches = matcher(query);
  return runtime.objects.list(target.kind, target.namespace).filter(matches);
}

function matcher(query: URLSearchParams): (object: StoredObject) => boolean {
  const labels = labelSelector(query.get("labelSelector") ?? "");
  const fields = fieldSelector(query.get("fieldSelector") ?? "");
  return (object) => labels(object) && fields(object);
}

/** A page of a collection. @throws ApiError 400 for a continue token that is none */
export function listOf(runtime: ClusterRuntime, target: Target, query: URLSearchParams) {
  const all = selected(runtime, target, query);
  const start = offset(query.get("continue"));
  const limit = Number(query.get("limit")) || all.length;
  const items = all.slice(start, start + limit);
  const remaining = all.length - start - items.length;
  return {
    kind: `${target.kind.kind}List`,
    apiVersion: apiVersionOf(target.kind),
    metadata: {
      resourceVersion: String(runtime.objects.revision),
      ...(remaining > 0 && {
        continue: Buffer.from(String(start + items.length)).toString("base64url"),
        remainingItemCount: remaining,
      }),
    },
    items,
  };
}

function offset(token: string | null): number {
  if (!token) return 0;
  const start = Number(Buffer.from(token, "base64url").toString());
  if (!Number.isInteger(start) || start < 0) throw badRequest("continue key is not valid");
  return start;
}

/**
 * Streams what happens to a collection, until the client or `timeoutSeconds` ends it.
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 */
export function watch(
  runtime: ClusterRuntime,
  target: Target,
  query: URLSearchParams,
  response: ServerResponse,
  present: (object: StoredObject) => unknown,
): void {
  const { objects } = runtime;
  const { kind, namespace } = target;
  const matches = matcher(query);
  const seen = new Set<string>();
  response.writeHead(200, { "content-type": "application/json", "cache-control": "no-cache, private" });
  response.flushHeaders();
  const send = (type: string, object: unknown) => response.write(`${JSON.stringify({ type, object })}\n`);

  const tell = (type: string, object: StoredObject) => {
    const known = seen.has(object.metadata.uid);
    if (type !== "DELETED" && matches(object)) {
      seen.add(object.metadata.uid);
      send(type, present(object));
    } else if (known || (type === "DELETED" && matches(object))) {
      seen.delete(object.metadata.uid);
      send("DELETED", present(object));
    }
  };

  const since = query.get("resourceVersion") ?? "";
  const initial = since === "" || since === "0" || query.get("sendInitialEvents") === "true";
  if (initial) {
    for (const object of objects.list(kind, namespace)) tell("ADDED", object);
    if (query.get("sendInitialEvents") === "true") send("BOOKMARK", bookmark(runtime, target));
  } else {
    const missed = objects.changesSince(Number(since));
    if (!missed) {
      const gone = new ApiError(410, "Expired", `too old resource version: ${since} (${objects.revision})`);
      send("ERROR", gone.toStatus());
      response.end();
      return;
    }
    // Those that stood in the client's list are known to it: they may leave what it selects.
    for (const object of objects.list(kind, namespace)) if (matches(object)) seen.add(object.metadata.uid);
    for (const change of missed) if (concerns(change.kind, change.object)) tell(change.type, change.object);
  }
  const unsubscribe = objects.subscribe((change) => {
    if (concerns(change.kind, change.object)) tell(change.type, change.object);
  });
  const timeout = Number(query.get("timeoutSeconds"));
  const timer = timeout > 0 ? setTimeout(() => response.end(), timeout * 1000) : undefined;
  response.on("close", () => {
    clearTimeout(timer);
    unsubscribe();
  });

  function concerns(of: Target["kind"], object: StoredObject): boolean {
    return (
      of.group === kind.group &&
      of.plural === kind.plural &&
      (namespace === undefined || object.metadata.namespace === namespace || !kind.namespaced)
    );
  }
}

const bookmark = (runtime: ClusterRuntime, { kind }: Target) => ({
  kind: kind.kind,
  apiVersion: apiVersionOf(kind),
  metadata: {
    resourceVersion: String(runtime.objects.revision),
    creationTimestamp: null,
    annotations: { "k8s.io/initial-events-end": "true" },
  },
});
