export { ArgumentError } from "./core/errors";
export type { NetworkAccess } from "./core/network-access";
export {
  type Access,
  type BroadPermission,
  broadPermission,
  type Permission,
  type Principal,
} from "./core/permission";
export { assignRole } from "./core/role-assignment";
export { type RoleName, roleCatalogue } from "./core/role-catalogue";
export {
  FederatedCredential,
  type FederatedCredentialArgs,
  serviceAccountSubject,
  tokenExchangeAudience,
} from "./identity/federated-credential";
export { UserAssignedIdentity, type UserAssignedIdentityArgs } from "./identity/user-assigned-identity";
export { Cluster, type ClusterArgs, type ClusterReference } from "./kubernetes/cluster";
export { Workload, type WorkloadArgs } from "./kubernetes/workload";
export {
  type TrustedToken,
  WorkloadIdentity,
  type WorkloadIdentityArgs,
} from "./kubernetes/workload-identity";
export type { Proof, PropagationMethod } from "./propagation/proof";
export { Propagation, type PropagationArgs } from "./propagation/propagation";
export { KeyVault, type KeyVaultArgs } from "./resources/key-vault";
export { KeyVaultAccess, type KeyVaultSecretAccess } from "./resources/key-vault-access";
export { Registry, RegistryAccess, type RegistryArgs, type RegistryMode } from "./resources/registry";
export { type Placement, ResourceGroup, type ResourceGroupArgs } from "./resources/resource-group";
export {
  type SqlAdministrator,
  type SqlDatabaseAccess,
  type SqlDatabaseArgs,
  SqlServer,
  type SqlServerArgs,
} from "./resources/sql-server";
export { StorageAccount, type StorageAccountArgs } from "./resources/storage-account";
export { type BlobContainerAccess, StorageAccountAccess } from "./resources/storage-account-access";
