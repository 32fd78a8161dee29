import * as managedidentity from "@pulumi/azure-native/managedidentity";
import type * as pulumi from "@pulumi/pulumi";
import { ArgumentError } from "../core/errors";
import type { Principal } from "../core/permission";
import { automaticName, checkName, type Placement } from "../resources/resource-group";

/** @see https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations */
export const maxFederatedCredentials = 20;

/** A credential of an identity, as the identity remembers it. */
export interface AdmittedCredential {
  /** Issuer and subject, when both are known in the program. */
  key: string | undefined;
  /** How many the identity may come to hold for it: two where the issuer changes, the old one and the new. */
  holds: 1 | 2;
  resource: pulumi.Resource;
}

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
 * A user-assigned managed identity. Its `clientId` is what an application presents itself as, and what a
 * ServiceAccount's annotation names; its `principalId` is what role assignments name.
 *
 * @see https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/overview
 */
export class UserAssignedIdentity extends managedidentity.UserAssignedIdentity implements Principal {
  readonly resourceGroupName: pulumi.Output<string>;
  readonly principalType = "ServicePrincipal";

  readonly #label: string;
  readonly #credentials: AdmittedCredential[] = [];

  /** @throws ArgumentError when `identityName` is not an identity's name */
  constructor(name: string, args: UserAssignedIdentityArgs, options: pulumi.CustomResourceOptions = {}) {
    const label = `UserAssignedIdentity ${name}`;
    checkName(label, "identityName", "userAssignedIdentity", args.identityName);
    const { resourceGroup } = args;
    super(
      name,
      {
        resourceGroupName: resourceGroup.name,
        resourceName:
          args.identityName ?? automaticName("userAssignedIdentity", name, resourceGroup.deployer),
        location: args.location ?? resourceGroup.location,
        ...(args.tags === undefined ? {} : { tags: args.tags }),
      },
      options,
    );
    this.#label = label;
    this.resourceGroupName = resourceGroup.name;
  }

  /**
   * Checks that the identity takes one more federated credential.
   *
   * @returns the credential that it must come after: Azure takes one write or delete at a time
   * @throws ArgumentError when there may come to be more than 20, and for a second one with the same issuer and subject
   */
  admitCredential(
    key: AdmittedCredential["key"],
    holds: AdmittedCredential["holds"],
  ): pulumi.Resource | undefined {
    const held = this.#credentials.reduce<number>((sum, credential) => sum + credential.holds, holds);
    if (held > maxFederatedCredentials) {
      const twice = holds === 2 ? ", where those of a cluster made anew count twice, old and new" : "";
      throw new ArgumentError(
        this.#label,
        "federated credentials",
        `at most ${maxFederatedCredentials}${twice}; give the next workload an identity of its own`,
        held,
      );
    }
    if (key !== undefined && this.#credentials.some((credential) => credential.key === key)) {
      throw new ArgumentError(this.#label, "federated credentials", "unique in issuer and subject", key);
    }
    return this.#credentials.at(-1)?.resource;
  }

  /** Takes note of a credential that {@link admitCredential} let through. */
  addCredential(credential: AdmittedCredential): void {
    this.#credentials.push(credential);
  }
}
