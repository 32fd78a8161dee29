import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../dynamic/resource";

export interface VaultNameArgs {
  /** The name to have when it is free. A change replaces the vault. */
  baseName: pulumi.Input<string>;
  subscriptionId: pulumi.Input<string>;
}

/**
 * A vault's name, chosen when the vault is first made and kept: a deleted vault holds on to its name for 7 to 90
 * days, and the next environment of that name must not wait for it.
 */
export class VaultName extends DynamicResource {
  declare readonly vaultName: pulumi.Output<string>;

  constructor(name: string, args: VaultNameArgs, options: pulumi.CustomResourceOptions) {
    super("vaultName", "VaultName", name, { ...args, vaultName: undefined }, options);
  }
}
