import { setTimeout as sleep } from "node:timers/promises";
import { request } from "undici";
import type { PlainObject } from "../values";
import type { ClusterConnection } from "./cluster-connection";

/** What the API server refused, in its own words. */
export class KubernetesError extends Error {
  constructor(
    readonly status: number,
    /** "NotFound", "Conflict", "Invalid" … */
    readonly reason: string,
    message: string,
  ) {
    super(message);
    this.name = "KubernetesError";
  }
}

/** The cluster did not answer at all. */
class ClusterUnreachable extends Error {
  constructor(server: string, cause: Error) {
    super(`The Kubernetes cluster at ${server} is unreachable: ${cause.message}`, { cause });
    this.name = "ClusterUnreachable";
  }
}

/** An object on the cluster, as the API names it. */
export interface ObjectAddress {
  apiVersion: string;
  kind: string;
  namespace?: string | undefined;
  name: string;
}

/** What requests need of a kind. */
export interface ServedKind {
  plural: string;
  namespaced: boolean;
}

export interface ApiClient {
  readonly server: string;
  /** How the cluster serves a kind. @throws Error when it does not */
  kind(apiVersion: string, kind: string): Promise<ServedKind>;
  /** Undefined when the object is not there. */
  get(address: ObjectAddress): Promise<PlainObject | undefined>;
  list(apiVersion: string, kind: string, namespace: string, labelSelector: string): Promise<PlainObject[]>;
  /** Server-side apply: creates or changes the object. */
  apply(
    address: ObjectAddress,
    body: PlainObject,
    options: { fieldManager: string; force: boolean },
  ): Promise<PlainObject>;
  /** False when the object is not there. */
  delete(address: ObjectAddress): Promise<boolean>;
}

/** Delays are in milliseconds. */
const attempts = 10;
const firstDelay = 100;
const longestDelay = 5000;

const worthRetrying = new Set([429, 500, 502, 503, 504]);

/** Failures of a connection after which a request may be sent again: every request here can be repeated. */
const passing = new Set(["ECONNRESET", "ECONNREFUSED", "EPIPE", "ETIMEDOUT", "UND_ERR_SOCKET"]);

interface Request {
  method: "GET" | "PATCH" | "DELETE";
  path: string;
  body?: PlainObject;
  contentType?: string;
}

export function createApiClient(connection: ClusterConnection, signal: AbortSignal): ApiClient {
  const { server } = connection;
  const discovered = new Map<string, Promise<Map<string, ServedKind>>>();

  async function once({ method, path, body, contentType }: Request, refresh: boolean) {
    const authorization = await connection.authorization(refresh);
    const answer = await request(server + path, {
      method,
      dispatcher: connection.dispatcher,
      signal,
      headers: {
        accept: "application/json",
        "user-agent": "pulumi-kubernetes",
        ...(authorization !== undefined && { authorization }),
        ...(body && { "content-type": contentType ?? "application/json" }),
      },
      body: body ? JSON.stringify(body) : null,
    });
    const text = await answer.body.text();
    return {
      status: answer.statusCode,
      retryAfter: Number(answer.headers["retry-after"]),
      body: parse(text),
    };
  }

  /** @throws KubernetesError, ClusterUnreachable */
  async function send(message: Request): Promise<PlainObject> {
    let refresh = false;
    for (let attempt = 1; ; attempt += 1) {
      const last = attempt === attempts;
      const answer = await once(message, refresh).catch((error: Error & { code?: string }) => {
        signal.throwIfAborted();
        if (last || !isPassing(error)) throw unreachable(error);
        return undefined;
      });
      if (answer && answer.status < 400) return answer.body;
      // A token may have run out on the way: once is worth another.
      if (answer?.status === 401 && !refresh) {
        refresh = true;
        continue;
      }
      if (answer && (last || !worthRetrying.has(answer.status))) throw failure(answer.status, answer.body);
      const planned = Math.min(firstDelay * 2 ** (attempt - 1), longestDelay) * (0.5 + Math.random() / 2);
      await sleep(
        answer?.retryAfter ? Math.min(answer.retryAfter * 1000, longestDelay) : planned,
        undefined,
        { signal },
      );
    }
  }

  const unreachable = (error: Error) => new ClusterUnreachable(server, error);

  const root = (apiVersion: string) =>
    apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;

  async function discover(apiVersion: string): Promise<Map<string, ServedKind>> {
    const list = await send({ method: "GET", path: root(apiVersion) });
    const resources = (list.resources ?? []) as { name: string; kind: string; namespaced: boolean }[];
    return new Map(
      resources
        .filter(({ name }) => !name.includes("/"))
        .map(({ name, kind, namespaced }) => [kind, { plural: name, namespaced }]),
    );
  }

  async function served(apiVersion: string, kind: string): Promise<ServedKind> {
    const known = (await discovered.get(apiVersion)?.catch(() => undefined))?.get(kind);
    if (known) return known;
    // Not there yet, or not there the last time: a CustomResourceDefinition may have come since.
    const looking = discovered.get(`${apiVersion} now`) ?? discover(apiVersion);
    discovered.set(`${apiVersion} now`, looking);
    const kinds = await looking
      .catch((error: Error) => {
        if (error instanceof KubernetesError && error.status === 404) return new Map<string, ServedKind>();
        throw error;
      })
      .finally(() => discovered.delete(`${apiVersion} now`));
    discovered.set(apiVersion, Promise.resolve(kinds));
    const found = kinds.get(kind);
    if (!found) throw new Error(`The cluster serves no ${apiVersion} ${kind}: is its definition missing?`);
    return found;
  }

  async function pathOf({ apiVersion, kind, namespace: within, name }: ObjectAddress): Promise<string> {
    const { plural, namespaced } = await served(apiVersion, kind);
    const scope = namespaced ? `/namespaces/${encodeURIComponent(within ?? "default")}` : "";
    return `${root(apiVersion)}${scope}/${plural}/${encodeURIComponent(name)}`;
  }

  const orMissing = (error: Error): undefined => {
    if (error instanceof KubernetesError && error.status === 404) return undefined;
    throw error;
  };

  return {
    server,
    kind: served,
    get: async (address) => send({ method: "GET", path: await pathOf(address) }).catch(orMissing),
    list: async (apiVersion, kind, within, labelSelector) => {
      const { plural } = await served(apiVersion, kind);
      const query = new URLSearchParams({ labelSelector });
      const path = `${root(apiVersion)}/namespaces/${encodeURIComponent(within)}/${plural}?${query}`;
      return ((await send({ method: "GET", path })).items ?? []) as PlainObject[];
    },
    apply: async (address, body, { fieldManager, force }) => {
      const query = new URLSearchParams({ fieldManager, ...(force && { force: "true" }) });
      const path = `${await pathOf(address)}?${query}`;
      return send({ method: "PATCH", path, body, contentType: "application/apply-patch+yaml" });
    },
    delete: async (address) => {
      const body = { propagationPolicy: "Background" };
      const done = await send({ method: "DELETE", path: await pathOf(address), body }).catch(orMissing);
      return done !== undefined;
    },
  };
}

function parse(text: string): PlainObject {
  try {
    return JSON.parse(text) as PlainObject;
  } catch {
    return {};
  }
}

function failure(status: number, body: PlainObject): KubernetesError {
  const { reason, message } = body;
  return new KubernetesError(
    status,
    typeof reason === "string" ? reason : "",
    typeof message === "string" ? message : `the API server answered ${status}`,
  );
}

function isPassing(error: unknown): boolean {
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  if (typeof code === "string" && passing.has(code)) return true;
  return cause instanceof Error && isPassing(cause);
}
