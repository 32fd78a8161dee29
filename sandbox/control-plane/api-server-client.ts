import { Agent, request } from "undici";
import type { StoredObject } from "../kubernetes/object";
import { ApiError } from "../kubernetes/status";
import type { KeyPair } from "./authority";

/** What happened to an object, as a watch tells. */
export interface WatchEvent {
  type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  object: StoredObject;
}

/** The sandbox as a client of an API server. */
export interface ApiServerClient {
  /** @throws ApiError when the API server refuses */
  call(method: Method, path: string, body?: object, type?: string): Promise<Record<string, unknown>>;
  /** Undefined where there is nothing. @throws ApiError for other refusals */
  callIfThere(
    method: Method,
    path: string,
    body?: object,
    type?: string,
  ): Promise<Record<string, unknown> | undefined>;
  /** Follows a collection until the API server ends the stream, as it does every few minutes. */
  watch(path: string, resourceVersion: string, signal: AbortSignal): AsyncIterable<WatchEvent>;
  close(): Promise<void>;
}

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export const mergePatch = "application/merge-patch+json";
export const applyPatch = "application/apply-patch+yaml";

/** @param server `https://127.0.0.1:port` */
export function createApiServerClient(server: string, pair: KeyPair, authority: string): ApiServerClient {
  const dispatcher = new Agent({
    connect: { ca: authority, key: pair.key, cert: pair.certificate },
    // A watch says nothing while nothing happens.
    bodyTimeout: 0,
  });
  const call: ApiServerClient["call"] = async (method, path, body, type = "application/json") => {
    const answer = await request(server + path, {
      method,
      dispatcher,
      headers: {
        accept: "application/json, */*",
        "user-agent": "aks-sandbox",
        ...(body && { "content-type": type }),
      },
      body: body ? JSON.stringify(body) : null,
    });
    const text = await answer.body.text();
    if (answer.statusCode < 400) return parse(text);
    const { reason, message } = parse(text);
    throw new ApiError(answer.statusCode, String(reason ?? ""), String(message ?? text.slice(0, 200)));
  };
  return {
    call,
    callIfThere: (...args) =>
      call(...args).catch((error: unknown) => {
        if (error instanceof ApiError && error.code === 404) return undefined;
        throw error;
      }),
    async *watch(path, resourceVersion, signal) {
      const query = new URLSearchParams({ watch: "true", resourceVersion, allowWatchBookmarks: "true" });
      const answer = await request(`${server}${path}?${query}`, { dispatcher, signal });
      if (answer.statusCode >= 400) {
        await answer.body.dump();
        throw new ApiError(answer.statusCode, "", `the watch of ${path} was refused`);
      }
      let rest = "";
      answer.body.setEncoding("utf8");
      for await (const chunk of answer.body) {
        const lines = (rest + chunk).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) yield JSON.parse(line) as WatchEvent;
      }
    },
    close: () => dispatcher.destroy(),
  };
}

/** `/readyz` and their like answer in plain text. */
function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return { message: text.slice(0, 500) };
  }
}
