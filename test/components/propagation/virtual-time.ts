import type { Time } from "../../../components/propagation/prove";

/** Time that passes only while everybody sleeps. */
export function virtualTime(random: () => number): Time {
  let now = 0;
  let sleepers: { at: number; wake: () => void }[] = [];
  let isScheduled = false;

  // Whatever goes on without time goes on first.
  function schedule(): void {
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(() => {
      isScheduled = false;
      const next = sleepers.sort((one, other) => one.at - other.at).shift();
      if (!next) return;
      now = Math.max(now, next.at);
      next.wake();
      schedule();
    });
  }
  return {
    now: () => now,
    random,
    sleep: (milliseconds, signal) =>
      new Promise((resolve) => {
        const sleeper = { at: now + milliseconds, wake: resolve };
        sleepers.push(sleeper);
        signal.addEventListener("abort", () => {
          sleepers = sleepers.filter((one) => one !== sleeper);
          resolve();
        });
        schedule();
      }),
  };
}
