import * as managedidentity from "@pulumi/azure-native/managedidentity";
import * as pulumi from "@pulumi/pulumi";
import { type Check, check } from "../core/errors";
import { isValidName, nameRules } from "../core/naming";
import type { UserAssignedIdentity } from "./user-assigned-identity";

/** The audience of every token that Azure takes in exchange for one of its own, outside sovereign clouds. */
export const tokenExchangeAudience = "api://AzureADTokenExchange";

/** @see https://learn.microsoft.com/graph/api/resources/federatedidentitycredential */
export const maxCredentialFieldLength = 600;

/** The subject of a ServiceAccount's tokens; Entra compares it with regard to case. */
export function serviceAccountSubject(namespace: string, serviceAccount: string): string {
  return `system:serviceaccount:${namespace}:${serviceAccount}`;
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
   * 3 to 120 letters, digits, `_` or `-`. A change replaces the credential.
   *
   * @default `fc-<name>`
   */
  credentialName?: string;
}

/**
 * Lets whoever holds a token of `issuer` for `subject` become `identity`. The credentials of one identity are
 * written, and deleted, one after another.
 *
 * @see https://learn.microsoft.com/entra/workload-id/workload-identity-federation
 */
export class FederatedCredential extends managedidentity.FederatedIdentityCredential {
  /**
   * @throws ArgumentError when the name, issuer, subject or audience cannot work, when it is the identity's
   * 21st credential, or when the identity has one with the same issuer and subject
   */
  constructor(name: string, args: FederatedCredentialArgs, options: pulumi.CustomResourceOptions = {}) {
    const { identity, issuer, subject, audience = tokenExchangeAudience } = args;
    const credentialName = args.credentialName ?? `fc-${name}`;
    check(`FederatedCredential ${name}`, [
      {
        argument: "credentialName",
        holds: isValidName("federatedCredential", credentialName),
        allowed: nameRules.federatedCredential.allowed,
        got: credentialName,
      },
      ...checkCredentialFields({ issuer, subject, audience }),
    ]);
    const key =
      typeof issuer === "string" && typeof subject === "string" ? `${issuer} ${subject}` : undefined;
    const previous = identity.admitCredential(key);
    super(
      name,
      {
        resourceGroupName: identity.resourceGroupName,
        resourceName: identity.name,
        federatedIdentityCredentialResourceName: credentialName,
        issuer,
        subject,
        audiences: [audience],
      },
      pulumi.mergeOptions(options, {
        // Issuer and subject are unique on an identity, so the old one goes first.
        deleteBeforeReplace: true,
        ...(previous ? { dependsOn: previous } : {}),
      }),
    );
    identity.addCredential(key, this);
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
