import { appRoleAssignment } from "./app-role-assignment";
import { application } from "./application";
import { appRole, identifierUri, permissionScope } from "./application-parts";
import { applicationRegistration } from "./application-registration";
import { federatedCredential } from "./federated-credential";
import type { AzureAdType } from "./resource-type";
import { servicePrincipal } from "./service-principal";

export const resourceTypes: readonly AzureAdType[] = [
  application,
  applicationRegistration,
  identifierUri,
  appRole,
  permissionScope,
  federatedCredential,
  servicePrincipal,
  appRoleAssignment,
];

/** @throws Error when the sandbox's provider has no such type */
export function resourceType(token: string): AzureAdType {
  const type = resourceTypes.find((one) => one.token === token);
  if (!type) throw new Error(`The sandbox does not know the resource type '${token}'.`);
  return type;
}
