import type { AzureClient } from "../azure-native/azure-client";
import { type AzureResponse, azureErrorOf } from "../azure-native/azure-request";
import type { PlainObject } from "../values";

const endpoint = "https://graph.microsoft.com/v1.0";
const scope = "https://graph.microsoft.com/.default";

/** Microsoft Graph refused, in the words in which the azuread provider reports it. */
export class GraphRequestError extends Error {
  constructor(
    readonly status: number,
    /** Graph's code: "Request_BadRequest". */
    readonly code: string,
    message: string,
  ) {
    super(`unexpected status ${status} with OData error: ${code}: ${message}`);
    this.name = "GraphRequestError";
  }
}

/** Paths begin at the version: `/applications/{id}`. All of them throw GraphRequestError. */
export interface GraphClient {
  /** Undefined when there is none. */
  get(path: string): Promise<PlainObject | undefined>;
  /** The first page of a list. */
  list(path: string, filter?: string): Promise<PlainObject[]>;
  post(path: string, body: PlainObject): Promise<PlainObject>;
  patch(path: string, body: PlainObject): Promise<void>;
  /** Succeeds too when there is none. */
  delete(path: string): Promise<void>;
  /** Runs `work` when no other work on `path` is under way: what is read first and then written is written whole. */
  alone<T>(path: string, work: () => Promise<T>): Promise<T>;
}

/** Who is at work on what; shared by all clients of a provider. */
export type Queues = Map<string, Promise<unknown>>;

const isObject = (value: unknown): value is PlainObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function failureOf(response: AzureResponse): GraphRequestError {
  const { error } = (response.body ?? {}) as { error?: { message?: unknown } };
  const message = typeof error?.message === "string" ? error.message : "The answer has no message.";
  return new GraphRequestError(response.status, azureErrorOf(response).code, message);
}

export function createGraphClient(client: AzureClient, queues: Queues, signal: AbortSignal): GraphClient {
  async function send(
    method: "GET" | "POST" | "PATCH" | "DELETE",
    path: string,
    body?: PlainObject,
  ): Promise<AzureResponse> {
    const request = { method, url: `${endpoint}${path}`, scope, ...(body === undefined ? {} : { body }) };
    return await client.send(request, signal);
  }
  const succeed = async (response: Promise<AzureResponse>): Promise<PlainObject> => {
    const { status, body } = await response;
    if (status >= 400) throw failureOf(await response);
    return isObject(body) ? body : {};
  };

  return {
    async get(path) {
      const response = await send("GET", path);
      return response.status === 404 ? undefined : await succeed(Promise.resolve(response));
    },
    async list(path, filter) {
      const query = filter === undefined ? "" : `?${new URLSearchParams({ $filter: filter })}`;
      const { value } = await succeed(send("GET", `${path}${query}`));
      return Array.isArray(value) ? value.filter(isObject) : [];
    },
    post: (path, body) => succeed(send("POST", path, body)),
    async patch(path, body) {
      await succeed(send("PATCH", path, body));
    },
    async delete(path) {
      const response = await send("DELETE", path);
      if (response.status >= 400 && response.status !== 404) throw failureOf(response);
    },
    async alone(path, work) {
      const before = queues.get(path);
      const turn = (before ?? Promise.resolve()).then(work, work);
      queues.set(path, turn);
      try {
        return await turn;
      } finally {
        if (queues.get(path) === turn) queues.delete(path);
      }
    },
  };
}
