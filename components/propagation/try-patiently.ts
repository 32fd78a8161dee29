import { setTimeout as sleep } from "node:timers/promises";
import { attempts, pauseMs } from "../dynamic/patient-request";
import { LinkFailure } from "./link-failure";

/** Tries again while a link of the chain is in trouble, or connections break. @throws what the last attempt threw */
export async function tryPatiently<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const failure = error instanceof LinkFailure ? error : undefined;
      if (failure?.isTrouble === false || attempt === attempts) throw error;
      await sleep(pauseMs(attempt, failure?.retryAfterMs));
    }
  }
}
