import { readFileSync } from "node:fs";
import * as policySdk from "@pulumi/policy";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isAzureNative, kindOf, plainProperties, UNKNOWN } from "../../policy/core/resource";
import { shown, valueAt } from "../../policy/core/setting";
import { valid } from "./valid-resources";

/** What the SDK wraps properties in. It is exported, but its type is not. */
const { unknownCheckingProxy } = policySdk as unknown as {
  unknownCheckingProxy: (properties: object) => Record<string, unknown>;
};
const UNKNOWN_STRING = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const UNKNOWN_BOOLEAN = "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7";

describe("type tokens", () => {
  const azureNativeTypes = Object.values(valid)
    .map(({ type }) => type)
    .filter((type) => type.startsWith("azure-native:"));

  test.each(azureNativeTypes)("%s is known under every name that azure-native ever gave it", (type) => {
    const [, module, kind = ""] = type.split(":");
    const file = `@pulumi/azure-native/${module}/${kind[0]?.toLowerCase()}${kind.slice(1)}.js`;
    const aliases = [
      ...readFileSync(require.resolve(file), "utf8").matchAll(/type: "(azure-native:[^"]+)"/g),
    ];
    expect(aliases.length).toBeGreaterThan(0);
    const missed = aliases.filter(([, alias]) => !isAzureNative(alias!, `${module}:${kind}`));
    expect(missed).toEqual([]);
    expect(
      isAzureNative(`azure-native_${module}_v20240101preview:${module}:${kind}`, `${module}:${kind}`),
    ).toBe(true);
  });

  test.each([
    "azure-native:storage:StorageAccountStaticWebsite",
    "azure-native:datalakestore:StorageAccount",
    "azure-native:storage:StorageAccount:extra",
    "other-native:storage:StorageAccount",
    "azure:storage/account:Account",
    "",
  ])("%j is no storage account", (type) => {
    expect(isAzureNative(type, "storage:StorageAccount")).toBe(false);
  });

  test("the kind is the last part", () => {
    expect(kindOf("azure-native:storage/v20230101:StorageAccount")).toBe("StorageAccount");
  });
});

describe("properties", () => {
  test("unknowns become UNKNOWN, and what stands beside them stays readable", () => {
    const properties = unknownCheckingProxy({
      known: "a",
      unknown: UNKNOWN_STRING,
      nested: { list: [UNKNOWN_BOOLEAN, false], nothing: null },
    });
    expect(plainProperties(properties)).toEqual({
      known: "a",
      unknown: UNKNOWN,
      nested: { list: [UNKNOWN, false], nothing: null },
    });
  });

  test("any other error while reading is not swallowed", () => {
    const properties = {
      get broken(): never {
        throw new Error("not readable");
      },
    };
    expect(() => plainProperties(properties)).toThrow("not readable");
  });

  test("plain data comes out as it went in", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (properties) => {
        expect(plainProperties(unknownCheckingProxy(properties))).toEqual(properties);
      }),
    );
  });

  test("a value below something unknown is unknown, below anything else absent", () => {
    expect(valueAt({ a: UNKNOWN }, "a.b.c")).toBe(UNKNOWN);
    expect(valueAt({ a: { b: UNKNOWN } }, "a.b")).toBe(UNKNOWN);
    for (const a of [undefined, null, "b", 1, true, ["b"], {}]) expect(valueAt({ a }, "a.b")).toBeUndefined();
    expect(valueAt({}, "constructor.name")).toBeUndefined();
  });

  test.each([
    [undefined, "nothing (it is not set)"],
    [null, "nothing (it is not set)"],
    [false, "false"],
    [3, "3"],
    ["false", '"false"'],
    ["a\nb", '"a\\nb"'],
    ["a".repeat(200), `"${"a".repeat(120)}…"`],
    [["secret"], "a list of 1"],
    [{ key: "secret" }, "an object"],
  ])("%j is shown as %s", (value, text) => {
    expect(shown(value)).toBe(text);
  });
});
