export { ArgumentError } from "./core/errors";
export type { NetworkAccess } from "./core/network-access";
export {
  type Access,
  type AppRolePermission,
  type BroadPermission,
  broadPermission,
  type DatabasePermission,
  type DatabaseReference,
  type DatabaseRole,
  type Permission,
  type Principal,
  type RoleAccess,
} from "./core/permission";
export { assignRole } from "./core/role-assignment";
export { type RoleName, roleCatalogue } from "./core/role-catalogue";
export {
  AppRegistration,
  type AppRegistrationArgs,
  type AppRoleArgs,
  type PermissionScopeArgs,
  type ServiceAccountReference,
} from "./identity/app-registration";
export {
  FederatedCredential,
  type FederatedCredentialArgs,
  serviceAccountSubject,
  type TokenIssuer,
  type TrustedToken,
  tokenExchangeAudience,
} from "./identity/federated-credential";
export { grantAccess } from "./identity/grant-access";
export { UserAssignedIdentity, type UserAssignedIdentityArgs } from "./identity/user-assigned-identity";
export { Cluster, type ClusterArgs, type ClusterReference } from "./kubernetes/cluster";
export { Workload, type WorkloadArgs } from "./kubernetes/workload";
export { WorkloadIdentity, type WorkloadIdentityArgs } from "./kubernetes/workload-identity";
export type { Proof, PropagationMethod, WorkloadProof } from "./propagation/proof";
export { Propagation, type PropagationArgs } from "./propagation/propagation";
export { KeyVault, type KeyVaultArgs } from "./resources/key-vault";
export { KeyVaultAccess, type KeyVaultSecretAccess } from "./resources/key-vault-access";
export { Registry, RegistryAccess, type RegistryArgs, type RegistryMode } from "./resources/registry";
export { type Placement, ResourceGroup, type ResourceGroupArgs } from "./resources/resource-group";
export { SqlDatabaseUser, type SqlDatabaseUserArgs } from "./resources/sql-database-user";
export {
  type SqlAdministrator,
  type SqlDatabaseArgs,
  SqlServer,
  type SqlServerArgs,
} from "./resources/sql-server";
export { type SqlDatabaseAccess, SqlServerAccess } from "./resources/sql-server-access";
export { StorageAccount, type StorageAccountArgs } from "./resources/storage-account";
export { type BlobContainerAccess, StorageAccountAccess } from "./resources/storage-account-access";
