import { setTimeout as sleep } from "node:timers/promises";
import { recordAt, recordsAt, type StoredObject } from "../kubernetes/object";
import type { ApiServerClient } from "./api-server-client";

/** How long until a collection is listed again after the watch of it failed, in milliseconds. */
const pause = 500;

/**
 * Tells of every object of a collection, as it is now and whenever it changes, until `signal`; of the ones that are
 * gone, `onGone`.
 */
export async function follow(
  client: ApiServerClient,
  path: string,
  signal: AbortSignal,
  handlers: { onObject(object: StoredObject): void; onGone(object: StoredObject): void },
): Promise<void> {
  const known = new Map<string, StoredObject>();
  const see = (object: StoredObject) => {
    known.set(object.metadata.uid, object);
    handlers.onObject(object);
  };
  const lose = (object: StoredObject) => {
    if (known.delete(object.metadata.uid)) handlers.onGone(object);
  };
  while (!signal.aborted) {
    try {
      const list = await client.call("GET", path);
      const items = recordsAt(list, "items") as unknown as StoredObject[];
      const listed = new Set(items.map(({ metadata }) => metadata.uid));
      for (const object of [...known.values()]) if (!listed.has(object.metadata.uid)) lose(object);
      for (const object of items) see(object);
      let version = String(recordAt(list, "metadata").resourceVersion);
      // A watch that ends by itself is taken up where it ended; one that fails begins with a new list.
      for (let failed = false; !failed && !signal.aborted; ) {
        for await (const { type, object } of client.watch(path, version, signal)) {
          if (type === "ERROR") {
            failed = true;
            break;
          }
          version = object.metadata.resourceVersion;
          if (type === "DELETED") lose(object);
          else if (type !== "BOOKMARK") see(object);
        }
      }
    } catch {
      await sleep(pause, undefined, { signal, ref: false }).catch(() => {});
    }
  }
}
