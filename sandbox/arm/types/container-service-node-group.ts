import { AzureError } from "../../core/azure-error";
import type { SandboxContext } from "../../core/context";
import { requireAssign, userAssignedIdentity } from "../attached-identity";
import { type JsonObject, objectIn, textIn } from "../json";
import { getResource, listResources, putResource, type ResourceBody, removeResource } from "../resource";
import { groupNameIn } from "../resource-path";
import type { Write } from "../resource-type";
import { clusterType } from "./container-service-common";

const groupType = "Microsoft.Resources/resourceGroups";
const identityType = "Microsoft.ManagedIdentity/userAssignedIdentities";

/** Longer names are cut by AKS. */
const longestName = 80;

const groupId = ({ account }: Pick<SandboxContext, "account">, name: string) =>
  `/subscriptions/${account.subscriptionId}/resourceGroups/${name}`;

/** The name of the group that holds a cluster's nodes, which is chosen once. @throws AzureError */
export function nodeGroupName({ call, id, name, location, existing }: Write, properties: JsonObject): string {
  const before = existing?.body.properties.nodeResourceGroup;
  const asked = textIn(properties, "nodeResourceGroup");
  if (typeof before === "string") {
    if (asked !== undefined && asked !== before) {
      throw new AzureError(
        400,
        "PropertyChangeNotAllowed",
        "Changing property 'properties.nodeResourceGroup' is not allowed.",
        { target: "properties.nodeResourceGroup" },
      );
    }
    return before;
  }
  const chosen = asked ?? `MC_${groupNameIn(id)}_${name}_${location}`.slice(0, longestName);
  if (getResource(call.context.store, groupId(call.context, chosen))) {
    throw new AzureError(
      409,
      "NodeResourceGroupAlreadyExists",
      `The node resource group '${chosen}' exists already. Give the cluster another nodeResourceGroup.`,
    );
  }
  return chosen;
}

export function putNodeGroup({ call, id, location, tags }: Write, name: string): void {
  putResource(call.context.store, {
    body: {
      id: groupId(call.context, name),
      name,
      type: groupType,
      location: location!,
      ...(tags ? { tags } : {}),
      managedBy: id,
      properties: { provisioningState: "Succeeded" },
    },
  });
}

/**
 * Who pulls images: an identity of the caller's, or one that AKS makes beside the nodes.
 *
 * @throws AzureError 400, 403 for an identity that cannot be attached
 * @see https://learn.microsoft.com/azure/aks/managed-identity-overview
 */
export function attachKubeletIdentity(write: Write, properties: JsonObject, nodeGroup: string): JsonObject {
  const before = objectIn(write.existing?.body.properties ?? {}, "identityProfile").kubeletidentity as
    | JsonObject
    | undefined;
  const asked = textIn(objectIn(objectIn(properties, "identityProfile"), "kubeletidentity"), "resourceId");
  if (before && (asked === undefined || asked.toLowerCase() === String(before.resourceId).toLowerCase()))
    return before;
  if (asked === undefined) return makeKubeletIdentity(write, nodeGroup);
  requireAssign(write, `${clusterType}/write`, [asked]);
  const { body } = userAssignedIdentity(write, asked);
  return {
    resourceId: body.id,
    clientId: body.properties.clientId,
    objectId: body.properties.principalId,
  };
}

function makeKubeletIdentity({ call, name, location }: Write, nodeGroup: string): JsonObject {
  const { store, directory, account } = call.context;
  const identityName = `${name}-agentpool`;
  const id = `${groupId(call.context, nodeGroup)}/providers/${identityType}/${identityName}`;
  const { objectId, clientId } = directory.createManagedIdentity({
    displayName: identityName,
    resourceId: id,
  });
  putResource(store, {
    body: {
      id,
      name: identityName,
      type: identityType,
      location: location!,
      properties: { tenantId: account.tenantId, principalId: objectId, clientId },
    },
  });
  return { resourceId: id, clientId, objectId };
}

/** Removes the group of a cluster that is gone, with the identity that AKS made there. */
export function removeNodeGroup(context: SandboxContext, { id, properties }: ResourceBody): void {
  const { store, directory } = context;
  const group = getResource(store, groupId(context, String(properties.nodeResourceGroup)));
  if (!group || String(group.body.managedBy).toLowerCase() !== id.toLowerCase()) return;
  for (const { body } of listResources(store, `${group.body.id}/`).reverse()) {
    if (body.type === identityType) directory.remove(String(body.properties.principalId));
    removeResource(store, body.id);
  }
  removeResource(store, group.body.id);
}
