import { z } from "zod";
import { badParameter } from "./errors";

/** @see https://learn.microsoft.com/azure/key-vault/secrets/about-secrets */
const maximumValueBytes = 25 * 1024;
const maximumTags = 15;

const seconds = z.int().min(0);
const attributes = z.object({
  enabled: z.boolean().optional(),
  nbf: seconds.nullish(),
  exp: seconds.nullish(),
});
const properties = z.object({
  contentType: z.string().max(255).nullish(),
  tags: z.record(z.string().max(256), z.string().max(256)).nullish(),
  attributes: attributes.nullish(),
});
const valued = properties.extend({ value: z.string() });

export type SecretProperties = z.infer<typeof properties>;
export type SecretWithValue = z.infer<typeof valued>;

/** The body of Set Secret. @throws KeyVaultError */
export function parseSecret(body: Buffer): SecretWithValue {
  const secret = parse(valued, body);
  if (Buffer.byteLength(secret.value) > maximumValueBytes) {
    throw badParameter(`The secret value exceeds the maximum size of ${maximumValueBytes} bytes.`);
  }
  return secret;
}

/** The body of Update Secret. @throws KeyVaultError */
export const parseProperties = (body: Buffer): SecretProperties => parse(properties, body);

function parse<T extends SecretProperties>(schema: z.ZodType<T>, body: Buffer): T {
  let json: unknown;
  try {
    json = JSON.parse(body.toString("utf8"));
  } catch {
    throw badParameter("The request body is not valid JSON.");
  }
  const result = schema.safeParse(json);
  if (!result.success) {
    // The issue's own message may quote the value; the path never does.
    const path = result.error.issues[0]?.path.join(".") ?? "";
    throw badParameter(
      path ? `Property ${path} has invalid value.` : "The request body is not a JSON object.",
    );
  }
  if (Object.keys(result.data.tags ?? {}).length > maximumTags) {
    throw badParameter(`A secret has at most ${maximumTags} tags.`);
  }
  return result.data;
}

/** @throws KeyVaultError */
export function checkSecretName(name: string): void {
  if (!/^[0-9a-zA-Z-]{1,127}$/.test(name)) {
    throw badParameter(`The request URI contains an invalid name: ${name.slice(0, 200)}`);
  }
}

/** @throws KeyVaultError */
export function checkSecretVersion(version: string): void {
  if (!/^[0-9a-f]{32}$/i.test(version)) {
    throw badParameter(`The request URI contains an invalid version: ${version.slice(0, 200)}`);
  }
}
