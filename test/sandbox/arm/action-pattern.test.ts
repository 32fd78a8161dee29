import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { matchesAction } from "../../../sandbox/arm/action-pattern";

describe("a role's action", () => {
  test.each([
    ["*", "Microsoft.KeyVault/vaults/read", true],
    ["*/read", "Microsoft.KeyVault/vaults/read", true],
    ["*/read", "Microsoft.KeyVault/vaults/write", false],
    ["Microsoft.KeyVault/vaults/*", "Microsoft.KeyVault/vaults/secrets/read", true],
    ["Microsoft.KeyVault/vaults/*", "Microsoft.KeyVault/vaults", false],
    ["Microsoft.Authorization/*/Delete", "microsoft.authorization/roleAssignments/delete", true],
    [
      "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action",
      "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
      true,
    ],
    ["Microsoft.ManagedIdentity/*/read", "Microsoft.ManagedIdentityread", false],
    ["Microsoft.KeyVault/checkNameAvailability/read", "microsoft.keyvault/checknameavailability/READ", true],
    ["Microsoft.Key.ault/vaults/read", "Microsoft.KeyVault/vaults/read", false],
    ["a*a", "a", false],
    ["", "", true],
  ])("%s for %s: %s", (pattern, operation, expected) => {
    expect(matchesAction(pattern, operation)).toBe(expected);
  });

  const text = fc.stringMatching(/^[aAbB/.*+]{0,12}$/);

  test("means what the regular expression means that puts .* for each *, where /*/ may be a single slash", () => {
    fc.assert(
      fc.property(text, text, (pattern, operation) => {
        const matches = (text: string) => {
          const escaped = text.split("*").map((part) => part.replaceAll(/[.+]/g, "\\$&"));
          return new RegExp(`^${escaped.join(".*")}$`, "i").test(operation);
        };
        const expected = matches(pattern) || matches(pattern.replaceAll("/*/", "/"));
        expect(matchesAction(pattern, operation)).toBe(expected);
      }),
      { numRuns: 3000 },
    );
  });

  test("stands for whatever its stars are replaced with", () => {
    fc.assert(
      fc.property(
        fc.array(fc.stringMatching(/^[a-z/]{0,6}$/), { minLength: 1, maxLength: 5 }),
        text,
        (parts, filler) => {
          expect(matchesAction(parts.join("*"), parts.join(filler))).toBe(true);
        },
      ),
    );
  });
});
