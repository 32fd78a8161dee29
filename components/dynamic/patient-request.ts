import { setTimeout as sleep } from "node:timers/promises";
import { isTroubleStatus, LinkFailure, retryAfterMs } from "../propagation/link-failure";
import { type HttpRequest, type HttpResponse, send } from "./http";

const attempts = 5;
const firstPauseMs = 300;
const longestPauseMs = 10_000;

/** One request, tried again while the service is throttling or in trouble. @throws Error when nothing answers */
export async function sendPatiently(request: HttpRequest): Promise<HttpResponse> {
  for (let attempt = 1; ; attempt++) {
    const last = attempt === attempts;
    try {
      const response = await send(request);
      if (last || !isTroubleStatus(response.status)) return response;
      await sleep(pauseMs(attempt, retryAfterMs(response.headers)));
    } catch (error) {
      if (last) throw error;
      await sleep(pauseMs(attempt));
    }
  }
}

/** The same for what fails with a `LinkFailure`, and for connections that break. */
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

function pauseMs(attempt: number, askedMs?: number): number {
  const own = firstPauseMs * 2 ** (attempt - 1) * (0.75 + Math.random() / 2);
  return Math.min(askedMs ?? own, longestPauseMs);
}
