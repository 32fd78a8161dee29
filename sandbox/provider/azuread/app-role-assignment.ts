import type { PlainObject } from "../values";
import { type GraphClient, GraphRequestError } from "./graph-client";
import { type AzureAdType, parseId, present } from "./resource-type";

const pathOf = (id: string) => {
  const [resourceId, assignmentId] = parseId(id, "servicePrincipals", "appRoleAssignedTo");
  return `/servicePrincipals/${resourceId}/appRoleAssignedTo/${assignmentId}`;
};

/** What is assigned already is the same assignment when a run was stopped before it could say so. */
async function createOrAdopt(inputs: PlainObject, graph: GraphClient): Promise<string> {
  const { appRoleId, principalObjectId, resourceObjectId } = inputs;
  const path = `/servicePrincipals/${resourceObjectId}/appRoleAssignedTo`;
  try {
    const created = await graph.post(path, {
      appRoleId: appRoleId!,
      principalId: principalObjectId!,
      resourceId: resourceObjectId!,
    });
    return `${path}/${created.id}`;
  } catch (error) {
    if (!(error instanceof GraphRequestError && error.status === 400)) throw error;
    const [there] = await graph.list(
      path,
      `principalId eq ${principalObjectId} and appRoleId eq ${appRoleId}`,
    );
    if (!there) throw error;
    return `${path}/${there.id}`;
  }
}

/** A role of an API, given to a principal. */
export const appRoleAssignment: AzureAdType = {
  token: "azuread:index/appRoleAssignment:AppRoleAssignment",
  inputs: ["appRoleId", "principalObjectId", "resourceObjectId"],
  required: ["appRoleId", "principalObjectId", "resourceObjectId"],
  defaults: {},
  replaceOn: ["appRoleId", "principalObjectId", "resourceObjectId"],
  computed: ["principalDisplayName", "principalType", "resourceDisplayName"],
  create: createOrAdopt,
  read: async (id, graph) => {
    const found = await graph.get(pathOf(id));
    return (
      found &&
      present({
        appRoleId: found.appRoleId,
        principalObjectId: found.principalId,
        resourceObjectId: found.resourceId,
        principalDisplayName: found.principalDisplayName,
        principalType: found.principalType,
        resourceDisplayName: found.resourceDisplayName,
      })
    );
  },
  update: async () => {},
  delete: (id, graph) => graph.delete(pathOf(id)),
};
