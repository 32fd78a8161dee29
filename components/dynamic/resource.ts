import * as pulumi from "@pulumi/pulumi";

/** The providers that `entry.cjs` serves. */
export type DynamicProviderName = "vaultName" | "propagation" | "sqlDatabaseUser";

/** What the engine calls the resources of a class: "Propagation". */
export const dynamicType = (type: string): string => `pulumi-nodejs:dynamic/azure-keyless:${type}`;

/**
 * A resource whose create, update and delete run in this library's own code, in the engine's dynamic-provider
 * process.
 *
 * `pulumi.dynamic.Resource` would write the code itself, serialised, into every stack's state: each edit of it,
 * and of whatever it reaches, would show up as a change. Here the state holds one constant line that asks the
 * installed library for the provider.
 */
export abstract class DynamicResource extends pulumi.CustomResource {
  constructor(
    provider: DynamicProviderName,
    type: string,
    name: string,
    properties: pulumi.Inputs,
    options: pulumi.CustomResourceOptions,
  ) {
    super(dynamicType(type), name, { ...properties, __provider: providerSource(provider) }, options);
  }
}

function providerSource(provider: DynamicProviderName): string {
  const library = 'require("node:module").createRequire(process.cwd() + "/")("azure-keyless/dynamic")';
  return `exports.handler = () => ${library}.${provider};`;
}
