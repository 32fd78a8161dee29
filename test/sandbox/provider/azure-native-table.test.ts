import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  armId,
  nameInput,
  parseArmId,
  pathInputs,
  type ResourceType,
} from "../../../sandbox/provider/azure-native/resource-type";
import { resourceType, resourceTypes } from "../../../sandbox/provider/azure-native/resource-types";
import {
  bodyInputs,
  inputsFromOutputs,
  outputNames,
  outputsOf,
  requestBody,
} from "../../../sandbox/provider/azure-native/translation";
import type { PlainObject } from "../../../sandbox/provider/values";

/** What the SDK's class says of a type: it is generated from the real provider's schema. */
function sdkClass(token: string) {
  const [, module, name] = token.split(":");
  const file = `@pulumi/azure-native/${module}/${name![0]!.toLowerCase()}${name!.slice(1)}.js`;
  const source = readFileSync(require.resolve(file), "utf8");
  const creating = source.slice(source.indexOf("if (!opts.id) {"), source.indexOf("\n        else {"));
  const getting = source.slice(source.indexOf("\n        else {"), source.indexOf("const aliasOpts"));
  const inputs = [...creating.matchAll(/resourceInputs\["(\w+)"\] = (?!undefined)/g)].map(
    (match) => match[1]!,
  );
  const outputs = [...getting.matchAll(/resourceInputs\["(\w+)"\]/g)].map((match) => match[1]!);
  const required = [...creating.matchAll(/Missing required property '(\w+)'/g)].map((match) => match[1]!);
  return { inputs, outputs, required, apiVersion: /REST API version ([\w-]+)/.exec(source)?.[1] };
}

const byToken = (type: ResourceType) => [type.token, type] as const;

describe.each(resourceTypes.map(byToken))("%s", (token, type) => {
  test("has the inputs, outputs and API version of the SDK's class", () => {
    const sdk = sdkClass(token);
    expect(new Set([...pathInputs(type), ...bodyInputs(type)])).toEqual(new Set(sdk.inputs));
    expect(new Set(outputNames(type))).toEqual(new Set(sdk.outputs));
    expect(type.apiVersion).toBe(sdk.apiVersion);
    const required = [
      ...pathInputs(type).filter((name) => name !== nameInput(type)),
      ...(type.required ?? []),
    ];
    // The SDK leaves the location to the provider, which has it from the configuration or the group.
    expect(new Set(required.filter((name) => name !== "location"))).toEqual(new Set(sdk.required));
  });

  test("an id is made of the inputs in its path, and gives them back whatever its case", () => {
    const segment = fc.stringMatching(/^[A-Za-z0-9][\w-]{0,20}$/);
    const values = fc.record(
      Object.fromEntries(
        pathInputs(type).map((name) => [
          name,
          name === "scope"
            ? fc
                .tuple(segment, segment)
                .map(([group, site]) => `/subscriptions/s/resourceGroups/${group}/a/${site}`)
            : segment,
        ]),
      ),
    ) as fc.Arbitrary<Record<string, string>>;
    fc.assert(
      fc.property(values, (inputs) => {
        const id = armId(type.path, "0000", inputs);
        expect(parseArmId(type, id)).toEqual(inputs);
        expect(parseArmId(type, id.replace("/resourceGroups/", "/RESOURCEGROUPS/"))).toBeTruthy();
      }),
    );
  });

  test("what is sent and comes back means the same inputs", () => {
    const scalar = fc.oneof(fc.string(), fc.boolean(), fc.integer());
    const names = bodyInputs(type).filter((name) => name !== "identity" && name !== "properties");
    const shapes = Object.fromEntries(
      names.map((name) => [name, fc.oneof(scalar, fc.array(scalar), fc.dictionary(fc.string(), scalar))]),
    );
    const inputs = fc.record(shapes, { requiredKeys: [] }) as fc.Arbitrary<PlainObject>;
    fc.assert(
      fc.property(inputs, (given) => {
        const answer = { ...requestBody(type, given), id: "/x", name: "x", type: "A/b" } as PlainObject;
        if (typeof given.name === "string") answer.name = given.name;
        const returned = inputsFromOutputs(type, outputsOf(type, answer));
        const readable = Object.entries(given).filter(([name]) => !(type.writeOnly ?? []).includes(name));
        const expected = Object.fromEntries(readable) as PlainObject;
        if (names.includes("name") && typeof given.name !== "string") expected.name = "x";
        expect(returned).toEqual(expected);
      }),
    );
  });
});

