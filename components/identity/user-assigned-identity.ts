import * as managedidentity from "@pulumi/azure-native/managedidentity";
import * as pulumi from "@pulumi/pulumi";
import { ArgumentError } from "../core/errors";
import type { Principal } from "../core/permission";
import { automaticName, checkName, type Placement } from "../resources/resource-group";

/** @see https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations */
export const maxFederatedCredentials = 20;

export interface UserAssignedIdentityArgs {
  resourceGroup: Placement;
  /**
   * 3 to 128 letters, digits, `_` or `-`. A change replaces the identity.
   *
   * @default `id-<name>-<stack>`
   */
  identityName?: string;
  /** @default the group's; a change replaces the identity */
  location?: pulumi.Input<string>;
  tags?: pulumi.Input<Record<string, pulumi.Input<string>>>;
}

/**
 * A user-assigned managed identity.
 *
 * @see https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/overview
 */
export class UserAssignedIdentity extends pulumi.ComponentResource implements Principal {
  readonly id: pulumi.Output<string>;
  readonly name: pulumi.Output<string>;
  readonly resourceGroupName: pulumi.Output<string>;
  /** What an application presents itself as, and a ServiceAccount's annotation names. */
  readonly clientId: pulumi.Output<string>;
  /** What role assignments name. */
  readonly principalId: pulumi.Output<string>;
  readonly principalType = "ServicePrincipal";
  readonly tenantId: pulumi.Output<string>;

  readonly #label: string;
  readonly #credentials: { key: string | undefined; resource: pulumi.Resource }[] = [];

  /** @throws ArgumentError when `identityName` is not an identity's name */
  constructor(name: string, args: UserAssignedIdentityArgs, options: pulumi.ComponentResourceOptions = {}) {
    checkName(`UserAssignedIdentity ${name}`, "identityName", "userAssignedIdentity", args.identityName);
    super("azure-keyless:identity:UserAssignedIdentity", name, {}, options);
    const { resourceGroup } = args;
    const identity = new managedidentity.UserAssignedIdentity(
      name,
      {
        resourceGroupName: resourceGroup.name,
        resourceName:
          args.identityName ?? automaticName("userAssignedIdentity", name, resourceGroup.deployer),
        location: args.location ?? resourceGroup.location,
        ...(args.tags === undefined ? {} : { tags: args.tags }),
      },
      { parent: this },
    );
    this.#label = `UserAssignedIdentity ${name}`;
    this.id = identity.id;
    this.name = identity.name;
    this.resourceGroupName = resourceGroup.name;
    this.clientId = identity.clientId;
    this.principalId = identity.principalId;
    this.tenantId = identity.tenantId;
    this.registerOutputs({
      id: this.id,
      name: this.name,
      clientId: this.clientId,
      principalId: this.principalId,
      tenantId: this.tenantId,
    });
  }

  /**
   * Puts a federated credential into the identity's queue: Azure takes one write or delete at a time.
   *
   * @param key issuer and subject, when both are known in the program
   * @param create makes the credential after the one that is given
   * @throws ArgumentError for the 21st credential, and for a second one with the same issuer and subject
   */
  enqueueCredential<T extends pulumi.Resource>(
    key: string | undefined,
    create: (previous: pulumi.Resource | undefined) => T,
  ): T {
    if (this.#credentials.length >= maxFederatedCredentials) {
      throw new ArgumentError(
        this.#label,
        "federated credentials",
        `at most ${maxFederatedCredentials}; give the next workload an identity of its own`,
        this.#credentials.length + 1,
      );
    }
    if (key !== undefined && this.#credentials.some((credential) => credential.key === key)) {
      throw new ArgumentError(this.#label, "federated credentials", "unique in issuer and subject", key);
    }
    const resource = create(this.#credentials.at(-1)?.resource);
    this.#credentials.push({ key, resource });
    return resource;
  }
}
