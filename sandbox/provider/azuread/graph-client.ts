import type { AzureClient } from "../azure-native/azure-client";
import { type AzureResponse, azureErrorOf, UncertainError } from "../azure-native/azure-request";
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
  /**
   * Makes an object of which there may be several alike, once: when it is not known whether that succeeded, it is
   * looked for among those of the filter.
   */
  create(path: string, body: PlainObject, filter: string): Promise<PlainObject>;
  patch(path: string, body: PlainObject): Promise<void>;
  /** Succeeds too when there is none. */
  delete(path: string): Promise<void>;
  /** Runs `work` when no other work on `path` is under way: what is read first and then written is written whole. */
  alone<T>(path: string, work: () => Promise<T>): Promise<T>;
}

/** How often an object is made that was not there after it had been made. */
const creationAttempts = 5;

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
    makesAnother = false,
  ): Promise<AzureResponse> {
    const url = `${endpoint}${path}`;
    const request = { method, url, scope, makesAnother, ...(body === undefined ? {} : { body }) };
    return await client.send(request, signal);
  }
  const succeed = async (response: Promise<AzureResponse>): Promise<PlainObject> => {
    const { status, body } = await response;
    if (status >= 400) throw failureOf(await response);
    return isObject(body) ? body : {};
  };

  async function list(path: string, filter?: string): Promise<PlainObject[]> {
    const query = filter === undefined ? "" : `?${new URLSearchParams({ $filter: filter })}`;
    const { value } = await succeed(send("GET", `${path}${query}`));
    return Array.isArray(value) ? value.filter(isObject) : [];
  }

  async function create(path: string, body: PlainObject, filter: string): Promise<PlainObject> {
    const others = new Set((await list(path, filter)).map(({ id }) => id));
    for (let attempt = 1; ; attempt++) {
      try {
        return await succeed(send("POST", path, body, true));
      } catch (error) {
        if (!(error instanceof UncertainError)) throw error;
        const made = (await list(path, filter)).find(({ id }) => !others.has(id!));
        if (made) return made;
        if (attempt === creationAttempts) throw error;
      }
    }
  }

  async function alone<T>(path: string, work: () => Promise<T>): Promise<T> {
    const before = queues.get(path);
    const turn = (before ?? Promise.resolve()).then(work, work);
    queues.set(path, turn);
    try {
      return await turn;
    } finally {
      if (queues.get(path) === turn) queues.delete(path);
    }
  }

  return {
    async get(path) {
      const response = await send("GET", path);
      return response.status === 404 ? undefined : await succeed(Promise.resolve(response));
    },
    list,
    post: (path, body) => succeed(send("POST", path, body)),
    create: (path, body, filter) => alone(`${path}?${filter}`, () => create(path, body, filter)),
    async patch(path, body) {
      await succeed(send("PATCH", path, body));
    },
    async delete(path) {
      const response = await send("DELETE", path);
      if (response.status >= 400 && response.status !== 404) throw failureOf(response);
    },
    alone,
  };
}
