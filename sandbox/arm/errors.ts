import { AzureError } from "../core/azure-error";
import type { AccessClaims } from "../entra/tokens";
import { groupNameIn } from "./resource-path";

// Errors that ARM itself gives, whatever the resource.

export const authorizationFailed = (caller: AccessClaims, operation: string, scope: string): AzureError =>
  new AzureError(
    403,
    "AuthorizationFailed",
    `The client '${caller.appid}' with object id '${caller.oid}' does not have authorization to perform action '${operation}' over scope '${scope === "" ? "/" : scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
  );

export const linkedAuthorizationFailed = (
  caller: AccessClaims,
  done: { operation: string; scope: string },
  linked: { operation: string; scopes: string[] },
): AzureError =>
  new AzureError(
    403,
    "LinkedAuthorizationFailed",
    `The client '${caller.appid}' with object id '${caller.oid}' has permission to perform action '${done.operation}' on scope '${done.scope}'; however, it does not have permission to perform action(s) '${linked.operation}' on the linked scope(s) '${linked.scopes.join(",")}' (respectively) or the linked scope(s) are invalid.`,
  );

export const subscriptionNotFound = (subscriptionId: string): AzureError =>
  new AzureError(404, "SubscriptionNotFound", `The subscription '${subscriptionId}' could not be found.`);

export const resourceGroupNotFound = (name: string): AzureError =>
  new AzureError(404, "ResourceGroupNotFound", `Resource group '${name}' could not be found.`);

/** @param type "Microsoft.KeyVault/vaults" @param names "app", or "app/stripe-key" for a child */
export function resourceNotFound(id: string, type: string, names: string): AzureError {
  const group = groupNameIn(id);
  const where = group === undefined ? "" : ` under resource group '${group}'`;
  return new AzureError(
    404,
    "ResourceNotFound",
    `The Resource '${type}/${names}'${where} was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
  );
}

export const parentNotFound = (type: string, parentId: string): AzureError =>
  new AzureError(
    404,
    "ParentResourceNotFound",
    `Failed to perform 'write' on resource(s) of type '${type}', because the parent resource '${parentId}' could not be found.`,
  );

export const groupBeingDeleted = (name: string): AzureError =>
  new AzureError(
    409,
    "ResourceGroupBeingDeleted",
    `The resource group '${name}' is in deprovisioning state and cannot perform this operation.`,
  );

/** No page of Microsoft's gives a text for this; it names what the sandbox lacks. */
export const notImplemented = (method: string, route: string): AzureError =>
  new AzureError(501, "NotImplemented", `The sandbox does not implement ${method} ${route}.`);

export const methodNotAllowed = (method: string): AzureError =>
  new AzureError(405, "MethodNotAllowed", `The requested resource does not support http method '${method}'.`);

export const missingApiVersion = (): AzureError =>
  new AzureError(
    400,
    "MissingApiVersionParameter",
    "The api-version query parameter (?api-version=) is required for all requests.",
  );

export const invalidApiVersion = (apiVersion: string, supported: readonly string[]): AzureError =>
  new AzureError(
    400,
    "InvalidApiVersionParameter",
    `The api-version '${apiVersion}' is invalid. The supported versions are '${supported.join(",")}'.`,
  );

export const noRegisteredProvider = (
  location: string | undefined,
  apiVersion: string,
  type: string,
  supported: { apiVersions: readonly string[]; locations: readonly string[] },
): AzureError => {
  const place = location === undefined ? "" : `location '${location}' and `;
  return new AzureError(
    400,
    "NoRegisteredProviderFound",
    `No registered resource provider found for ${place}API version '${apiVersion}' for type '${type}'. The supported api-versions are '${supported.apiVersions.join(", ")}'. The supported locations are '${supported.locations.join(", ")}'.`,
  );
};

export const invalidParameter = (code: string, message: string, target?: string): AzureError =>
  new AzureError(400, code, message, target === undefined ? {} : { target });

export const preconditionFailed = (): AzureError =>
  new AzureError(
    412,
    "PreconditionFailed",
    "The condition specified using HTTP conditional header(s) is not met.",
  );
