import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LinkFailure } from "../../../components/propagation/link-failure";
import {
  longestPollMs,
  mostPollsPerSecond,
  pauseMs,
  pollIntervalMs,
  shortestPollMs,
} from "../../../components/propagation/poll-interval";
import type { Proof } from "../../../components/propagation/proof";
import { proveAll } from "../../../components/propagation/prove";
import { virtualTime } from "./virtual-time";

const proof = (name: string): Proof => ({ kind: "cluster", name, waitsFor: [] });
const refused = () => new LinkFailure("secret stripe-key", "403 ForbiddenByRbac", "not yet", true);
const trouble = (retryAfterMs?: number) =>
  new LinkFailure("token exchange", "429", "throttling", true, { isTrouble: true, retryAfterMs });

interface Waited {
  endedAt: number;
  looks: number;
  lines: string[];
  error?: string;
}

/** Waits for identities that begin to work at given times, in virtual milliseconds. */
async function wait(
  worksAt: Record<string, number>,
  options: {
    deadlineSeconds?: number;
    random?: () => number;
    /** Overrides what a look at an identity fails with. */
    failure?: (name: string, now: number, look: number) => LinkFailure | undefined;
    isMistake?: (failure: LinkFailure) => boolean;
  } = {},
): Promise<Waited> {
  const { deadlineSeconds = 3600, random = () => 0.5, failure, isMistake = () => false } = options;
  const time = virtualTime(random);
  const waited: Waited = { endedAt: 0, looks: 0, lines: [] };
  await proveAll(Object.keys(worksAt).map(proof), {
    deadlineSeconds,
    time,
    report: (line) => waited.lines.push(line),
    explain: async (found) => ({ isMistake: isMistake(found), lines: [`because of ${found.answer}`] }),
    lookAt: ({ name }) => {
      let looks = 0;
      return async () => {
        waited.looks++;
        const other = failure?.(name, time.now(), ++looks);
        if (other) throw other;
        if (time.now() < (worksAt[name] as number)) throw refused();
      };
    },
  }).catch((error: Error) => {
    waited.error = error.message;
  });
  waited.endedAt = time.now();
  return waited;
}

describe("the wait", () => {
  it("ends within one poll interval of the moment at which everything works", async () => {
    const times = fc.array(fc.integer({ min: 0, max: 600_000 }), { minLength: 1, maxLength: 50 });
    await fc.assert(
      fc.asyncProperty(times, fc.integer(), async (moments, seed) => {
        let state = seed;
        const random = () => {
          state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
          return state / 2 ** 32;
        };
        const worksAt = Object.fromEntries(moments.map((at, index) => [`w${index}`, at]));
        const last = Math.max(...moments);
        const { endedAt, error } = await wait(worksAt, { random });
        expect(error).toBeUndefined();
        expect(endedAt).toBeGreaterThanOrEqual(last);
        expect(endedAt - last).toBeLessThanOrEqual(pollIntervalMs(last, moments.length));
      }),
      { numRuns: 40 },
    );
  });

  it("asks at most so many times a second, and for one identity seldom enough", async () => {
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`w${index}`, 60_000]));
    const together = await wait(many);
    // Each pause may be a quarter shorter than its interval.
    const most = (mostPollsPerSecond / 0.75) * (together.endedAt / 1000) + 200;
    expect(together.looks).toBeLessThanOrEqual(most);
    const alone = await wait({ orders: 900_000 });
    expect(alone.looks).toBeLessThan(350);
  });

  it("takes throttling for nothing but throttling, and stays away as long as it is asked to", async () => {
    const seen: number[] = [];
    const { error, endedAt } = await wait(
      { orders: 0 },
      {
        failure: (_name, now, look) => {
          seen.push(now);
          return look <= 4 ? trouble(look === 2 ? 30_000 : undefined) : undefined;
        },
        isMistake: (failure) => !failure.isTrouble,
      },
    );
    expect(error).toBeUndefined();
    expect((seen[2] as number) - (seen[1] as number)).toBe(30_000);
    expect(endedAt - (seen[2] as number)).toBeLessThanOrEqual(2 * longestPollMs);
  });

  it("ends at once for a mistake, with all that is known of the others", async () => {
    const wrong = new LinkFailure("token exchange", "AADSTS7002138", "case", true);
    const { endedAt, error } = await wait(
      { orders: 0, mailer: 300_000, reports: 0 },
      {
        failure: (name) => (name === "reports" ? wrong : undefined),
        isMistake: ({ answer }) => answer === "AADSTS7002138",
      },
    );
    expect(endedAt).toBe(0);
    expect(error?.split("\n")).toEqual([
      "2 identities do not work after 0 s:",
      "  reports: token exchange: AADSTS7002138, a mistake, which waiting does not mend",
      "    because of AADSTS7002138",
      "  mailer: secret stripe-key: 403 ForbiddenByRbac, which may be delay; running again goes on waiting",
      "    because of 403 ForbiddenByRbac",
    ]);
  });

  it("looks a last time at the deadline", async () => {
    const late = await wait({ orders: 61_000 }, { deadlineSeconds: 60 });
    expect(late.endedAt).toBe(60_000);
    expect(late.error).toMatch(/^One identity does not work after 60 s:\n {2}orders: secret stripe-key: 403/);
    const justInTime = await wait({ orders: 60_000 }, { deadlineSeconds: 60 });
    expect(justInTime.error).toBeUndefined();
  });

  it("says how far it is, when that changes and every now and then", async () => {
    const { lines } = await wait({ orders: 45_000, mailer: 5_000 }, { deadlineSeconds: 900 });
    expect(lines[0]).toBe(
      "0 of 2 identities work; orders waits for secret stripe-key (403 ForbiddenByRbac), 0 s of 900 s",
    );
    expect(lines[1]).toMatch(/^1 of 2 identities work; orders waits for .*, [5-7] s of 900 s$/);
    expect(lines).toHaveLength(4);
    const alone = await wait({ orders: 1 }, { deadlineSeconds: 900 });
    expect(alone.lines).toEqual(["orders waits for secret stripe-key (403 ForbiddenByRbac), 0 s of 900 s"]);
  });
});

describe("a pause", () => {
  it("is never longer than the interval, and at most a quarter shorter", () => {
    const waited = fc.double({ min: 0, max: 3_600_000, noNaN: true });
    fc.assert(
      fc.property(
        waited,
        fc.integer({ min: 1, max: 100 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (ms, pending, random) => {
          const interval = pollIntervalMs(ms, pending);
          expect(interval).toBeGreaterThanOrEqual(shortestPollMs);
          expect(interval).toBeLessThanOrEqual(longestPollMs);
          expect(pauseMs(interval, random)).toBeLessThanOrEqual(interval);
          expect(pauseMs(interval, random)).toBeGreaterThanOrEqual(0.75 * interval);
        },
      ),
    );
  });
});
