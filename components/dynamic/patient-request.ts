import { setTimeout as sleep } from "node:timers/promises";
import { type HttpRequest, type HttpResponse, isTroubleStatus, retryAfterMs, send } from "./http";

/** How often something is tried before its trouble is told. */
export const attempts = 5;
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

/**
 * How long to wait after an attempt, in milliseconds.
 *
 * @param attempt 1 for the first
 * @param askedMs what the service asked for, if it did
 */
export function pauseMs(attempt: number, askedMs?: number): number {
  const own = firstPauseMs * 2 ** (attempt - 1) * (0.75 + Math.random() / 2);
  return Math.min(askedMs ?? own, longestPauseMs);
}
