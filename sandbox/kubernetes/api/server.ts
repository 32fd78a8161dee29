import type { IncomingMessage, ServerResponse } from "node:http";
import { authenticate, type User } from "../authentication";
import { authorize } from "../authorization";
import type { Clusters } from "../cluster";
import type { DeleteOptions } from "../deletion";
import { reviewKinds } from "../kinds";
import { recordAt, type StoredObject } from "../object";
import type { ClusterRuntime, Runtimes } from "../runtime";
import { requestToken } from "../service-account-tokens";
import { ApiError, methodNotAllowed, notImplemented, unknownPath } from "../status";
import { discoveryDocument } from "./discovery";
import { type Body, bodyOf, hostOf, parseBody, parseRecord, sendError, sendJson, sendText } from "./http";
import { find, listOf, watch } from "./read";
import { answerReview } from "./reviews";
import { tableOf, wantsTable } from "./table";
import { type Target, targetOf } from "./target";
import {
  allows,
  create,
  patch,
  remove,
  removeCollection,
  replace,
  scaleOf,
  type WriteRequest,
  type Written,
} from "./write";

/** A request to a cluster's API, once it is known who sends it. */
interface Call {
  runtime: ClusterRuntime;
  user: User;
  request: IncomingMessage;
  response: ServerResponse;
  url: URL;
  target: Target;
}

/** Answers one request to the API server of whichever cluster has the host's name. */
export async function serveApi(
  clusters: Clusters,
  runtimeOf: Runtimes["of"],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const cluster = clusters.byHost(hostOf(request));
    if (!cluster) throw new ApiError(404, "NotFound", `there is no cluster at ${hostOf(request)}`);
    const runtime = runtimeOf(cluster);
    const user = await authenticate(runtime, request);
    const url = parseUrl(request);
    if (/^\/(healthz|livez|readyz)$/.test(url.pathname)) return sendText(response, 200, "ok");
    const document = discoveryDocument(runtime, url.pathname, request.headers.accept ?? "");
    if (document) return sendJson(response, 200, document.body, document.type);
    if (/^\/(api|apis)\//.test(url.pathname)) {
      await serveResource({ runtime, user, request, response, url, target: targetOf(runtime, url.pathname) });
      return;
    }
    throw notImplemented(`${request.method} ${url.pathname}`);
  } catch (error) {
    sendError(response, error);
  }
}

function parseUrl(request: IncomingMessage): URL {
  try {
    return new URL(request.url ?? "/", "https://kubernetes");
  } catch {
    throw unknownPath();
  }
}

async function serveResource(call: Call): Promise<void> {
  const { runtime, user, request, response, url, target } = call;
  const { kind, subresource } = target;
  const verb = verbOf(request.method ?? "GET", target, url.searchParams);
  if (reviewKinds.includes(kind)) {
    if (verb !== "create") throw methodNotAllowed();
    const review = parseRecord(await bodyOf(request));
    return sendJson(response, 201, answerReview(runtime, user, kind.kind, review));
  }
  authorize(runtime, user, { verb, kind, subresource, namespace: target.namespace, name: target.name });
  if (subresource !== undefined && !kind.subresources.includes(subresource)) {
    throw notImplemented(`${request.method} ${url.pathname}`);
  }
  if (!allows(kind, verb)) throw methodNotAllowed();
  if (verb === "get" || verb === "list" || verb === "watch") return serveRead(call, verb);
  const { code, body } = await serveWrite(call, verb);
  sendJson(response, code, body);
}

function verbOf(method: string, target: Target, query: URLSearchParams): string {
  const single = target.name !== undefined;
  const watching = ["1", "true"].includes(query.get("watch") ?? "");
  switch (method) {
    case "GET":
    case "HEAD":
      return single ? "get" : watching ? "watch" : "list";
    case "POST":
      return "create";
    case "PUT":
      return "update";
    case "PATCH":
      return "patch";
    case "DELETE":
      return single ? "delete" : "deletecollection";
    default:
      throw methodNotAllowed();
  }
}

function serveRead({ runtime, request, response, url, target }: Call, verb: "get" | "list" | "watch"): void {
  const now = runtime.context.clock.now();
  const table = wantsTable(request.headers.accept ?? "");
  const { kind } = target;
  const presented = (object: StoredObject) =>
    table ? tableOf(kind, [object], { resourceVersion: object.metadata.resourceVersion }, now) : object;
  if (verb === "watch") {
    watch(runtime, target, url.searchParams, response, presented);
  } else if (verb === "get") {
    if (target.subresource === "token" || target.subresource === "eviction") throw methodNotAllowed();
    const object = find(runtime, target);
    sendJson(response, 200, target.subresource === "scale" ? scaleOf(object) : presented(object));
  } else {
    const list = listOf(runtime, target, url.searchParams);
    sendJson(response, 200, table ? tableOf(kind, list.items, list.metadata, now) : list);
  }
}

async function serveWrite(call: Call, verb: string): Promise<Written> {
  const { runtime, request, url, target } = call;
  const write: WriteRequest = {
    runtime,
    target,
    query: url.searchParams,
    userAgent: request.headers["user-agent"] ?? "",
  };
  const body = await bodyOf(request);
  switch (verb) {
    case "create":
      return target.subresource === undefined && target.name === undefined
        ? create(write, parseBody(body))
        : createSubresource(call, write, body);
    case "update":
      if (target.name === undefined) throw methodNotAllowed();
      return replace(write, parseBody(body));
    case "patch":
      if (target.name === undefined) throw methodNotAllowed();
      return patch(write, body);
    case "delete":
      return remove(write, deleteOptions(body, url.searchParams));
    default:
      return removeCollection(write, deleteOptions(body, url.searchParams));
  }
}

async function createSubresource(
  { runtime, target }: Call,
  write: WriteRequest,
  body: Body,
): Promise<Written> {
  if (target.subresource === "token") {
    const answer = await requestToken(runtime, find(runtime, target), parseRecord(body));
    return { code: 201, body: answer };
  }
  if (target.subresource !== "eviction") throw methodNotAllowed();
  remove(write, recordAt(parseRecord(body), "deleteOptions") as DeleteOptions);
  return { code: 201, body: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success" } };
}

/** Options come in the body or in the query. */
function deleteOptions(body: Body, query: URLSearchParams): DeleteOptions {
  const given = body.bytes.length === 0 ? {} : parseRecord(body);
  const policy = (given.propagationPolicy ??
    query.get("propagationPolicy")) as DeleteOptions["propagationPolicy"];
  const preconditions = recordAt(given, "preconditions") as NonNullable<DeleteOptions["preconditions"]>;
  return { preconditions, ...(policy && { propagationPolicy: policy }) };
}
