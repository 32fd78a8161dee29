import * as managedidentity from "@pulumi/azure-native/managedidentity";
import * as pulumi from "@pulumi/pulumi";
import { type Check, check } from "../core/errors";
import { isValidName, nameRules, shortHash } from "../core/naming";
import type { UserAssignedIdentity } from "./user-assigned-identity";

/** The audience of every token that Azure takes in exchange for one of its own, outside sovereign clouds. */
export const tokenExchangeAudience = "api://AzureADTokenExchange";

/** @see https://learn.microsoft.com/graph/api/resources/federatedidentitycredential */
export const maxCredentialFieldLength = 600;

/** The subject of a ServiceAccount's tokens; Entra compares it with regard to case. */
export function serviceAccountSubject(namespace: string, serviceAccount: string): string {
  return `system:serviceaccount:${namespace}:${serviceAccount}`;
}

/** The name of the credential for a token: another issuer or subject gives another name. */
export function credentialName(name: string, issuer: string, subject: string): string {
  return `fc-${name}-${shortHash(`${issuer} ${subject}`)}`;
}

/** Who issues tokens: a cluster, to its ServiceAccounts. */
export interface TokenIssuer {
  /** The `iss` of the tokens, character by character: an AKS cluster's ends in a slash. */
  readonly issuerUrl: pulumi.Output<string>;
  /** 1, and one more for each time that it is made anew, which changes the URL; absent where another stack knows. */
  readonly generation?: number;
}

/** Whether credentials for an issuer have to make room for those of the one that it takes the place of. */
export const isMadeAnew = ({ generation = 1 }: TokenIssuer): boolean => generation > 1;

/** Other tokens that may become the same identity: a pipeline's, another cluster's. */
export interface TrustedToken {
  /** Stands in the credential's name: "github-main". */
  name: string;
  issuer: string;
  subject: string;
}

export interface FederatedCredentialArgs {
  identity: UserAssignedIdentity;
  /**
   * The `iss` of the tokens, character by character: an AKS cluster's ends in a slash.
   * At most 600 characters, https.
   */
  issuer: pulumi.Input<string>;
  /** The `sub` of the tokens, character by character; at most 600 characters, no wildcards. */
  subject: pulumi.Input<string>;
  /** @default "api://AzureADTokenExchange" */
  audience?: string;
  /**
   * 3 to 120 letters, digits, `_` or `-`. A change replaces the credential. Under a name of your own, a new issuer
   * or subject takes the place of the old one at once.
   *
   * @default `fc-<name>-<hash of issuer and subject>`
   */
  credentialName?: string;
  /**
   * Whether the issuer is one that changes, a cluster's that is made anew: the identity then keeps room for the old
   * credential beside the new one, and counts it twice.
   *
   * @default false
   */
  issuerChanges?: boolean;
}

/**
 * Lets whoever holds a token of `issuer` for `subject` become `identity`. The credentials of one identity are
 * written, and deleted, one after another. When issuer or subject changes, the new credential is there before the
 * old one goes, and that one goes at the end of the update, after what depends on it.
 *
 * @see https://learn.microsoft.com/entra/workload-id/workload-identity-federation
 */
export class FederatedCredential extends managedidentity.FederatedIdentityCredential {
  /**
   * @throws ArgumentError when the name, issuer, subject or audience cannot work, when the identity has no room for
   * it, or has one with the same issuer and subject
   */
  constructor(name: string, args: FederatedCredentialArgs, options: pulumi.CustomResourceOptions = {}) {
    const { identity, issuer, subject, audience = tokenExchangeAudience } = args;
    // Every hash is as long as this one.
    const exemplaryName = args.credentialName ?? credentialName(name, "", "");
    check(`FederatedCredential ${name}`, [
      {
        argument: "credentialName",
        holds: isValidName("federatedCredential", exemplaryName),
        allowed: nameRules.federatedCredential.allowed,
        got: exemplaryName,
      },
      ...checkCredentialFields({ issuer, subject, audience }),
    ]);
    const key =
      typeof issuer === "string" && typeof subject === "string" ? `${issuer} ${subject}` : undefined;
    const holds = args.issuerChanges ? 2 : 1;
    const previous = identity.admitCredential(key, holds);
    super(
      name,
      {
        resourceGroupName: identity.resourceGroupName,
        resourceName: identity.name,
        federatedIdentityCredentialResourceName:
          args.credentialName ??
          pulumi.all([issuer, subject]).apply(([iss, sub]) => credentialName(name, iss, sub)),
        issuer,
        subject,
        audiences: [audience],
      },
      pulumi.mergeOptions(options, {
        // azure-native would do it the other way round, as for everything whose name is given.
        deleteBeforeReplace: false,
        ...(previous ? { dependsOn: previous } : {}),
      }),
    );
    identity.addCredential({ key, holds, resource: this });
  }
}

/** The rules for what is known in the program; what is an Output is left to Azure. */
export function checkCredentialFields(fields: {
  issuer?: unknown;
  subject?: unknown;
  audience?: unknown;
}): Check[] {
  const given = Object.entries(fields).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  );
  return given.flatMap(([argument, got]) => [
    {
      argument,
      holds: got.length >= 1 && got.length <= maxCredentialFieldLength,
      allowed: `1 to ${maxCredentialFieldLength} characters`,
      got,
    },
    { argument, holds: !got.includes("*"), allowed: "without wildcards", got },
    ...(argument === "issuer"
      ? [{ argument, holds: /^https:\/\/[^/]+/.test(got), allowed: "an https URL", got }]
      : []),
  ]);
}
