import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseFilter } from "../../../sandbox/arm/odata-filter";
import {
  endsWithType,
  groupIdIn,
  groupNameIn,
  parentOf,
  parseResourcePath,
  typeOf,
} from "../../../sandbox/arm/resource-path";
import { AzureError } from "../../../sandbox/core/azure-error";

describe("a path", () => {
  test.each([
    ["/subscriptions/s/resourceGroups", "/subscriptions/s", "Microsoft.Resources/resourceGroups", []],
    ["/subscriptions/s/resourcegroups/g/", "/subscriptions/s", "Microsoft.Resources/resourceGroups", ["g"]],
    [
      "/subscriptions/s/providers/Microsoft.KeyVault/vaults",
      "/subscriptions/s",
      "Microsoft.KeyVault/vaults",
      [],
    ],
    [
      "/subscriptions/s/resourceGroups/g/providers/N.P/a/1/b/2",
      "/subscriptions/s/resourceGroups/g",
      "N.P/a/b",
      ["1", "2"],
    ],
    [
      "/subscriptions/s/resourceGroups/g/providers/N.P/a/1/listKeys",
      "/subscriptions/s/resourceGroups/g",
      "N.P/a/listKeys",
      ["1"],
    ],
    ["/subscriptions/s/providers/N.P/checkName", "/subscriptions/s", "N.P/checkName", []],
    [
      "/providers/Microsoft.Authorization/roleDefinitions/r",
      "",
      "Microsoft.Authorization/roleDefinitions",
      ["r"],
    ],
    [
      "/subscriptions/s/resourceGroups/g/providers/N.P/a/providers/providers/Microsoft.Authorization/roleAssignments/x",
      "/subscriptions/s/resourceGroups/g/providers/N.P/a/providers",
      "Microsoft.Authorization/roleAssignments",
      ["x"],
    ],
    [
      "/subscriptions/s/operationresults/o",
      "/subscriptions/s",
      "Microsoft.Resources/operationresults",
      ["o"],
    ],
  ])("%s", (pathname, scope, type, names) => {
    const path = parseResourcePath(pathname)!;
    expect({ scope: path.scope, type: typeOf(path), names: path.names }).toEqual({ scope, type, names });
  });

  test.each([
    "/",
    "/subscriptions",
    "/subscriptions/s",
    "/subscriptions/s/resourceGroups/g/providers",
    "/a/b/c",
  ])("%s leads to no resource", (pathname) => expect(parseResourcePath(pathname)).toBeUndefined());

  test.each([
    "/subscriptions/%zz",
    "/subscriptions/s/resourceGroups/a%00b",
    "/subscriptions/s/resourceGroups/a%2Fb",
    `/subscriptions/${"s".repeat(2000)}`,
  ])("%s is refused", (pathname) => expect(() => parseResourcePath(pathname)).toThrow(AzureError));

  test("has parents", () => {
    const path = parseResourcePath("/subscriptions/s/resourceGroups/g/providers/N.P/a/1/b/2")!;
    expect(parentOf(path)).toMatchObject({
      id: "/subscriptions/s/resourceGroups/g/providers/N.P/a/1",
      types: ["a"],
      names: ["1"],
    });
    const action = parseResourcePath("/subscriptions/s/resourceGroups/g/providers/N.P/a/1/listKeys")!;
    expect(endsWithType(action)).toBe(true);
    expect(parentOf(action)).toMatchObject({
      id: "/subscriptions/s/resourceGroups/g/providers/N.P/a/1",
      types: ["a"],
      names: ["1"],
    });
    expect([groupNameIn(path.id), groupIdIn(path.id)]).toEqual(["g", "/subscriptions/s/resourceGroups/g"]);
  });

  test("is either read or refused, whatever it is", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(fc.constantFrom("subscriptions", "providers", "resourceGroups", "x", ""), fc.string()),
          { maxLength: 12 },
        ),
        (parts) => {
          try {
            const path = parseResourcePath(`/${parts.join("/")}`);
            if (path) expect(path.types.length - path.names.length).toBeOneOf([0, 1]);
          } catch (error) {
            expect(error).toBeInstanceOf(AzureError);
          }
        },
      ),
    );
  });
});

describe("a filter", () => {
  test("is read term by term", () => {
    expect(
      parseFilter("principalId eq 'it''s' and atScope() AND type ne CustomRole and assignedTo('g')"),
    ).toEqual([
      { kind: "eq", field: "principalid", value: "it's" },
      { kind: "call", name: "atscope", argument: undefined },
      { kind: "ne", field: "type", value: "CustomRole" },
      { kind: "call", name: "assignedto", argument: "g" },
    ]);
  });

  test.each(["", "a", "a eq", "a eq 'b' or c eq 'd'", "a gt 'b'", "a eq 'b' and", "f(", "a eq 'b"])(
    "%s is refused",
    (text) => {
      expect(() => parseFilter(text)).toThrow(
        expect.objectContaining({ status: 400, code: "InvalidFilterInQueryString" }),
      );
    },
  );
});
