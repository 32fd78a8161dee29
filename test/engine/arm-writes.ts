import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { IncomingMessage, ServerResponse } from "node:http";
import { performance } from "node:perf_hooks";

/** A PUT, PATCH or DELETE that a server of the sandbox answered, as it saw it. */
export interface ArmWrite {
  method: string;
  /** "management.azure.com" */
  host: string;
  /** Without the query, in lower case, as Azure Resource Manager compares it. */
  path: string;
  status: number;
  /** In milliseconds, from some point on. */
  begin: number;
  end: number;
}

/**
 * Records what the sandboxes of this process are asked to write, until it is stopped.
 *
 * @param hosts to which servers. @default Azure Resource Manager
 */
export function recordArmWrites(hosts = /^management\.azure\.com$/): { writes: ArmWrite[]; stop(): void } {
  const writes: ArmWrite[] = [];
  const listen = (message: unknown) => {
    const { request, response } = message as { request: IncomingMessage; response: ServerResponse };
    const { method = "" } = request;
    const [host = ""] = request.headers.host?.split(":") ?? [];
    if (!hosts.test(host) || !["PUT", "PATCH", "DELETE"].includes(method)) return;
    const path = request.url!.split("?")[0]!.toLowerCase();
    const begin = performance.now();
    response.once("close", () => {
      writes.push({ method, host, path, status: response.statusCode, begin, end: performance.now() });
    });
  };
  subscribe("http.server.request.start", listen);
  return { writes, stop: () => unsubscribe("http.server.request.start", listen) };
}

/** How many of them were under way at the same time, at most. */
export function mostAtOnce(writes: readonly ArmWrite[]): number {
  const changes = writes.flatMap(({ begin, end }) => [
    { at: begin, by: 1 },
    { at: end, by: -1 },
  ]);
  // One that ends when another begins is not under way at the same time.
  changes.sort((a, b) => a.at - b.at || a.by - b.by);
  let now = 0;
  return changes.reduce((most, { by }) => {
    now += by;
    return Math.max(most, now);
  }, 0);
}
