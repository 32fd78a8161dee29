import { readFile } from "node:fs/promises";
import {
  ClientAssertionCredential,
  ClientSecretCredential,
  DefaultAzureCredential,
  type TokenCredential,
} from "@azure/identity";

/**
 * The login of whoever runs the engine, as the azure-native provider finds it: its own ARM_* variables first
 * (OIDC, then a secret), then everything that DefaultAzureCredential knows (workload identity, managed
 * identity, the Azure CLI and so on).
 *
 * @see https://www.pulumi.com/registry/packages/azure-native/installation-configuration/
 */
export function deployerCredential(env: NodeJS.ProcessEnv = process.env): TokenCredential {
  const { ARM_TENANT_ID: tenant, ARM_CLIENT_ID: client, ARM_CLIENT_SECRET: secret } = env;
  const tokenFile = env.ARM_OIDC_TOKEN_FILE_PATH;
  if (tenant && client && tokenFile && env.ARM_USE_OIDC === "true") {
    return new ClientAssertionCredential(tenant, client, async () =>
      (await readFile(tokenFile, "utf8")).trim(),
    );
  }
  if (tenant && client && secret) return new ClientSecretCredential(tenant, client, secret);
  return new DefaultAzureCredential();
}
