import { randomUUID } from "node:crypto";
import { putResource } from "../../../sandbox/arm/resource";
import type { SandboxContext } from "../../../sandbox/core/context";
import { putApplication, secretDigest } from "../../../sandbox/entra/applications";
import type { Principal } from "../../../sandbox/entra/directory";

/** A user-assigned identity as ARM would have put it there. */
export function addIdentity(context: SandboxContext, name: string): Required<Principal> {
  const resourceId =
    `/subscriptions/${context.account.subscriptionId}/resourceGroups/shop/providers/` +
    `Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
  const principal = context.directory.createManagedIdentity({ displayName: name, resourceId });
  putResource(context.store, {
    body: {
      id: resourceId,
      name,
      type: "Microsoft.ManagedIdentity/userAssignedIdentities",
      location: "westeurope",
      properties: {
        tenantId: context.account.tenantId,
        principalId: principal.objectId,
        clientId: principal.clientId,
      },
    },
  });
  return principal;
}

/** A federated credential of an identity, as ARM would have put it there. */
export function addCredential(
  context: SandboxContext,
  identity: Required<Principal>,
  properties: { issuer: string; subject: string; audiences: string[] },
  visibleAt = context.clock.now(),
): void {
  const name = `credential-${randomUUID()}`;
  const id = `${identity.managedIdentityResourceId}/federatedIdentityCredentials/${name}`;
  const type = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials";
  putResource(context.store, { visibleAt, body: { id, name, type, properties } });
}

/** An application with one secret, valid until `endDateTime` in seconds of sandbox time. */
export function addApplication(
  context: SandboxContext,
  secret: string,
  endDateTime: number,
): Required<Principal> {
  const clientId = randomUUID();
  const principal = {
    objectId: randomUUID(),
    clientId,
    displayName: "legacy",
    type: "ServicePrincipal" as const,
  };
  context.directory.add({ ...principal, visibleAt: context.clock.now() });
  putApplication(context.store, {
    appId: clientId,
    objectId: randomUUID(),
    displayName: "legacy",
    identifierUris: ["api://legacy"],
    federatedCredentials: [],
    secrets: [{ keyId: randomUUID(), displayName: "main", digest: secretDigest(secret), endDateTime }],
  });
  return principal as Required<Principal>;
}
