import type { Clock } from "./clock";

/** What has to travel through Azure before every part of it knows. */
export type Replicated = "principal" | "roleAssignment" | "federatedCredential";

/** Where a fault can strike: the service and the method. */
export interface FaultPoint {
  service: string;
  method: string;
  path: string;
}

export type Fault =
  /** After how many milliseconds of the client's own time it may ask again. */
  | { kind: "throttle"; retryAfterMilliseconds: number }
  | { kind: "serverError"; status: 500 | 502 | 503 | 504 }
  /** The connection is reset, before the request takes effect or after it did. */
  | { kind: "reset"; when: "before" | "after" };

/** What goes wrong, how often, and how long things take. Ranges are [shortest, longest] in seconds of sandbox time. */
export interface FaultSettings {
  /** The same seed and the same order of requests give the same faults. */
  seed: number;
  replicationSeconds: Record<Replicated, [number, number]>;
  /** Share of requests, 0 to 1. */
  throttleRate: number;
  serverErrorRate: number;
  resetRate: number;
  /** Multiplies the time that Azure's long-running operations take; 0 ends them at the first poll. */
  operationTimeFactor: number;
}

export interface Faults {
  settings: FaultSettings;
  /** What happens to this request, if anything. */
  strike(point: FaultPoint): Fault | undefined;
  /** When something written now will be known everywhere, in milliseconds of sandbox time since the epoch. */
  visibleAt(what: Replicated): number;
}

/** Nothing goes wrong and everything is known at once. */
export const noFaults: FaultSettings = {
  seed: 1,
  replicationSeconds: { principal: [0, 0], roleAssignment: [0, 0], federatedCredential: [0, 0] },
  throttleRate: 0,
  serverErrorRate: 0,
  resetRate: 0,
  operationTimeFactor: 0,
};

/** A small generator of equally distributed numbers in [0, 1), the same for the same seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** How long throttling lasts, in sandbox time. */
const throttledMilliseconds = 1000;

export function createFaults(clock: Clock, initial: FaultSettings = noFaults): Faults {
  let settings = initial;
  let random = seeded(settings.seed);
  const serverErrors = [500, 502, 503, 504] as const;
  return {
    get settings() {
      return settings;
    },
    set settings(next) {
      settings = next;
      random = seeded(next.seed);
    },
    strike: () => {
      const draw = random();
      const { throttleRate, serverErrorRate, resetRate } = settings;
      if (draw < throttleRate) {
        return { kind: "throttle", retryAfterMilliseconds: Math.ceil(throttledMilliseconds / clock.speed) };
      }
      if (draw < throttleRate + serverErrorRate) {
        return { kind: "serverError", status: serverErrors[Math.floor(random() * serverErrors.length)]! };
      }
      if (draw < throttleRate + serverErrorRate + resetRate) {
        return { kind: "reset", when: random() < 0.5 ? "before" : "after" };
      }
      return undefined;
    },
    visibleAt: (what) => {
      const [shortest, longest] = settings.replicationSeconds[what];
      return clock.now() + (shortest + random() * (longest - shortest)) * 1000;
    },
  };
}
