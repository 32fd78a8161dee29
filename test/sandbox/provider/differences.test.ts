import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { differences, formatPath } from "../../../sandbox/provider/differences";
import { type PropertyValue, Secret, unknownValue } from "../../../sandbox/provider/values";

describe("differences", () => {
  test.each<[string, PropertyValue, PropertyValue, string[]]>([
    ["nothing", { a: 1 }, { a: 1 }, []],
    ["a changed member", { a: { b: 1 } }, { a: { b: 2 } }, ["a.b update"]],
    ["a new member", {}, { a: 1 }, ["a add"]],
    ["a removed member", { a: 1 }, {}, ["a delete"]],
    ["null as absence", { a: null }, {}, []],
    ["a longer list", [1], [1, 2], ["[1] add"]],
    ["a shorter list", { a: [1, 2] }, { a: [1] }, ["a[1] delete"]],
    ["another kind of value", { a: [1] }, { a: { b: 1 } }, ["a update"]],
    ["an unknown", { a: 1 }, { a: unknownValue }, ["a update"]],
    ["an unknown inside a list", { a: [1, 2] }, { a: [1, unknownValue] }, ["a[1] update"]],
    ["the same secret", { a: new Secret("x") }, { a: new Secret("x") }, []],
    ["a value that became secret", { a: "x" }, { a: new Secret("x") }, []],
    ["another secret", { a: new Secret("x") }, { a: new Secret("y") }, ["a update"]],
  ])("sees %s", (_, before, after, expected) => {
    expect(differences(before, after).map(({ path, kind }) => `${formatPath(path)} ${kind}`)).toEqual(
      expected,
    );
  });

  test("finds none between a value and its copy, and exactly the member that was replaced", () => {
    const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<PropertyValue>;
    fc.assert(
      fc.property(fc.array(json, { minLength: 1 }), fc.nat(), (values, position) => {
        const copy = JSON.parse(JSON.stringify(values)) as PropertyValue[];
        expect(differences(JSON.parse(JSON.stringify(values)), copy)).toEqual([]);
        const index = position % values.length;
        copy[index] = unknownValue;
        const kind = values[index] === null ? "add" : "update";
        expect(differences(values, copy)).toEqual([{ path: [index], kind }]);
      }),
    );
  });
});

test.each([
  [["properties", "rules", 0, "name"], "properties.rules[0].name"],
  [["tags", "a.b"], 'tags["a.b"]'],
  [["a b"], '["a b"]'],
  [[0], "[0]"],
])("writes %j as the engine does", (path, expected) => {
  expect(formatPath(path)).toBe(expected);
});