describe("names that differ between the SDK and ARM", () => {
  const storage = resourceType("azure-native:storage:StorageAccount");
  const inputs: PlainObject = {
    kind: "StorageV2",
    sku: { name: "Standard_LRS" },
    enableHttpsTrafficOnly: true,
    identity: { type: "UserAssigned", userAssignedIdentities: ["/id/a", "/id/b"] },
    networkRuleSet: {
      defaultAction: "Deny",
      ipRules: [{ action: "Allow", iPAddressOrRange: "10.0.0.0/8" }],
      virtualNetworkRules: [{ virtualNetworkResourceId: "/subnet" }],
    },
  };
  const body = {
    kind: "StorageV2",
    sku: { name: "Standard_LRS" },
    identity: { type: "UserAssigned", userAssignedIdentities: { "/id/a": {}, "/id/b": {} } },
    properties: {
      supportsHttpsTrafficOnly: true,
      networkAcls: {
        defaultAction: "Deny",
        ipRules: [{ action: "Allow", value: "10.0.0.0/8" }],
        virtualNetworkRules: [{ id: "/subnet" }],
      },
    },
  };

  test("a request uses ARM's", () => {
    expect(requestBody(storage, inputs)).toEqual(body);
  });

  test("an answer becomes the SDK's, and what only ARM writes is no input", () => {
    const answer: PlainObject = {
      ...body,
      id: "/x",
      name: "docs",
      type: "Microsoft.Storage/storageAccounts",
      sku: { name: "Standard_LRS", tier: "Standard" },
      identity: {
        type: "UserAssigned",
        principalId: null,
        tenantId: "t",
        userAssignedIdentities: { "/id/a": { clientId: "c" }, "/id/b": {} },
      },
      etag: "not known to the SDK",
    };
    const outputs = outputsOf(storage, answer);
    expect(outputs).toEqual({
      ...inputs,
      name: "docs",
      type: "Microsoft.Storage/storageAccounts",
      azureApiVersion: "2024-01-01",
      sku: { name: "Standard_LRS", tier: "Standard" },
      identity: {
        type: "UserAssigned",
        tenantId: "t",
        userAssignedIdentities: { "/id/a": { clientId: "c" }, "/id/b": {} },
      },
    });
    expect(inputsFromOutputs(storage, outputs)).toEqual(inputs);
  });

  test("a cluster's autoscaler has hyphens", () => {
    const cluster = resourceType("azure-native:containerservice:ManagedCluster");
    const profile = {
      autoScalerProfile: { scanInterval: "10s", maxEmptyBulkDelete: "5", expander: "random" },
    };
    const sent = requestBody(cluster, profile);
    expect(sent).toEqual({
      properties: {
        autoScalerProfile: { "scan-interval": "10s", "max-empty-bulk-delete": "5", expander: "random" },
      },
    });
    expect(inputsFromOutputs(cluster, outputsOf(cluster, sent))).toEqual(profile);
  });

  test("an agent pool's type is its own, not ARM's", () => {
    const pool = resourceType("azure-native:containerservice:AgentPool");
    const answer = {
      type: "Microsoft.ContainerService/managedClusters/agentPools",
      properties: { type: "VirtualMachineScaleSets" },
    };
    expect(outputsOf(pool, answer).type).toBe("VirtualMachineScaleSets");
  });
});

test("a type that the table does not have is named, with the table", () => {
  expect(() => resourceType("azure-native:cdn:Profile")).toThrow(
    /'azure-native:cdn:Profile'.*azure-native\/resource-types\.ts/,
  );
});

test("an id of something else is refused with the form that is wanted", () => {
  expect(() => parseArmId(resourceType("azure-native:keyvault:Vault"), "/subscriptions/x")).toThrow(
    /must look like .*Microsoft\.KeyVault\/vaults\/\{vaultName\}/,
  );
});
