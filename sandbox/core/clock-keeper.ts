import { type AdjustableClock, createClock } from "./clock";
import type { Store } from "./store";

const table = "clock";
const entry = "reached";
const intervalMs = 5000;

/**
 * A clock that never shows a time before one that it has shown in an earlier run: tokens, expiries and
 * propagation would be undone otherwise.
 *
 * @returns the clock, and `stop`, which remembers the time reached
 */
export function openClock(store: Store, speed: number): { clock: AdjustableClock; stop(): void } {
  const clock = createClock(speed, store.get<number>(table, entry) ?? 0);
  const runsAhead = () => speed > 1 || clock.now() > Date.now() + intervalMs;
  const remember = (milliseconds: number) => {
    if (runsAhead()) store.put(table, entry, milliseconds);
  };
  // What is remembered lies two intervals ahead, so that it also holds when the process is killed.
  const rememberAhead = () => remember(clock.now() + 2 * intervalMs * speed);
  const timer = setInterval(rememberAhead, intervalMs);
  timer.unref();
  rememberAhead();
  return {
    clock: {
      ...clock,
      advance: (milliseconds) => {
        clock.advance(milliseconds);
        rememberAhead();
      },
    },
    stop: () => {
      clearInterval(timer);
      remember(clock.now());
    },
  };
}
