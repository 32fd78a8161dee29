import type { PlainObject, PlainValue } from "../values";
import type { GraphClient } from "./graph-client";
import { type AzureAdType, applicationPath } from "./resource-type";

/** An object of Graph as a plain object, or an empty one. */
export const objectOf = (value: PlainValue | undefined): PlainObject =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};

/** A list of objects, or an empty one. */
export const objectsOf = (value: PlainValue | undefined): PlainObject[] =>
  Array.isArray(value) ? value.map(objectOf) : [];

export const rolesOf = (application: PlainObject): PlainObject[] => objectsOf(application.appRoles);
export const scopesOf = (application: PlainObject): PlainObject[] =>
  objectsOf(objectOf(application.api).oauth2PermissionScopes);

/** `before` with those disabled that are not in `after`: Graph lets nothing go that is enabled. */
function disablingRemoved(before: PlainObject[], after: PlainObject[]): PlainObject[] | undefined {
  const kept = new Set(after.map(({ id }) => id));
  if (before.every(({ id, isEnabled }) => kept.has(id!) || isEnabled === false)) return undefined;
  return before.map((one) => (kept.has(one.id!) ? one : { ...one, isEnabled: false }));
}

/** Makes an application, of which there may be others with its name already. @returns its object id */
async function createApplication(graph: GraphClient, body: PlainObject): Promise<string> {
  const filter = `displayName eq '${String(body.displayName).replaceAll("'", "''")}'`;
  return String((await graph.create("/applications", body, filter)).id);
}

/**
 * Changes an application as `change` says of what it is now, with nobody else changing it meanwhile.
 *
 * @param path `/applications/{object id}`
 * @throws Error when there is no such application, GraphRequestError
 */
export function changeApplication(
  graph: GraphClient,
  path: string,
  change: (application: PlainObject) => PlainObject,
): Promise<void> {
  return graph.alone(path, async () => {
    const application = await graph.get(path);
    if (!application) throw new Error(`Application with object ID ${path.split("/")[2]} was not found.`);
    const body = change(application);
    const api = objectOf(body.api);
    const roles = body.appRoles && disablingRemoved(rolesOf(application), rolesOf(body));
    const scopes = api.oauth2PermissionScopes && disablingRemoved(scopesOf(application), scopesOf(body));
    if (roles || scopes) {
      await graph.patch(path, {
        ...(roles ? { appRoles: roles } : {}),
        ...(scopes ? { api: { oauth2PermissionScopes: scopes } } : {}),
      });
    }
    await graph.patch(path, body);
  });
}

/**
 * What happens to a whole application, under either of its resource types.
 *
 * @param body what Graph is given for the inputs
 * @param outputs what a program is given of Graph's answer
 */
export function applicationLifecycle(
  body: (inputs: PlainObject) => PlainObject,
  outputs: (application: PlainObject) => PlainObject,
): Pick<AzureAdType, "create" | "read" | "update" | "delete"> {
  return {
    create: async (inputs, graph) => `/applications/${await createApplication(graph, body(inputs))}`,
    read: async (id, graph) => {
      const found = await graph.get(applicationPath(id));
      return found && outputs(found);
    },
    update: (id, inputs, graph) => changeApplication(graph, applicationPath(id), () => body(inputs)),
    delete: (id, graph) => graph.delete(applicationPath(id)),
  };
}
