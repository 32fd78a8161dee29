import { setTimeout as sleep } from "node:timers/promises";
import { LinkFailure } from "../propagation/cluster-client";
import { type HttpRequest, type HttpResponse, send } from "./http";

const attempts = 5;
const firstPauseMs = 300;
const longestPauseMs = 10_000;

/** Throttled, or a server's own trouble: the same may succeed a little later. */
const mayPass = (status: number): boolean => status === 429 || status >= 500;

/** One request, tried again while the service is throttling or in trouble. @throws Error when nothing answers */
export async function sendPatiently(request: HttpRequest): Promise<HttpResponse> {
  for (let attempt = 1; ; attempt++) {
    const last = attempt === attempts;
    try {
      const response = await send(request);
      if (last || !mayPass(response.status) || response.status === 501) return response;
      await sleep(pauseMs(attempt, Number(response.headers["retry-after"])));
    } catch (error) {
      if (last) throw error;
      await sleep(pauseMs(attempt, Number.NaN));
    }
  }
}

/** The same for what fails with a `LinkFailure`, and for connections that break. */
export async function tryPatiently<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const status = error instanceof LinkFailure ? Number(error.answer.split(" ")[0]) : Number.NaN;
      const isFinal = error instanceof LinkFailure && !mayPass(status);
      if (isFinal || attempt === attempts) throw error;
      await sleep(pauseMs(attempt, Number.NaN));
    }
  }
}

function pauseMs(attempt: number, retryAfterSeconds: number): number {
  const own = firstPauseMs * 2 ** (attempt - 1) * (0.75 + Math.random() / 2);
  const asked = Number.isFinite(retryAfterSeconds) ? retryAfterSeconds * 1000 : own;
  return Math.min(Math.max(asked, 0), longestPauseMs);
}
