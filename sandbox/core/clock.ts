/** The sandbox's time, which may run faster than the machine's. All durations are in sandbox time. */
export interface Clock {
  /** How many sandbox seconds pass in a real one; at least 1. */
  readonly speed: number;
  /** Milliseconds since the epoch, in sandbox time. */
  now(): number;
  /** Resolves when `milliseconds` of sandbox time have passed. Sleeping does not keep the process alive. */
  sleep(milliseconds: number): Promise<void>;
}

/** A clock that can also be put forward; who sleeps wakes up accordingly. */
export interface AdjustableClock extends Clock {
  /** @throws RangeError when `milliseconds` is negative: time never goes back. */
  advance(milliseconds: number): void;
}

/** Node's timers hold at most this many milliseconds. */
const longestTimer = 2 ** 31 - 1;

/**
 * A clock that begins now, or at `notBefore` if that is later: a sandbox whose time ran ahead goes on from
 * there when it starts again.
 *
 * @param speed sandbox seconds in a real one; at least 1
 * @param notBefore milliseconds since the epoch
 */
export function createClock(speed = 1, notBefore = 0): AdjustableClock {
  if (!(speed >= 1 && speed <= 100_000)) {
    throw new RangeError(`The sandbox's clock: 'speed' must be from 1 to 100000, got ${speed}.`);
  }
  const realStart = Date.now();
  let sandboxStart = Math.max(realStart, notBefore);
  const sleepers = new Set<() => void>();
  const now = () => Math.round(sandboxStart + (Date.now() - realStart) * speed);
  return {
    speed,
    now,
    sleep: (milliseconds) => {
      const wakeAt = now() + milliseconds;
      return new Promise((resolve) => {
        let timer: NodeJS.Timeout | undefined;
        const check = () => {
          clearTimeout(timer);
          const left = (wakeAt - now()) / speed;
          if (left <= 0) {
            sleepers.delete(check);
            resolve();
          } else {
            timer = setTimeout(check, Math.min(Math.ceil(left), longestTimer)).unref();
          }
        };
        sleepers.add(check);
        check();
      });
    },
    advance: (milliseconds) => {
      if (!(milliseconds >= 0))
        throw new RangeError(`Time cannot be advanced by ${milliseconds} milliseconds.`);
      sandboxStart += milliseconds;
      for (const check of [...sleepers]) check();
    },
  };
}
