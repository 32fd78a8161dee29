import type { PlainObject } from "../values";
import { objectsOf } from "./application-change";
import { type GraphClient, GraphRequestError } from "./graph-client";
import { type AzureAdType, parseId, present } from "./resource-type";

const pathOf = (id: string) => `/servicePrincipals/${parseId(id, "servicePrincipals")[0]}`;

const body = (inputs: PlainObject): PlainObject => ({
  accountEnabled: inputs.accountEnabled!,
  appRoleAssignmentRequired: inputs.appRoleAssignmentRequired!,
  description: inputs.description ?? null,
  loginUrl: inputs.loginUrl ?? null,
  notes: inputs.notes ?? null,
  tags: inputs.tags ?? [],
});

/** The one that the application has already, for `useExisting` and for a run that was stopped half-way. */
async function adopt(clientId: string, inputs: PlainObject, graph: GraphClient): Promise<string | undefined> {
  const there = await graph.get(`/servicePrincipals(appId='${clientId}')`);
  if (!there) return undefined;
  await graph.patch(`/servicePrincipals/${there.id}`, body(inputs));
  return String(there.id);
}

async function create(inputs: PlainObject, graph: GraphClient): Promise<string> {
  const clientId = String(inputs.clientId);
  if (inputs.useExisting === true) {
    const adopted = await adopt(clientId, inputs, graph);
    if (adopted !== undefined) return adopted;
  }
  try {
    return String((await graph.post("/servicePrincipals", { appId: clientId, ...body(inputs) })).id);
  } catch (error) {
    if (!(error instanceof GraphRequestError && error.status === 409)) throw error;
    const adopted = await adopt(clientId, inputs, graph);
    if (adopted === undefined) throw error;
    return adopted;
  }
}

const permission = ({ isEnabled, origin, ...rest }: PlainObject): PlainObject =>
  present({ ...rest, enabled: isEnabled! });
const idsByValue = (permissions: PlainObject[]): PlainObject =>
  Object.fromEntries(permissions.flatMap(({ id, value }) => (value ? [[String(value), id!]] : [])));

/** The service principal of an application. */
export const servicePrincipal: AzureAdType = {
  token: "azuread:index/servicePrincipal:ServicePrincipal",
  inputs: [
    "clientId",
    "accountEnabled",
    "appRoleAssignmentRequired",
    "description",
    "loginUrl",
    "notes",
    "tags",
    "useExisting",
  ],
  required: ["clientId"],
  defaults: { accountEnabled: true, appRoleAssignmentRequired: false },
  replaceOn: ["clientId"],
  computed: [
    "objectId",
    "displayName",
    "applicationTenantId",
    "appRoleIds",
    "appRoles",
    "oauth2PermissionScopeIds",
    "oauth2PermissionScopes",
    "servicePrincipalNames",
    "signInAudience",
    "type",
  ],
  create: async (inputs, graph) => `/servicePrincipals/${await create(inputs, graph)}`,
  read: async (id, graph) => {
    const found = await graph.get(pathOf(id));
    if (!found) return undefined;
    const roles = objectsOf(found.appRoles).map(permission);
    const scopes = objectsOf(found.oauth2PermissionScopes).map(permission);
    return present({
      objectId: found.id,
      clientId: found.appId,
      displayName: found.displayName,
      accountEnabled: found.accountEnabled,
      appRoleAssignmentRequired: found.appRoleAssignmentRequired,
      description: found.description,
      loginUrl: found.loginUrl,
      notes: found.notes,
      tags: found.tags,
      applicationTenantId: found.appOwnerOrganizationId,
      appRoles: roles,
      appRoleIds: idsByValue(roles),
      oauth2PermissionScopes: scopes,
      oauth2PermissionScopeIds: idsByValue(scopes),
      servicePrincipalNames: found.servicePrincipalNames,
      signInAudience: found.signInAudience,
      type: found.servicePrincipalType,
    });
  },
  update: (id, inputs, graph) => graph.patch(pathOf(id), body(inputs)),
  delete: (id, graph) => graph.delete(pathOf(id)),
};
