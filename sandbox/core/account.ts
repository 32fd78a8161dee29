import { randomUUID } from "node:crypto";
import { putResource } from "../arm/resource";
import { putApplication } from "../entra/applications";
import type { Directory } from "../entra/directory";
import { pipelineIssuer, pipelineSubject, tokenExchangeAudience } from "../entra/pipeline";
import type { Account } from "./context";
import type { Store } from "./store";

const table = "account";
const entry = "account";

/** https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/privileged#owner */
const ownerRoleId = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";

/** Who and where the sandbox is, as kept since its first start. */
export function findAccount(store: Store): Account | undefined {
  return store.get(table, entry);
}

/**
 * Makes the tenant, the subscription and the deployer: an application that proves itself by an assertion of the
 * pipeline and is Owner of the subscription.
 */
export function createAccount(store: Store, directory: Directory, now: number): Account {
  const account: Account = {
    tenantId: randomUUID(),
    subscriptionId: randomUUID(),
    subscriptionName: "Sandbox",
    deployer: { displayName: "deployer", objectId: randomUUID(), clientId: randomUUID() },
  };
  const { displayName, objectId, clientId } = account.deployer;
  store.transaction(() => {
    store.put(table, entry, account);
    directory.add({ displayName, objectId, clientId, type: "ServicePrincipal", visibleAt: now });
    putApplication(store, {
      appId: clientId,
      objectId: randomUUID(),
      displayName,
      identifierUris: [],
      federatedCredentials: [
        {
          id: randomUUID(),
          name: "pipeline",
          issuer: pipelineIssuer,
          subject: pipelineSubject,
          audiences: [tokenExchangeAudience],
          visibleAt: now,
        },
      ],
      secrets: [],
    });
    makeOwner(store, account, now);
  });
  return account;
}

function makeOwner(store: Store, account: Account, now: number): void {
  const scope = `/subscriptions/${account.subscriptionId}`;
  const name = randomUUID();
  const createdOn = new Date(now).toISOString();
  putResource(store, {
    visibleAt: now,
    body: {
      id: `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`,
      name,
      type: "Microsoft.Authorization/roleAssignments",
      properties: {
        roleDefinitionId: `${scope}/providers/Microsoft.Authorization/roleDefinitions/${ownerRoleId}`,
        principalId: account.deployer.objectId,
        principalType: "ServicePrincipal",
        scope,
        condition: null,
        conditionVersion: null,
        createdOn,
        updatedOn: createdOn,
        createdBy: account.deployer.objectId,
        updatedBy: account.deployer.objectId,
        delegatedManagedIdentityResourceId: null,
        description: null,
      },
    },
  });
}
