import { join } from "node:path";
import { findByGlobalName } from "../../arm/resource-index";
import type { SandboxContext } from "../../core/context";
import type { Service } from "../../core/service";
import { requestHost } from "../request";
import { type StorageAccount, storageAccountOf } from "./account";
import { authenticate } from "./authenticate";
import type { App, Gate, StorageOperation } from "./azurite";
import { type ChildEngine, type ChildKind, type Children, createChildren } from "./children";
import { accountNotFound, StorageError, sendStorageError } from "./errors";

/** What blobs and queues differ in. */
export interface StorageServiceArgs<Engine extends { handle: App }> {
  /** "Blob Storage" */
  name: string;
  /** The second part of the host name: "blob". */
  endpoint: string;
  kind: ChildKind;
  /** Azurite's names of the operations that make and delete a container or queue. */
  creates: string;
  deletes: string;
  /** Called on the first request, so that a sandbox whose storage nobody uses starts without Azurite. */
  openEngine(directory: string, gate: Gate): Promise<Engine>;
  children(engine: Engine): ChildEngine;
  /** Throws unless the caller may do this. */
  authorize(operation: StorageOperation, account: StorageAccount, principalId: string, engine: Engine): void;
}

/**
 * One of a storage account's services: Azurite does what is asked, after Azure's rules of who may ask. An account
 * that does not exist has no host name in Azure; here its name is answered with 404.
 */
export function createStorageService<Engine extends { handle: App }>(
  context: SandboxContext,
  args: StorageServiceArgs<Engine>,
): Service {
  const hostPattern = new RegExp(`^([a-z0-9]{3,24})\\.${args.endpoint}\\.core\\.windows\\.net$`);
  let opening: Promise<{ engine: Engine; children: Children }> | undefined;

  const accountAt = (host: string): StorageAccount => {
    const name = hostPattern.exec(host)?.[1] ?? "";
    const resource = findByGlobalName(context.store, "Microsoft.Storage/storageAccounts", name);
    if (!resource) throw accountNotFound(host);
    return storageAccountOf(resource);
  };

  const gate: Gate = {
    before: async (operation) => {
      const { request, response, name, parent = "" } = operation;
      const { engine, children } = await open();
      const host = requestHost(request);
      const account = accountAt(host);
      const { oid } = await authenticate(context, request, account, host);
      args.authorize(operation, account, oid, engine);
      await children.reconcile(account);
      if (name === args.creates || name === args.deletes)
        response.once("close", children.hold(account, parent));
    },
    after: async ({ name, request, parent = "" }) => {
      const { children } = await open();
      if (name === args.creates) children.created(accountAt(requestHost(request)), parent);
      if (name === args.deletes) children.removed(accountAt(requestHost(request)), parent);
    },
    fail: (request, response, error) => {
      const internal = new StorageError(500, "InternalError", "The server encountered an internal error.");
      sendStorageError(request, response, error instanceof StorageError ? error : internal);
    },
  };

  function open() {
    opening ??= start();
    opening.catch(() => {
      opening = undefined;
    });
    return opening;
  }

  async function start() {
    const engine = await args.openEngine(join(context.dataDirectory, args.endpoint), gate);
    return { engine, children: createChildren(context.store, args.kind, args.children(engine)) };
  }

  return {
    name: args.name,
    serves: (host) => hostPattern.test(host),
    handle: async (request, response) => {
      try {
        accountAt(requestHost(request));
        const { engine } = await open();
        engine.handle(request, response);
      } catch (error) {
        gate.fail(request, response, error as Error);
      }
    },
    fail: (request, response, { status, code, message, more }) => {
      sendStorageError(
        request,
        response,
        new StorageError(status, code, message, { headers: more.headers ?? {} }),
      );
    },
  };
}
