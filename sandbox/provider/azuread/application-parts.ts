import type { PlainObject } from "../values";
import { changeApplication, rolesOf, scopesOf } from "./application-change";
import type { GraphClient } from "./graph-client";
import { type AzureAdType, applicationPath, parseId, present } from "./resource-type";

const textsOf = (application: PlainObject): string[] =>
  Array.isArray(application.identifierUris) ? application.identifierUris.map(String) : [];

/** An application that is gone has nothing left to be removed from it. */
async function changeIfThere(
  graph: GraphClient,
  path: string,
  change: (application: PlainObject) => PlainObject,
): Promise<void> {
  if (await graph.get(path)) await changeApplication(graph, path, change);
}

/** One of an application's identifier URIs. */
export const identifierUri: AzureAdType = {
  token: "azuread:index/applicationIdentifierUri:ApplicationIdentifierUri",
  inputs: ["applicationId", "identifierUri"],
  required: ["applicationId", "identifierUri"],
  defaults: {},
  replaceOn: ["applicationId", "identifierUri"],
  computed: [],
  create: async ({ applicationId, identifierUri: uri }, graph) => {
    const path = applicationPath(String(applicationId));
    await changeApplication(graph, path, (application) => ({
      identifierUris: [...new Set([...textsOf(application), String(uri)])],
    }));
    return `${applicationId}/identifierUris/${Buffer.from(String(uri)).toString("base64")}`;
  },
  read: async (id, graph) => {
    const { path, uri } = uriOf(id);
    const found = await graph.get(path);
    if (!found || !textsOf(found).includes(uri)) return undefined;
    return { applicationId: path, identifierUri: uri };
  },
  update: async () => {},
  delete: async (id, graph) => {
    const { path, uri } = uriOf(id);
    await changeIfThere(graph, path, (application) => ({
      identifierUris: textsOf(application).filter((other) => other !== uri),
    }));
  },
};

/** Base 64 may have slashes of its own. */
function uriOf(id: string): { path: string; uri: string } {
  const [start = "", encoded = ""] = id.split("/identifierUris/");
  return { path: applicationPath(start), uri: Buffer.from(encoded, "base64").toString() };
}

interface Permissions {
  token: string;
  /** In ids: "appRoles". */
  collection: string;
  /** The input that is the permission's id. */
  idInput: string;
  /** The other inputs, which Graph calls the same. */
  fields: readonly string[];
  required: readonly string[];
  defaults: AzureAdType["defaults"];
  of(application: PlainObject): PlainObject[];
  /** The change that puts `permissions` in place of all there are. */
  change(permissions: PlainObject[]): PlainObject;
}

/** A resource that is one of an application's permissions: a role or a scope. */
function permissionType(kind: Permissions): AzureAdType {
  const put = async (
    applicationId: string,
    id: string,
    inputs: PlainObject,
    graph: GraphClient,
  ): Promise<void> => {
    const fields = present(Object.fromEntries(kind.fields.map((name) => [name, inputs[name]])));
    await changeApplication(graph, applicationPath(applicationId), (application) => {
      const others = kind.of(application).filter((one) => one.id !== id);
      return kind.change([...others, { id, isEnabled: true, ...fields }]);
    });
  };
  const parse = (id: string) => {
    const [objectId, permissionId] = parseId(id, "applications", kind.collection);
    return { path: `/applications/${objectId}`, permissionId: permissionId! };
  };
  return {
    token: kind.token,
    inputs: ["applicationId", kind.idInput, ...kind.fields],
    required: ["applicationId", kind.idInput, ...kind.required],
    defaults: kind.defaults,
    replaceOn: ["applicationId", kind.idInput],
    computed: [],
    create: async (inputs, graph) => {
      const { applicationId, [kind.idInput]: id } = inputs;
      await put(String(applicationId), String(id), inputs, graph);
      return `${applicationId}/${kind.collection}/${id}`;
    },
    read: async (id, graph) => {
      const { path, permissionId } = parse(id);
      const found = await graph.get(path);
      const permission = found && kind.of(found).find((one) => one.id === permissionId);
      if (!permission) return undefined;
      return present({
        applicationId: path,
        [kind.idInput]: permissionId,
        ...Object.fromEntries(kind.fields.map((name) => [name, permission[name]])),
      });
    },
    update: (id, inputs, graph) => put(String(inputs.applicationId), parse(id).permissionId, inputs, graph),
    delete: async (id, graph) => {
      const { path, permissionId } = parse(id);
      await changeIfThere(graph, path, (application) =>
        kind.change(kind.of(application).filter((one) => one.id !== permissionId)),
      );
    },
  };
}

export const appRole = permissionType({
  token: "azuread:index/applicationAppRole:ApplicationAppRole",
  collection: "appRoles",
  idInput: "roleId",
  fields: ["allowedMemberTypes", "description", "displayName", "value"],
  required: ["allowedMemberTypes", "description", "displayName"],
  defaults: {},
  of: rolesOf,
  change: (appRoles) => ({ appRoles }),
});

export const permissionScope = permissionType({
  token: "azuread:index/applicationPermissionScope:ApplicationPermissionScope",
  collection: "permissionScopes",
  idInput: "scopeId",
  fields: [
    "adminConsentDescription",
    "adminConsentDisplayName",
    "type",
    "userConsentDescription",
    "userConsentDisplayName",
    "value",
  ],
  required: ["adminConsentDescription", "adminConsentDisplayName", "value"],
  defaults: { type: "User" },
  of: scopesOf,
  change: (scopes) => ({ api: { oauth2PermissionScopes: scopes } }),
});
