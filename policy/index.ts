import type { Policies } from "@pulumi/policy";
import { type ResourceRule, resourcePolicy, type SeenInputs, stackPolicy } from "./core/rule";
import { acceptedBroadGrant } from "./rules/accepted-broad-grant";
import { federatedCredentialWellFormed } from "./rules/federated-credential-well-formed";
import { noAksLocalAccounts } from "./rules/no-aks-local-accounts";
import { noBroadRole } from "./rules/no-broad-role";
import { noGrantAboveResourceGroup } from "./rules/no-grant-above-resource-group";
import { noRegistryAdminUser } from "./rules/no-registry-admin-user";
import { noSharedKeys } from "./rules/no-shared-keys";
import { noSqlPasswords } from "./rules/no-sql-passwords";
import { principalTypeSet } from "./rules/principal-type-set";
import { vaultWithRbac } from "./rules/vault-with-rbac";
import { workloadIdentityPods } from "./rules/workload-identity-pods";

const resourceRules: ResourceRule[] = [
  noBroadRole,
  noGrantAboveResourceGroup,
  acceptedBroadGrant,
  principalTypeSet,
  noSharedKeys,
  noSqlPasswords,
  noRegistryAdminUser,
  noAksLocalAccounts,
  vaultWithRbac,
  federatedCredentialWellFormed,
];

const seen: SeenInputs = new Map();

/** Every rule of the pack, as `start.cjs` gives them to the engine. */
export const policies: Policies = [
  ...resourceRules.map((rule) => resourcePolicy(rule, seen)),
  stackPolicy(workloadIdentityPods, seen),
];
