import { randomUUID } from "node:crypto";
import roles from "../../../data/azure-built-in-roles.json";
import { putResource, removeResource } from "../../../sandbox/arm/resource";
import type { RunningSandbox } from "../../../sandbox/core/sandbox";
import type { Principal } from "../../../sandbox/entra/directory";

/** Makes resources, identities and role assignments straight in a sandbox's store. */
export function azureOf({ context }: Pick<RunningSandbox, "context">) {
  const { store, directory, tokens, account } = context;
  const subscription = `/subscriptions/${account.subscriptionId}`;
  const group = `${subscription}/resourceGroups/data`;

  /** @param path below the group's providers: "Microsoft.KeyVault/vaults/app" */
  const put = (path: string, properties: Record<string, unknown> = {}): string => {
    const id = `${group}/providers/${path}`;
    const [provider, ...rest] = path.split("/");
    const type = [provider, ...rest.filter((_, index) => index % 2 === 0)].join("/");
    putResource(store, { body: { id, name: rest.at(-1)!, type, location: "westeurope", properties } });
    return id;
  };

  const assignDefinition = (
    principal: Principal,
    roleDefinitionId: string,
    scope: string,
    more: Record<string, unknown> = {},
  ): string => {
    const name = randomUUID();
    const id = `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`;
    const properties = { roleDefinitionId, principalId: principal.objectId, scope, ...more };
    putResource(store, { body: { id, name, type: "Microsoft.Authorization/roleAssignments", properties } });
    return id;
  };

  return {
    subscription,
    group,
    put,
    remove: (id: string) => removeResource(store, id),
    vault: (name: string, properties: Record<string, unknown> = {}) =>
      put(`Microsoft.KeyVault/vaults/${name}`, { enableRbacAuthorization: true, ...properties }),
    storageAccount: (name: string, properties: Record<string, unknown> = {}) =>
      put(`Microsoft.Storage/storageAccounts/${name}`, { allowSharedKeyAccess: false, ...properties }),
    container: (account: string, name: string) =>
      put(`Microsoft.Storage/storageAccounts/${account}/blobServices/default/containers/${name}`),
    queue: (account: string, name: string) =>
      put(`Microsoft.Storage/storageAccounts/${account}/queueServices/default/queues/${name}`),
    identity: (name: string): Required<Principal> =>
      directory.createManagedIdentity({
        displayName: name,
        resourceId: `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`,
      }),
    /** A custom role. */
    putRole: (id: string, dataActions: string[]) => {
      const permissions = [{ actions: [], notActions: [], dataActions, notDataActions: [] }];
      const properties = {
        roleName: "custom",
        type: "CustomRole",
        permissions,
        assignableScopes: [subscription],
      };
      const type = "Microsoft.Authorization/roleDefinitions";
      putResource(store, { body: { id, name: id.split("/").at(-1)!, type, properties } });
    },
    assignDefinition,
    /** @returns the assignment's id */
    assign: (
      principal: Principal,
      roleName: string,
      scope: string,
      more: Record<string, unknown> = {},
    ): string => {
      const role = roles.find((candidate) => candidate.roleName === roleName);
      if (!role) throw new Error(`There is no role '${roleName}'.`);
      const definitionId = `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${role.name}`;
      return assignDefinition(principal, definitionId, scope, more);
    },
    token: (principal: Principal, audience: string, lifetimeSeconds = 3600) =>
      tokens.issue(principal, audience, lifetimeSeconds),
  };
}
