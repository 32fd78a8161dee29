import { stripVTControlCharacters } from "node:util";
import { describe, expect, test } from "vitest";
import { accessTable } from "../../cli/summary";

const vault = "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/kv-app-dev-1";
const grant = (scope: string) => ({
  who: "workload orders",
  may: "read secret stripe-key of vault app",
  role: "Key Vault Secrets User",
  scope,
});
const lines = (...args: Parameters<typeof accessTable>) =>
  stripVTControlCharacters(accessTable(...args)).split("\n");

describe("who may do what", () => {
  test.each([
    [`${vault}/secrets/stripe-key`, "vaults/…/secrets/stripe-key"],
    [vault, "vaults/kv-app-dev-1"],
    ["/subscriptions/s/resourceGroups/g", "/subscriptions/s/resourceGroups/g"],
    [
      "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a/blobServices/default/containers/c",
      "storageAccounts/…/containers/c",
    ],
  ])("is on %s, which is shown in short", (scope, shown) => {
    const [head, row] = lines([grant(scope)]);
    expect(head).toMatch(/ on$/);
    expect(row!.endsWith(` ${shown}`)).toBe(true);
  });

  test("keeps to the width of the terminal", () => {
    const grants = [grant(vault), grant(`${vault}/secrets/stripe-key`)];
    const whole = Math.max(...lines(grants).map((line) => line.length));
    expect(lines(grants, whole)).toEqual(lines(grants));
    const narrow = lines(grants, whole - 1);
    expect(narrow.join("\n")).not.toContain("vaults/");
    expect(narrow.map((line) => line.trimEnd())).toEqual(narrow);
    expect(narrow[1]).toMatch(/Key Vault Secrets User$/);
  });
});
