import type { Clock } from "../core/clock";
import type { StoredObject } from "../kubernetes/object";
import { ApiError } from "../kubernetes/status";
import type { ApiServerClient } from "./api-server-client";
import { follow } from "./watcher";

/** A step that brings an object further. Returns after how many milliseconds to look at it again, if at all. */
export type Step = (object: StoredObject) => Promise<number | undefined>;

/** After how long something that failed is tried again, in milliseconds. */
export const retryAfter = 1_000;

/** Takes each object of a collection one step further whenever it changes, one after another, until `signal`. */
export async function lookAfter(
  path: string,
  step: Step,
  { clock, client, signal }: { clock: Clock; client: ApiServerClient; signal: AbortSignal },
): Promise<void> {
  const objects = new Map<string, StoredObject>();
  const waiting = new Set<string>();
  let work = Promise.resolve();
  const look = (uid: string) => {
    work = work.then(async () => {
      const object = objects.get(uid);
      if (!object || signal.aborted) return;
      const again = await step(object).catch(whenFailed);
      if (again === undefined || waiting.has(uid)) return;
      waiting.add(uid);
      clock.sleep(again).then(() => {
        waiting.delete(uid);
        look(uid);
      });
    });
  };
  await follow(client, path, signal, {
    onObject: (object) => {
      objects.set(object.metadata.uid, object);
      look(object.metadata.uid);
    },
    onGone: ({ metadata }) => objects.delete(metadata.uid),
  });
  await work;
}

/** What is gone, or was changed by somebody faster, is seen again by itself. */
const whenFailed = (error: unknown): number | undefined =>
  error instanceof ApiError && (error.code === 404 || error.code === 409) ? undefined : retryAfter;
