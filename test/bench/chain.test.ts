import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { longestChain, type Step } from "../../bench/first-up/chain";

const step = (id: string, seconds: number, ...after: string[]): Step => ({ id, label: id, seconds, after });

describe("the longest chain", () => {
  it("is the one whose steps take longest together, and not the one with most steps", () => {
    const chain = longestChain([
      step("group", 2),
      step("cluster", 240, "group"),
      step("identity", 1, "group"),
      step("credential", 1, "identity", "cluster"),
      step("a", 10, "identity"),
      step("b", 10, "a"),
    ]);
    expect(chain.map(({ id, startsAt, endsAt }) => [id, startsAt, endsAt])).toEqual([
      ["group", 0, 2],
      ["cluster", 2, 242],
      ["credential", 242, 243],
    ]);
  });

  it("does not mind steps that are not there, and minds circles", () => {
    expect(longestChain([step("a", 1, "elsewhere")])).toHaveLength(1);
    expect(() => longestChain([step("a", 1, "b"), step("b", 1, "a")])).toThrow("a comes after itself");
  });

  it("ends no earlier than any step can, and no gap is in it", () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 100 }), fc.array(fc.nat(), { maxLength: 3 })), {
      minLength: 1,
      maxLength: 30,
    });
    fc.assert(
      fc.property(steps, (drawn) => {
        const made = drawn.map(([seconds, after], index) =>
          step(`${index}`, seconds, ...(index === 0 ? [] : after.map((one) => `${one % index}`))),
        );
        const chain = longestChain(made);
        expect(chain[0]?.startsAt).toBe(0);
        for (const [index, { startsAt }] of chain.entries()) {
          if (index > 0) expect(startsAt).toBe(chain[index - 1]?.endsAt);
        }
        const ends: number[] = [];
        for (const { seconds, after } of made) {
          ends.push(seconds + Math.max(0, ...after.map((id) => ends[Number(id)] as number)));
        }
        expect(chain.at(-1)?.endsAt).toBe(Math.max(...ends));
      }),
    );
  });
});
