import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { environmentSchema } from "../infra/environment-schema";

/** The JSON Schema of a `stacks/Pulumi.<stack>.yaml`, with which editors complete and check it. */
export function stackSchemaSource(): string {
  const { $schema, ...environment } = z.toJSONSchema(environmentSchema, {
    io: "input",
    unrepresentable: "any",
  });
  const schema = {
    $schema,
    title: "The configuration of an azure-keyless environment",
    type: "object",
    properties: {
      config: {
        type: "object",
        properties: {
          "azure-native:location": { type: "string", description: 'The region: "westeurope"' },
          "azure-keyless:environment": environment,
        },
        required: ["azure-keyless:environment"],
      },
      secretsprovider: { type: "string" },
      encryptedkey: { type: "string" },
      encryptionsalt: { type: "string" },
    },
    required: ["config"],
  };
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}

if (require.main === module) {
  writeFileSync(join(__dirname, "..", "stacks", "stack.schema.json"), stackSchemaSource());
}
