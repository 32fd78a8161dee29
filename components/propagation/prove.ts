import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { Explanation } from "./explain-failure";
import { LinkFailure } from "./link-failure";
import { pauseMs, pollIntervalMs, troublePauseMs } from "./poll-interval";
import type { Proof } from "./proof";
import type { Look } from "./prove-workload";
import { createTurns } from "./turns";

export interface ProveOptions {
  deadlineSeconds: number;
  lookAt: (proof: Proof) => Look;
  /** Tells delay from mistake. */
  explain: (failure: LinkFailure, proof: Proof) => Promise<Explanation>;
  /** Called when what is waited for changes, and every now and then while it does not. */
  report: (line: string) => void;
  /** @default the machine's */
  time?: Time;
}

/** What passes while one waits. */
export interface Time {
  /** Milliseconds since any moment. */
  now(): number;
  /** Ends early when `signal` is set off. */
  sleep(milliseconds: number, signal: AbortSignal): Promise<void>;
  /** From 0 to 1. */
  random(): number;
}

const machineTime: Time = {
  now: () => performance.now(),
  sleep: (milliseconds, signal) => sleep(milliseconds, undefined, { signal }).catch(() => {}),
  random: Math.random,
};

/** How many requests are under way at a time, for all that this process waits for. */
const turns = createTurns(10);

/** What changes is reported no more often than this, and what does not change as often as this. */
const reportChangeMs = 2_000;
const reportAnywayMs = 15_000;

interface Unproven {
  proof: Proof;
  failure: LinkFailure;
  explanation: Explanation;
}

/**
 * Waits until every proof holds, looking at each at growing intervals. Ends at once when one shows a mistake, which
 * waiting does not mend.
 *
 * @throws Error naming each that does not hold, the link of it, what was answered and why
 */
export async function proveAll(proofs: readonly Proof[], options: ProveOptions): Promise<void> {
  const { explain, lookAt, report, time = machineTime } = options;
  const started = time.now();
  const deadline = started + options.deadlineSeconds * 1000;
  const pending = new Map<Proof, LinkFailure | undefined>(proofs.map((proof) => [proof, undefined]));
  const unproven: Unproven[] = [];
  const ending = new AbortController();
  setMaxListeners(0, ending.signal);
  let lastReport = { text: "", at: Number.NEGATIVE_INFINITY };

  function tellProgress(): void {
    const text = progressText(proofs.length, pending);
    const now = time.now();
    const since = now - lastReport.at;
    if (since < (text === lastReport.text ? reportAnywayMs : reportChangeMs)) return;
    lastReport = { text, at: now };
    report(`${text}, ${Math.round((now - started) / 1000)} s of ${options.deadlineSeconds} s`);
  }

  /** Ends the wait for all when the explanation is a mistake. */
  async function explainFailure(failure: LinkFailure, proof: Proof): Promise<Explanation> {
    const explanation = await turns(() => explain(failure, proof)).catch(() => ({
      isMistake: !failure.mayBeDelay,
      lines: [failure.message],
    }));
    if (explanation.isMistake) ending.abort();
    return explanation;
  }

  async function proveOne(proof: Proof): Promise<void> {
    const look = lookAt(proof);
    let troubles = 0;
    let explained: string | undefined;
    for (;;) {
      const lookedAt = time.now();
      const failure = await turns(() => tryLook(look));
      if (!failure) {
        pending.delete(proof);
        return;
      }
      pending.set(proof, failure);
      const answer = `${failure.link} ${failure.answer}`;
      const now = time.now();
      if (ending.signal.aborted || now >= deadline) {
        unproven.push({ proof, failure, explanation: await explainFailure(failure, proof) });
        return;
      }
      // Azure is asked once for each answer, while the wait goes on, and at its end for how things are then.
      if (!failure.isTrouble && answer !== explained) {
        explained = answer;
        explainFailure(failure, proof);
      }
      tellProgress();
      troubles = failure.isTrouble ? troubles + 1 : 0;
      const pause = failure.isTrouble
        ? troublePauseMs(troubles, failure.retryAfterMs, time.random())
        : pauseMs(pollIntervalMs(now - started, pending.size), time.random());
      // From look to look, unless looks themselves take long.
      const left = failure.isTrouble ? pause : Math.max(pause - (now - lookedAt), pause / 4);
      await time.sleep(Math.min(left, Math.max(deadline - now, 0)), ending.signal);
    }
  }

  await Promise.all(proofs.map(proveOne));
  if (unproven.length > 0) throw new Error(describe(unproven, (time.now() - started) / 1000));
}

async function tryLook(look: Look): Promise<LinkFailure | undefined> {
  try {
    await look();
    return undefined;
  } catch (error) {
    if (error instanceof LinkFailure) return error;
    // No answer at all: a connection that could not be made or was dropped.
    return new LinkFailure("network", "no answer", (error as Error).message, true, { isTrouble: true });
  }
}

/** "12 of 20 identities work; orders waits for secret stripe-key of https://… (403 ForbiddenByRbac)" */
function progressText(count: number, pending: ReadonlyMap<Proof, LinkFailure | undefined>): string {
  const waiting = [...pending].find(([, failure]) => failure !== undefined);
  if (!waiting) return "";
  const [{ name }, failure] = waiting;
  const one = `${name} waits for ${failure?.link} (${failure?.answer})`;
  return count === 1 ? one : `${count - pending.size} of ${count} identities work; ${one}`;
}

function describe(unproven: readonly Unproven[], seconds: number): string {
  const mistakesFirst = [...unproven].sort(
    (one, other) => Number(other.explanation.isMistake) - Number(one.explanation.isMistake),
  );
  const lines = mistakesFirst.flatMap(({ proof, failure, explanation: { isMistake, lines } }) => [
    `  ${proof.name}: ${failure.link}: ${failure.answer}, ` +
      (isMistake
        ? "a mistake, which waiting does not mend"
        : "which may be delay; running again goes on waiting"),
    ...lines.map((line) => `    ${line}`),
  ]);
  const count = unproven.length === 1 ? "One identity does" : `${unproven.length} identities do`;
  return [`${count} not work after ${Math.round(seconds)} s:`, ...lines].join("\n");
}
