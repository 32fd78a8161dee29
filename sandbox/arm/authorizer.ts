/** What a caller wants to do. */
export interface AccessRequest {
  principalId: string;
  /** A control-plane action or, with `dataAction`, a data-plane one: `Microsoft.KeyVault/vaults/secrets/getSecret/action`. */
  operation: string;
  dataAction: boolean;
  /** The ARM id of what is to be touched, down to the secret, container or blob. */
  scope: string;
  /** What a role assignment's condition may look at: `Microsoft.Storage/…/blobs:path` and the like. */
  attributes?: Record<string, string>;
}

export type Decision =
  | { allowed: true; assignmentId: string }
  /** `notYetEffective` when an assignment would allow it but has not propagated. */
  | { allowed: false; notYetEffective?: boolean };

export interface Authorizer {
  decide(request: AccessRequest): Decision;
}
