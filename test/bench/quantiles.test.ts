import fc from "fast-check";
import { expect, test } from "vitest";
import { median, quantile } from "../../bench/quantiles";

test.each([
  [[3, 1, 2], 2],
  [[4, 1, 2, 3], 2.5],
  [[7], 7],
  [[], undefined],
])("the median of %j is %s", (numbers, expected) => {
  expect(median(numbers)).toBe(expected);
});

test("a quantile lies between the least and the greatest, and grows with its share", () => {
  const numbers = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1 });
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(numbers, share, share, (all, one, other) => {
      const [lower, upper] = [Math.min(one, other), Math.max(one, other)].map((at) => quantile(all, at)!);
      const slack = 1e-9;
      expect(lower!).toBeGreaterThanOrEqual(Math.min(...all) - slack);
      expect(upper!).toBeLessThanOrEqual(Math.max(...all) + slack);
      expect(lower!).toBeLessThanOrEqual(upper! + slack);
    }),
  );
});
