import { functionTokens } from "./functions";
import { nameInput, pathInputs } from "./resource-type";
import { resourceTypes } from "./resource-types";
import { bodyInputs, outputNames } from "./translation";

const anything = { $ref: "pulumi.json#/Any" };
const text = { type: "string" };

/**
 * A package schema that says what exists and leaves open what it is made of.
 * @see https://www.pulumi.com/docs/using-pulumi/pulumi-packages/schema/
 */
export function packageSchema(name: string, version: string): object {
  const resources = resourceTypes.map((type) => {
    const inPath = pathInputs(type);
    const scalars = new Set([...inPath, "location", "name", "type", "azureApiVersion"]);
    const properties = (members: string[]) =>
      Object.fromEntries(members.map((member) => [member, scalars.has(member) ? text : anything]));
    return [
      type.token,
      {
        inputProperties: properties([...inPath, ...bodyInputs(type)]),
        requiredInputs: [...inPath, ...(type.required ?? [])].filter(
          (input) => input !== nameInput(type) && input !== "location",
        ),
        properties: properties(outputNames(type)),
      },
    ] as const;
  });
  const lookups = [
    ...functionTokens,
    "azure-native:authorization:getClientConfig",
    "azure-native:authorization:getClientToken",
  ];
  const open = { additionalProperties: anything, type: "object" };
  return {
    name,
    version,
    config: { variables: Object.fromEntries(configuration.map((key) => [key, text])) },
    provider: { inputProperties: Object.fromEntries(configuration.map((key) => [key, text])) },
    resources: Object.fromEntries(resources),
    functions: Object.fromEntries(
      lookups.map((token) => [
        token,
        { inputs: { type: "object", properties: {} }, outputs: { ...open, properties: {} } },
      ]),
    ),
  };
}

const configuration = ["location", "subscriptionId", "tenantId", "clientId"];
