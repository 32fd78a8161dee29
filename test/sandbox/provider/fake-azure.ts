import { mkdtempSync, rmSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openCertificates } from "../../../sandbox/core/certificates";
import { createClock } from "../../../sandbox/core/clock";
import { createDispatcher } from "../../../sandbox/core/dispatcher";
import { createFaults } from "../../../sandbox/core/faults";
import { listen } from "../../../sandbox/core/listener";
import { readBody } from "../../../sandbox/core/request-body";
import type { PlainObject } from "../../../sandbox/provider/values";

export interface RecordedRequest {
  method: string;
  host: string;
  path: string;
  query: Record<string, string>;
  token: string;
  body: PlainObject | undefined;
}

/** One answer; "reset" drops the connection, before or after the resource was stored. */
export type Answer =
  | { status: number; headers?: Record<string, string>; body?: PlainObject }
  | "resetBefore"
  | "resetAfter";

/**
 * An ARM that stores whatever is put into it, on real TLS behind a real proxy, and answers as it is told to.
 * For what the sandbox's own ARM would not do on demand.
 */
export interface FakeAzure {
  readonly proxyUrl: string;
  readonly caCertificate: string;
  readonly requests: RecordedRequest[];
  readonly resources: Map<string, PlainObject>;
  /** Answers for the next requests of a method to a path, in order; then the usual ones. */
  script(method: string, path: string, ...answers: Answer[]): void;
  close(): Promise<void>;
}

export async function startFakeAzure(): Promise<FakeAzure> {
  const directory = mkdtempSync(join(tmpdir(), "keyless-fake-azure-"));
  const certificates = await openCertificates(directory);
  const requests: RecordedRequest[] = [];
  const resources = new Map<string, PlainObject>();
  const scripts = new Map<string, Answer[]>();

  const usual = (method: string, path: string, body: PlainObject | undefined): Exclude<Answer, string> => {
    const known = resources.get(path.toLowerCase());
    if (method === "PUT") {
      const resource = { ...body, id: path, name: path.split("/").at(-1)!, type: "Fake/type" };
      resources.set(path.toLowerCase(), resource);
      return { status: known === undefined ? 201 : 200, body: resource };
    }
    if (method === "DELETE") return { status: resources.delete(path.toLowerCase()) ? 200 : 204 };
    if (known === undefined) {
      return { status: 404, body: { error: { code: "ResourceNotFound", message: "Not found." } } };
    }
    return { status: 200, body: known };
  };

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", `https://${request.headers.host}`);
    const text = (await readBody(request, 1_000_000)).toString();
    const method = request.method ?? "GET";
    const body = text === "" ? undefined : (JSON.parse(text) as PlainObject);
    requests.push({
      method,
      host: url.hostname,
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      token: (request.headers.authorization ?? "").replace("Bearer ", ""),
      body,
    });
    const scripted = scripts.get(`${method} ${url.pathname}`)?.shift();
    if (scripted === "resetBefore") return void request.socket.destroy();
    const answer =
      scripted === "resetAfter" || scripted === undefined ? usual(method, url.pathname, body) : scripted;
    if (scripted === "resetAfter") return void request.socket.destroy();
    response.writeHead(answer.status, { "content-type": "application/json", ...answer.headers });
    response.end(answer.body === undefined ? "" : JSON.stringify(answer.body));
  }

  const service = { name: "Fake Azure", serves: () => true, handle };
  const listener = await listen({
    host: "127.0.0.1",
    port: 0,
    certificates,
    dispatcher: createDispatcher([service], createFaults(createClock())),
    tcpServices: [],
    local: service,
  });
  return {
    proxyUrl: `http://127.0.0.1:${listener.port}`,
    caCertificate: certificates.authorityPem,
    requests,
    resources,
    script: (method, path, ...answers) => scripts.set(`${method} ${path}`, answers),
    close: async () => {
      await listener.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
