import { ApplicationAppRole } from "@pulumi/azuread/applicationAppRole";
import { ApplicationFederatedIdentityCredential } from "@pulumi/azuread/applicationFederatedIdentityCredential";
import { ApplicationIdentifierUri } from "@pulumi/azuread/applicationIdentifierUri";
import { ApplicationPermissionScope } from "@pulumi/azuread/applicationPermissionScope";
import { ApplicationRegistration } from "@pulumi/azuread/applicationRegistration";
import type { AppRoleAssignment } from "@pulumi/azuread/appRoleAssignment";
import { ServicePrincipal } from "@pulumi/azuread/servicePrincipal";
import * as pulumi from "@pulumi/pulumi";
import { ArgumentError } from "../core/errors";
import type { AppRolePermission, Principal } from "../core/permission";
import type { WorkloadProof } from "../propagation/proof";
import { checkAppRegistration, credentialEnding, permissionId } from "./app-registration-checks";
import {
  credentialName,
  serviceAccountSubject,
  type TokenIssuer,
  type TrustedToken,
  tokenExchangeAudience,
} from "./federated-credential";
import { assignAppRole } from "./grant-access";

/** A role that callers are given; tokens name it in their claim `roles`. */
export interface AppRoleArgs {
  /** 1 to 250 characters without spaces, unique among roles and scopes: "Orders.Read". A change replaces the role. */
  value: string;
  /** What it lets its holder do: 1 to 1,000 characters. */
  description: string;
  /** 1 to 100 characters. @default the value */
  displayName?: string;
  /** Who can hold it: workloads, people and groups, or both. @default ["Application"] */
  allowedMemberTypes?: ("Application" | "User")[];
}

/** What an application may do in the API for the user who signed in to it; tokens name it in their claim `scp`. */
export interface PermissionScopeArgs {
  /** 1 to 120 characters without spaces, unique among roles and scopes: "Orders.Read.Own". A change replaces the scope. */
  value: string;
  /** What whoever consents reads: 1 to 1,000 characters. */
  description: string;
  /** 1 to 100 characters. @default the value */
  displayName?: string;
  /** Who may consent: users for themselves, or administrators for all. @default "Admin" */
  consent?: "Admin" | "User";
}

/** A ServiceAccount whose tokens become the application. */
export interface ServiceAccountReference {
  /** The cluster, of which only the issuer of its tokens matters here, and whether it changes. */
  cluster: TokenIssuer;
  namespace: string;
  serviceAccount: string;
}

export interface AppRegistrationArgs {
  /** 1 to 256 characters; need not be unique. @default `<name>-<stack>` */
  displayName?: string;
  /** @default none */
  appRoles?: AppRoleArgs[];
  /** @default none */
  scopes?: PermissionScopeArgs[];
  /** The application's own pods. @default none */
  serviceAccounts?: ServiceAccountReference[];
  /** Others who may become the application: a pipeline. @default none */
  trusts?: TrustedToken[];
  /**
   * What tokens are asked for. A change replaces the URI.
   *
   * @default `api://<client id>`
   */
  identifierUri?: pulumi.Input<string>;
  /**
   * Whether anybody in the tenant gets tokens for this API. Otherwise only those with one of its roles do.
   *
   * @default false
   */
  openToTenant?: boolean;
}

/**
 * A web API in Entra: an application and its service principal, the roles and scopes that callers are given, and
 * the tokens by which its own pods become it. It has no password, and none can be made through it.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/quickstart-web-api-aspnet-core-protect-api
 */
export class AppRegistration extends pulumi.ComponentResource implements Principal {
  /** The client id, also the audience of its tokens. */
  readonly clientId: pulumi.Output<string>;
  /** The object id of the application, which is not its principal's. */
  readonly objectId: pulumi.Output<string>;
  /** The object id of the service principal: what role assignments name. */
  readonly principalId: pulumi.Output<string>;
  readonly principalType = "ServicePrincipal";
  readonly tenantId: pulumi.Output<string>;
  /** The display name. */
  readonly name: pulumi.Output<string>;
  readonly identifierUri: pulumi.Output<string>;
  /** What callers ask for tokens with: `api://<client id>/.default`. */
  readonly defaultScope: pulumi.Output<string>;
  /** The `iss` of tokens for this API, which it has to check. */
  readonly tokenIssuer: pulumi.Output<string>;
  /** The `aud` of tokens for this API, which it has to check. */
  readonly tokenAudience: pulumi.Output<string>;

  /** What a `Propagation` has to see working before the API's own pods start: one for each ServiceAccount. */
  readonly proofs: readonly pulumi.Output<WorkloadProof>[];

  readonly #label: string;
  readonly #apiName: string;
  readonly #roles = new Map<string, ApplicationAppRole>();

