import type { ResourceType } from "./resource-type";
import { authorization } from "./resource-types/authorization";
import { containerRegistry } from "./resource-types/container-registry";
import { containerService } from "./resource-types/container-service";
import { keyVault } from "./resource-types/key-vault";
import { managedIdentity } from "./resource-types/managed-identity";
import { resources } from "./resource-types/resources";
import { sql } from "./resource-types/sql";
import { storage } from "./resource-types/storage";

/**
 * The table of everything that this provider can make. A type that is missing is one more entry in the file of
 * its namespace; its inputs and outputs are those of its class in @pulumi/azure-native, its ARM names those of
 * Microsoft's API specification.
 * @see https://github.com/Azure/azure-rest-api-specs
 */
export const resourceTypes: readonly ResourceType[] = [
  ...resources,
  ...managedIdentity,
  ...authorization,
  ...keyVault,
  ...storage,
  ...sql,
  ...containerRegistry,
  ...containerService,
];

const byToken = new Map(resourceTypes.map((type) => [type.token, type]));

/** @throws Error for a type that the table does not have */
export function resourceType(token: string): ResourceType {
  const type = byToken.get(token);
  if (type === undefined) {
    throw new Error(
      `The sandbox does not know the resource type '${token}'. Types are listed in sandbox/provider/azure-native/resource-types.ts.`,
    );
  }
  return type;
}
