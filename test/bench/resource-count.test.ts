import { expect, test } from "vitest";
import { countResources, difference, isOfService } from "../../bench/resource-count";

const vault = { type: "azure-native:keyvault:Vault", custom: true };
const secret = { type: "azure-native:keyvault:Secret", custom: true };

test("custom resources are counted by type, components apart, the stack not at all", () => {
  const count = countResources([
    { type: "pulumi:pulumi:Stack", custom: false },
    { type: "azure-keyless:resources:KeyVault", custom: false },
    vault,
    secret,
    secret,
  ]);
  expect(count).toEqual({
    custom: 3,
    components: 1,
    byType: { "azure-native:keyvault:Vault": 1, "azure-native:keyvault:Secret": 2 },
  });
});

test("a difference names each type of which one side has more", () => {
  const left = countResources([vault, secret, secret]);
  const right = countResources([vault, secret, { type: "random:index:RandomId", custom: true }]);
  expect(difference(left, right)).toEqual({
    "azure-native:keyvault:Secret": 1,
    "random:index:RandomId": -1,
  });
  expect(difference(left, left)).toEqual({});
});

test.each([
  ["azure-native:keyvault:Vault", true],
  ["kubernetes:apps/v1:Deployment", true],
  ["random:index/randomPassword:RandomPassword", true],
  ["pulumi:providers:kubernetes", false],
  ["pulumi-nodejs:dynamic/azure-keyless:Propagation", false],
])("%s is of a service: %s", (type, expected) => {
  expect(isOfService(type)).toBe(expected);
});