  /** @throws ArgumentError when a role, a scope, a credential or the display name is not one, or is there twice */
  constructor(name: string, args: AppRegistrationArgs = {}, options: pulumi.ComponentResourceOptions = {}) {
    const displayName = args.displayName ?? `${name}-${pulumi.getStack()}`;
    const label = `AppRegistration ${name}`;
    checkAppRegistration(label, { ...args, displayName });
    super("azure-keyless:identity:AppRegistration", name, {}, options);
    this.#label = label;
    this.#apiName = name;
    const parent = { parent: this };
    const application = new ApplicationRegistration(
      name,
      { displayName, signInAudience: "AzureADMyOrg", requestedAccessTokenVersion: 2 },
      parent,
    );
    const principal = new ServicePrincipal(
      name,
      { clientId: application.clientId, appRoleAssignmentRequired: !args.openToTenant },
      parent,
    );
    const uri = new ApplicationIdentifierUri(
      name,
      {
        applicationId: application.id,
        identifierUri: args.identifierUri ?? pulumi.interpolate`api://${application.clientId}`,
      },
      parent,
    );
    for (const role of args.appRoles ?? [])
      this.#roles.set(role.value, appRole(name, role, application, this));
    for (const scope of args.scopes ?? []) permissionScope(name, scope, application, this);
    const credentials = trustTokens(name, args, application, this);

    this.clientId = application.clientId;
    this.objectId = application.objectId;
    this.principalId = principal.objectId;
    this.tenantId = principal.applicationTenantId;
    this.name = application.displayName;
    this.identifierUri = uri.identifierUri;
    this.defaultScope = pulumi.interpolate`${this.identifierUri}/.default`;
    this.tokenIssuer = pulumi.interpolate`https://login.microsoftonline.com/${this.tenantId}/v2.0`;
    this.tokenAudience = this.clientId;
    this.proofs = (args.serviceAccounts ?? []).map(
      ({ namespace, serviceAccount }, index) =>
        pulumi.output({
          kind: "workload" as const,
          name: `${namespace}/${serviceAccount}`,
          namespace,
          serviceAccount,
          tenantId: this.tenantId,
          clientId: this.clientId,
          identityId: application.id,
          audience: tokenExchangeAudience,
          issuer: (credentials[index] as ApplicationFederatedIdentityCredential).issuer,
          subject: serviceAccountSubject(namespace, serviceAccount),
          touches: [],
          waitsFor: [(credentials[index] as ApplicationFederatedIdentityCredential).id],
        }) as pulumi.Output<WorkloadProof>,
    );
    this.registerOutputs({
      clientId: this.clientId,
      principalId: this.principalId,
      identifierUri: this.identifierUri,
      tokenIssuer: this.tokenIssuer,
    });
  }

  /**
   * The permission to call the API in a role of its own; a workload that is given it starts when its tokens name the
   * role: `access: [api.appRole("Orders.Read")]`.
   *
   * @param value the role's
   * @throws ArgumentError when the API declares no such role
   */
  appRole(value: string): AppRolePermission {
    const role = this.#roles.get(value);
    if (!role) {
      throw new ArgumentError(this.#label, "appRole", `one of ${[...this.#roles.keys()].join(", ")}`, value);
    }
    return {
      name: `${this.#apiName}-${value}`,
      intent: `call ${this.#apiName} as ${value}`,
      appRole: {
        value,
        // By way of the role's id the assignment comes after the role.
        id: pulumi.all([role.roleId, role.id]).apply(([id]) => id),
        resourceObjectId: this.principalId,
      },
      scope: this.identifierUri,
      touch: { kind: "appRole", identifierUri: this.identifierUri, appRole: value },
    };
  }

  /**
   * Gives `principal` a role of this API.
   *
   * @param name the assignment's name in the stack
   * @param args.appRole the role's value
   * @throws ArgumentError when the API declares no such role
   */
  assignAppRole(
    name: string,
    args: { appRole: string; principal: Principal },
    options: pulumi.CustomResourceOptions = {},
  ): AppRoleAssignment {
    const { appRole, principal } = args;
    return assignAppRole(name, { access: this.appRole(appRole), principal }, { parent: this, ...options });
  }
}

function appRole(
  name: string,
  { value, description, displayName, allowedMemberTypes = ["Application"] }: AppRoleArgs,
  application: ApplicationRegistration,
  parent: pulumi.Resource,
): ApplicationAppRole {
  return new ApplicationAppRole(
    `${name}-${value}`,
    {
      applicationId: application.id,
      roleId: permissionId(value),
      value,
      displayName: displayName ?? value,
      description,
      allowedMemberTypes,
    },
    { parent },
  );
}

function permissionScope(
  name: string,
  { value, description, displayName, consent = "Admin" }: PermissionScopeArgs,
  application: ApplicationRegistration,
  parent: pulumi.Resource,
): void {
  const shown = displayName ?? value;
  new ApplicationPermissionScope(
    `${name}-${value}`,
    {
      applicationId: application.id,
      scopeId: permissionId(value),
      value,
      type: consent,
      adminConsentDisplayName: shown,
      adminConsentDescription: description,
      ...(consent === "User" ? { userConsentDisplayName: shown, userConsentDescription: description } : {}),
    },
    { parent },
  );
}

/**
 * One credential for each token that may become the application, written one after another; the pods' come first. A
 * new issuer's is there before the old one's goes.
 */
function trustTokens(
  name: string,
  { serviceAccounts = [], trusts = [] }: AppRegistrationArgs,
  application: ApplicationRegistration,
  parent: pulumi.Resource,
): ApplicationFederatedIdentityCredential[] {
  const tokens: { name: string; issuer: pulumi.Input<string>; subject: string }[] = [
    ...serviceAccounts.map((account) => ({
      name: credentialEnding(account),
      issuer: account.cluster.issuerUrl,
      subject: serviceAccountSubject(account.namespace, account.serviceAccount),
    })),
    ...trusts,
  ];
  const credentials: ApplicationFederatedIdentityCredential[] = [];
  for (const { name: ending, issuer, subject } of tokens) {
    const previous = credentials.at(-1);
    credentials.push(
      new ApplicationFederatedIdentityCredential(
        `${name}-${ending}`,
        {
          applicationId: application.id,
          displayName: pulumi.all([issuer, subject]).apply(([iss, sub]) => credentialName(ending, iss, sub)),
          issuer,
          subject,
          audiences: [tokenExchangeAudience],
        },
        { parent, deleteBeforeReplace: false, ...(previous ? { dependsOn: [previous] } : {}) },
      ),
    );
  }
  return credentials;
}
