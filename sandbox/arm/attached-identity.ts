import { AzureError } from "../core/azure-error";
import { isAllowed } from "./arm-call";
import { linkedAuthorizationFailed } from "./errors";
import { isObject, type JsonObject, objectIn, optionalObjectIn, textIn } from "./json";
import { getResource, type StoredResource } from "./resource";
import type { Write } from "./resource-type";

const assign = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action";

/** The user-assigned identity with this id. @throws AzureError 400 FailedIdentityOperation when there is none */
export function userAssignedIdentity(
  { call, id }: Pick<Write, "call" | "id">,
  identityId: string,
): StoredResource {
  const identity = getResource(call.context.store, identityId);
  if (identity?.body.type !== "Microsoft.ManagedIdentity/userAssignedIdentities") {
    throw new AzureError(
      400,
      "FailedIdentityOperation",
      `Identity operation for resource '${id}' failed with error 'Failed to perform resource identity operation. Status: 'BadRequest'. Response: '{"error":{"code":"BadRequest","message":"Resource '${identityId}' was not found."}}'.'.`,
    );
  }
  return identity;
}

/** @throws AzureError 403 LinkedAuthorizationFailed when the caller may not attach these identities */
export function requireAssign(
  { call, id }: Pick<Write, "call" | "id">,
  operation: string,
  identityIds: string[],
): void {
  const refused = identityIds.filter((identityId) => !isAllowed(call, assign, identityId));
  if (refused.length > 0) {
    throw linkedAuthorizationFailed(
      call.caller,
      { operation, scope: id },
      { operation: assign, scopes: refused },
    );
  }
}

/**
 * The `identity` that a resource has after a write: user-assigned ones with their ids, and a system-assigned one
 * that is made when it is asked for and removed when it no longer is. Undefined for no identity.
 *
 * @throws AzureError 400 when an identity is not there, 403 when the caller may not attach it
 */
export function attachIdentity(write: Write, operation: string): JsonObject | undefined {
  const { directory, account } = write.call.context;
  const asked = optionalObjectIn(write.body, "identity");
  const before = isObject(write.existing?.body.identity) ? write.existing.body.identity : {};
  const type = asked ? (textIn(asked, "type") ?? "None") : "None";
  const kinds = type.split(",").map((kind) => kind.trim().toLowerCase());
  const unknown = kinds.find((kind) => !["none", "systemassigned", "userassigned"].includes(kind));
  if (unknown !== undefined) {
    throw new AzureError(400, "InvalidIdentityType", `The identity type '${type}' is not supported.`);
  }

  const principalBefore = textIn(before, "principalId");
  if (!kinds.includes("systemassigned") && principalBefore !== undefined) directory.remove(principalBefore);
  const systemAssigned = () => ({
    principalId:
      principalBefore ??
      directory.createManagedIdentity({ displayName: write.name, resourceId: write.id }).objectId,
    tenantId: account.tenantId,
  });

  const identityIds = Object.keys(asked ? objectIn(asked, "userAssignedIdentities") : {});
  const added = identityIds.filter((id) => !isAttached(before, id));
  requireAssign(write, operation, added);
  const userAssigned = identityIds.map((id) => {
    const { principalId, clientId } = userAssignedIdentity(write, id).body.properties;
    return [id, { principalId, clientId }] as const;
  });
  if (kinds.includes("userassigned") && userAssigned.length === 0) {
    throw new AzureError(
      400,
      "MissingIdentityIds",
      "The identity ids must not be null or empty for 'UserAssigned' identity type.",
    );
  }
  if (!asked || kinds.includes("none")) return undefined;
  return {
    type,
    ...(kinds.includes("systemassigned") ? systemAssigned() : {}),
    ...(kinds.includes("userassigned") ? { userAssignedIdentities: Object.fromEntries(userAssigned) } : {}),
  };
}

function isAttached(identity: JsonObject, id: string): boolean {
  return Object.keys(objectIn(identity, "userAssignedIdentities")).some(
    (attached) => attached.toLowerCase() === id.toLowerCase(),
  );
}
