import { setTimeout as sleepReal } from "node:timers/promises";

/** The sandbox's time, which may run faster than the machine's. All durations are in sandbox time. */
export interface Clock {
  /** How many sandbox seconds pass in a real one; at least 1. */
  readonly speed: number;
  /** Milliseconds since the epoch, in sandbox time. */
  now(): number;
  /** Resolves when `milliseconds` of sandbox time have passed. */
  sleep(milliseconds: number): Promise<void>;
}

export function createClock(speed = 1): Clock {
  const started = Date.now();
  return {
    speed,
    now: () => Math.round(started + (Date.now() - started) * speed),
    sleep: async (milliseconds) => {
      if (milliseconds > 0) await sleepReal(milliseconds / speed);
    },
  };
}
