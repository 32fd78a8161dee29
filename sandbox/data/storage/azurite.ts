import type { IncomingMessage, ServerResponse } from "node:http";
import { createRequire } from "node:module";
import { promisify } from "node:util";
import { invalidUri } from "./errors";

/** A request that Azurite has understood and not yet carried out. */
export interface StorageOperation {
  /** Azurite's name for it: "Blob_Download". */
  name: string;
  request: IncomingMessage;
  response: ServerResponse;
  account: string;
  /** The container or queue; undefined for requests on the account. */
  parent?: string;
  /** The blob. */
  blob?: string;
}

/** What stands around Azurite's handlers. */
export interface Gate {
  /** Throws when the operation must not happen. */
  before(operation: StorageOperation): Promise<void>;
  /** Runs when the operation was carried out and kept, before the client is told. */
  after(operation: StorageOperation): Promise<void>;
  /** Answers with an error that `before` or `after` threw. */
  fail(request: IncomingMessage, response: ServerResponse, error: Error): void;
}

type Next = (error?: unknown) => void;
type Response = ServerResponse & { locals: Record<string, unknown> };
export type Middleware = (request: IncomingMessage, response: Response, next: Next) => void;
type ErrorMiddleware = (error: unknown, request: IncomingMessage, response: Response, next: Next) => void;

export interface App {
  (request: IncomingMessage, response: ServerResponse): void;
  use(middleware: Middleware | ErrorMiddleware): App;
  disable(setting: string): App;
}

/** Azurite's own part of a request's context. */
interface OperationContext {
  operation?: number;
  account: string;
  container?: string;
  queue?: string;
  blob?: string;
}

export interface Collection {
  find(query: Record<string, unknown>): { name: string }[];
  findOne(query: Record<string, unknown>): object | null;
  findAndRemove(query: Record<string, unknown>): void;
}

/** One of Azurite's stores: a database in memory that is written to a file as a whole. */
export interface LokiStore {
  init(): Promise<void>;
  db: {
    autosaveDisable(): void;
    saveDatabase(done: (error?: Error) => void): void;
    close(done: (error?: Error) => void): void;
    getCollection(name: string): Collection;
  };
}

/** The middlewares that Azurite generates from the service's specification, to be used in this order. */
export interface GeneratedMiddlewares {
  createDispatchMiddleware(): Middleware;
  createDeserializerMiddleware(): Middleware;
  createHandlerMiddleware(handlers: object): Middleware;
  createSerializerMiddleware(): Middleware;
  createErrorMiddleware(): ErrorMiddleware;
  createEndMiddleware(): Middleware;
}

const requireFromAzurite = createRequire(require.resolve("azurite"));

/** A module of Azurite, by its path below `dist/src`. It has no types, so the caller says what it is. */
// biome-ignore lint/suspicious/noExplicitAny: what comes out of an untyped module
export const azuriteModule = (path: string): any => requireFromAzurite(`./${path}`);

/** The same web framework, in the version, that Azurite's middlewares are made for. */
const express = (): (() => App) => requireFromAzurite("express");

export interface Pipeline {
  /** Azurite's first step, which finds the account, the container and so on in the request. */
  findParts: Middleware;
  generated: GeneratedMiddlewares;
  /** Further checks before the operation is looked at. */
  checks: Middleware[];
  handlers: object;
  /** Names of the operations by number. */
  operations: Record<number, string>;
  /** Where in `response.locals` Azurite keeps its context. */
  contextPath: string;
  /** Whether an operation changes what is stored. */
  changes(operation: StorageOperation): boolean;
  /** Writes what changed to disk. */
  flush(): Promise<void>;
  gate: Gate;
}

/**
 * Azurite's own way of handling a request, with the gate in the place of its authentication: what the gate sees
 * is the operation that will be carried out, not a guess from the request's path.
 */
export function createAzuriteApp({ gate, ...pipeline }: Pipeline): App {
  const operationOf = (request: IncomingMessage, response: Response): StorageOperation => {
    const context = response.locals[pipeline.contextPath] as OperationContext;
    const name = pipeline.operations[context.operation ?? -1] ?? "unknown";
    // A request on the account may all the same have a queue's name in its path; it must not be taken for one on it.
    const parent = name.startsWith("Service_") ? undefined : (context.container ?? context.queue);
    return {
      name,
      request,
      response,
      account: context.account,
      ...(parent ? { parent } : {}),
      ...(parent && context.blob ? { blob: context.blob } : {}),
    };
  };
  const step =
    (work: (operation: StorageOperation) => Promise<void>): Middleware =>
    (request, response, next) => {
      work(operationOf(request, response)).then(
        () => next(),
        (error: Error) => gate.fail(request, response, error),
      );
    };

  const app = express()().disable("x-powered-by");
  app.use(pipeline.findParts);
  app.use(pipeline.generated.createDispatchMiddleware());
  for (const check of pipeline.checks) app.use(check);
  app.use(step(gate.before));
  app.use(pipeline.generated.createDeserializerMiddleware());
  app.use(pipeline.generated.createHandlerMiddleware(pipeline.handlers));
  app.use(
    step(async (operation) => {
      if (pipeline.changes(operation)) await pipeline.flush();
      await gate.after(operation);
    }),
  );
  app.use(pipeline.generated.createSerializerMiddleware());
  app.use(((error: unknown, request, response, next) => {
    if (error instanceof URIError) gate.fail(request, response, invalidUri());
    else next(error);
  }) satisfies ErrorMiddleware);
  app.use(pipeline.generated.createErrorMiddleware());
  app.use(pipeline.generated.createEndMiddleware());
  return app;
}

/**
 * Opens Azurite's stores for saving on demand: Azurite itself writes them every few seconds, and a process that is
 * killed in between would lose what it had acknowledged. Saves that come while one is running are joined.
 *
 * @returns a function that writes them all, in the given order
 */
export async function openStores(stores: readonly LokiStore[]): Promise<() => Promise<void>> {
  for (const store of stores) {
    await store.init();
    store.db.autosaveDisable();
  }
  const saves = stores.map(({ db }) => promisify(db.saveDatabase.bind(db)));
  return async () => {
    for (const save of saves) await save();
  };
}
