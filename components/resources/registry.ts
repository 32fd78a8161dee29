import * as containerregistry from "@pulumi/azure-native/containerregistry";
import * as pulumi from "@pulumi/pulumi";
import { check } from "../core/errors";
import { type NetworkAccess, networkRules } from "../core/network-access";
import type { Permission } from "../core/permission";
import { automaticName, checkName, type Placement } from "./resource-group";

/**
 * How a registry decides who may pull: by the classic roles (AcrPull, AcrPush), or per repository, and then it
 * ignores those roles altogether.
 *
 * @see https://learn.microsoft.com/azure/container-registry/container-registry-rbac-abac-repository-permissions
 */
export type RegistryMode = "LegacyRegistryPermissions" | "AbacRepositoryPermissions";

export interface RegistryArgs {
  resourceGroup: Placement;
  /** Restricting the network takes Premium. @default "Premium" */
  sku?: "Basic" | "Standard" | "Premium";
  /** @default "public" */
  network?: NetworkAccess;
  /**
   * 5 to 50 letters or digits, unique in Azure. A change replaces the registry.
   *
   * @default `cr<name><stack><hash>`
   */
  registryName?: string;
  tags?: pulumi.Input<Record<string, pulumi.Input<string>>>;
}

/** The permissions that a registry hands out, in the role that its mode listens to. */
export class RegistryAccess {
  /**
   * @param name what the registry is called in names and intents
   * @param id its ARM id
   */
  constructor(
    readonly name: string,
    readonly id: pulumi.Output<string>,
    readonly mode: RegistryMode,
  ) {}

  /** Pull images. */
  pull(): Permission {
    const abac = this.mode === "AbacRepositoryPermissions";
    return {
      name: `${this.name}-pull`,
      intent: `pull images from registry ${this.name}`,
      role: abac ? "Container Registry Repository Reader" : "AcrPull",
      scope: this.id,
    };
  }

  /** Push and pull images. */
  push(): Permission {
    const abac = this.mode === "AbacRepositoryPermissions";
    return {
      name: `${this.name}-push`,
      intent: `push images to registry ${this.name}`,
      role: abac ? "Container Registry Repository Writer" : "AcrPush",
      scope: this.id,
    };
  }
}

/**
 * A container registry without admin user and without anonymous pull.
 *
 * @see https://learn.microsoft.com/azure/container-registry/container-registry-authentication
 */
export class Registry extends pulumi.ComponentResource {
  readonly id: pulumi.Output<string>;
  readonly name: pulumi.Output<string>;
  /** `<name>.azurecr.io` */
  readonly loginServer: pulumi.Output<string>;

  readonly #access: RegistryAccess;

  /** @throws ArgumentError when the name is out of range, or the network is restricted below Premium */
  constructor(name: string, args: RegistryArgs, options: pulumi.ComponentResourceOptions = {}) {
    const { resourceGroup, sku = "Premium", network = "public" } = args;
    checkName(`Registry ${name}`, "registryName", "registry", args.registryName);
    check(`Registry ${name}`, [
      {
        argument: "network",
        holds: network === "public" || sku === "Premium",
        allowed: '"public" unless sku is "Premium"',
        got: network,
      },
    ]);
    super("azure-keyless:resources:Registry", name, {}, options);
    const { publicNetworkAccess, defaultAction, ipRanges } = networkRules(network);
    const registry = new containerregistry.Registry(
      name,
      {
        resourceGroupName: resourceGroup.name,
        location: resourceGroup.location,
        registryName: args.registryName ?? automaticName("registry", name, resourceGroup.deployer),
        sku: { name: sku },
        adminUserEnabled: false,
        anonymousPullEnabled: false,
        publicNetworkAccess,
        ...(sku === "Premium"
          ? {
              networkRuleSet: {
                defaultAction,
                ipRules: ipRanges.map((range) => ({ action: "Allow", iPAddressOrRange: range })),
              },
            }
          : {}),
        ...(args.tags === undefined ? {} : { tags: args.tags }),
      },
      { parent: this },
    );
    this.id = registry.id;
    this.name = registry.name;
    this.loginServer = registry.loginServer;
    this.#access = new RegistryAccess(name, this.id, "LegacyRegistryPermissions");
    this.registerOutputs({ id: this.id, name: this.name, loginServer: this.loginServer });
  }

  /**
   * The permissions of a registry that another stack owns.
   *
   * @param name what it is called in permissions' names and intents
   * @param id its ARM id
   * @param mode as `roleAssignmentMode` of the registry says
   */
  static fromId(
    name: string,
    id: pulumi.Input<string>,
    mode: RegistryMode = "LegacyRegistryPermissions",
  ): RegistryAccess {
    return new RegistryAccess(name, pulumi.output(id), mode);
  }

  /** Pull images. */
  pull() {
    return this.#access.pull();
  }

  /** Push and pull images. */
  push() {
    return this.#access.push();
  }
}
