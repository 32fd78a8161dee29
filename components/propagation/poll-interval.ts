/** Between two looks at one identity, in milliseconds. */
export const shortestPollMs = 500;
export const longestPollMs = 5_000;

/** Looks at all identities together, a second: what Entra and data planes are asked at most. */
export const mostPollsPerSecond = 20;

/** A wait is this much longer than it need be, at most, between the two bounds. */
const shareOfWait = 1 / 20;

/**
 * How long to wait at most before the next look: a twentieth of the time waited so far, so that what takes
 * seconds is seen at once and what takes minutes is not asked for hundreds of times.
 *
 * @param waitedMs since the first look
 * @param pending how many identities are waited for
 */
export function pollIntervalMs(waitedMs: number, pending: number): number {
  const own = Math.min(Math.max(waitedMs * shareOfWait, shortestPollMs), longestPollMs);
  return Math.max(own, (1000 * pending) / mostPollsPerSecond);
}

/**
 * The pause before the next look: the interval or up to a quarter less, so that those who began together do not
 * go on together.
 *
 * @param random from 0 to 1
 */
export function pauseMs(intervalMs: number, random: number): number {
  return intervalMs * (1 - random / 4);
}

/** After trouble of the service: twice as long each time, or what it asked for. */
export function troublePauseMs(troubles: number, retryAfterMs: number | undefined, random: number): number {
  const own = Math.min(shortestPollMs * 2 ** (troubles - 1), longestPollMs);
  return Math.max(pauseMs(own, random), retryAfterMs ?? 0);
}
