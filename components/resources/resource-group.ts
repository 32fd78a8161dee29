import * as resources from "@pulumi/azure-native/resources";
import * as pulumi from "@pulumi/pulumi";
import { type Deployer, deployer } from "../core/deployer";
import { check } from "../core/errors";
import { azureName, isValidName, type NamedKind, nameRules } from "../core/naming";
import type { Principal } from "../core/permission";

/** Where resources are put. {@link ResourceGroup} makes one, {@link ResourceGroup.fromId} takes one that is there. */
export interface Placement {
  readonly id: pulumi.Output<string>;
  readonly name: pulumi.Output<string>;
  readonly location: pulumi.Output<string>;
  readonly deployer: pulumi.Output<Deployer>;
}

export interface ResourceGroupArgs {
  /**
   * The region: "westeurope". A change replaces the group and everything in it.
   *
   * @default the azure-native provider's `location`
   */
  location?: pulumi.Input<string>;
  /**
   * 1 to 90 characters. A change replaces the group and everything in it.
   *
   * @default `rg-<name>-<stack>`
   */
  resourceGroupName?: string;
  tags?: pulumi.Input<Record<string, pulumi.Input<string>>>;
}

/**
 * A resource group.
 *
 * @see https://learn.microsoft.com/azure/azure-resource-manager/management/overview
 */
export class ResourceGroup extends pulumi.ComponentResource implements Placement {
  readonly id: pulumi.Output<string>;
  readonly name: pulumi.Output<string>;
  readonly location: pulumi.Output<string>;
  /** Who runs the program, as the provider of this group knows it. */
  readonly deployer: pulumi.Output<Deployer>;

  /** @throws ArgumentError when `resourceGroupName` is not a resource group's name */
  constructor(name: string, args: ResourceGroupArgs = {}, options: pulumi.ComponentResourceOptions = {}) {
    checkName(`ResourceGroup ${name}`, "resourceGroupName", "resourceGroup", args.resourceGroupName);
    super("azure-keyless:resources:ResourceGroup", name, {}, options);
    this.deployer = deployer({ parent: this });
    const group = new resources.ResourceGroup(
      name,
      {
        resourceGroupName: args.resourceGroupName ?? automaticName("resourceGroup", name, this.deployer),
        ...(args.location === undefined ? {} : { location: args.location }),
        ...(args.tags === undefined ? {} : { tags: args.tags }),
      },
      { parent: this },
    );
    this.id = group.id;
    this.name = group.name;
    this.location = group.location;
    this.registerOutputs({ id: this.id, name: this.name, location: this.location });
  }

  /**
   * A group that another stack or another tool owns.
   *
   * @param id its ARM id
   * @param location the region for what is put into it
   */
  static fromId(
    id: pulumi.Input<string>,
    location: pulumi.Input<string>,
    options: pulumi.InvokeOutputOptions = {},
  ): Placement {
    const known = pulumi.output(id);
    return {
      id: known,
      name: known.apply((text) => text.split("/")[4] ?? ""),
      location: pulumi.output(location),
      deployer: deployer(options),
    };
  }
}

/** Whoever runs the program, as somebody to give permissions to. */
export function deployerPrincipal({ deployer: runner }: Placement): Principal {
  return { principalId: runner.objectId, principalType: runner.principalType };
}

/** The name that a resource gets when none is given: known at preview, the same in every run. */
export function automaticName(
  kind: NamedKind,
  name: string,
  runner: pulumi.Output<Deployer>,
): pulumi.Output<string> {
  return runner.apply(({ subscriptionId }) =>
    azureName(kind, name, { subscriptionId, project: pulumi.getProject(), stack: pulumi.getStack() }),
  );
}

/** @throws ArgumentError when a name is given and Azure would not take it */
export function checkName(
  component: string,
  argument: string,
  kind: NamedKind,
  given: string | undefined,
): void {
  if (given === undefined) return;
  check(component, [
    { argument, holds: isValidName(kind, given), allowed: nameRules[kind].allowed, got: given },
  ]);
}
