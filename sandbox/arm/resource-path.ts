import { AzureError } from "../core/azure-error";

/** What a path of ARM points at: a resource, a collection, or an action on either. */
export interface ResourcePath {
  /** The whole path as it was asked for, decoded, without a slash at the end. */
  id: string;
  /** What the resource belongs to: "" for the tenant, a subscription, a group, or any resource for an extension. */
  scope: string;
  /** "Microsoft.KeyVault" */
  namespace: string;
  /** ["vaults", "secrets"] */
  types: string[];
  /** ["app", "stripe-key"]; one less than the types for a collection or an action. */
  names: string[];
}

/** Longer ones would not fit into the store, and no id of Azure's is as long. */
const longestPath = 1500;

/** @throws AzureError 400 when the path cannot be decoded */
function segmentsOf(pathname: string): string[] {
  let decoded: string[];
  try {
    decoded = pathname
      .split("/")
      .filter((segment) => segment !== "")
      .map(decodeURIComponent);
  } catch {
    throw new AzureError(400, "BadRequest", "The request URI contains an invalid escape sequence.");
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  const forbidden = /[\u0000-\u001f\u007f/\\\uffff]/;
  if (pathname.length > longestPath || decoded.some((segment) => forbidden.test(segment))) {
    throw new AzureError(400, "InvalidResourceIdSegment", "The request URI contains an invalid segment.");
  }
  return decoded;
}

const is = (segment: string | undefined, word: string) => segment?.toLowerCase() === word;

/** The segments of a path, decoded; empty ones are left out. @throws AzureError 400 */
export const pathSegments = segmentsOf;

/**
 * Reads `/subscriptions/{s}/resourceGroups/{g}/providers/{namespace}/{type}/{name}…`, with any number of
 * `/providers/…` one behind the other: the last names the resource, the others are its scope. A resource group
 * itself reads as namespace Microsoft.Resources, type resourceGroups. Undefined when the path has no such form.
 *
 * @throws AzureError 400 when it contains what no id can contain
 */
export function parseResourcePath(pathname: string): ResourcePath | undefined {
  const segments = segmentsOf(pathname);
  const id = `/${segments.join("/")}`;
  let position = 0;
  let scopeEnd = 0;
  const scope = () => (scopeEnd === 0 ? "" : `/${segments.slice(0, scopeEnd).join("/")}`);
  if (is(segments[0], "subscriptions") && segments.length > 2) {
    position = 2;
    scopeEnd = 2;
    if (is(segments[2], "operationresults") || is(segments[2], "operationstatuses")) {
      return {
        id,
        scope: scope(),
        namespace: "Microsoft.Resources",
        types: segments.slice(2, 3),
        names: segments.slice(3, 4),
      };
    }
    if (is(segments[2], "resourcegroups")) {
      if (segments.length <= 4) {
        return {
          id,
          scope: scope(),
          namespace: "Microsoft.Resources",
          types: ["resourceGroups"],
          names: segments.slice(3, 4),
        };
      }
      position = 4;
      scopeEnd = 4;
    }
  }
  while (is(segments[position], "providers")) {
    const namespace = segments[position + 1];
    if (namespace === undefined) return undefined;
    const types: string[] = [];
    const names: string[] = [];
    position += 2;
    while (position < segments.length && !is(segments[position], "providers")) {
      types.push(segments[position]!);
      const name = segments[position + 1];
      if (name !== undefined) names.push(name);
      position += 2;
    }
    if (position >= segments.length) return { id, scope: scope(), namespace, types, names };
    scopeEnd = position;
  }
  return undefined;
}

/** "Microsoft.KeyVault/vaults/secrets" */
export const typeOf = (path: ResourcePath): string => [path.namespace, ...path.types].join("/");

/** Whether the path ends with a type: a collection, or an action on what stands before it. */
export const endsWithType = (path: ResourcePath): boolean => path.types.length === path.names.length + 1;

/** The path without its last type (and name): the parent of a child, or what an action is done to. */
export function parentOf(path: ResourcePath): ResourcePath {
  const dropped = endsWithType(path) ? 1 : 2;
  return {
    ...path,
    id: path.id.split("/").slice(0, -dropped).join("/"),
    types: path.types.slice(0, -1),
    names: path.names.slice(0, path.types.length - 1),
  };
}

/** The name of the resource group in an id or scope. */
export function groupNameIn(id: string): string | undefined {
  return /^\/subscriptions\/[^/]+\/resourcegroups\/([^/]+)/i.exec(id)?.[1];
}

/** The id of the resource group in an id or scope. */
export function groupIdIn(id: string): string | undefined {
  return /^\/subscriptions\/[^/]+\/resourcegroups\/[^/]+/i.exec(id)?.[0];
}

/** The id of the subscription in an id or scope. */
export function subscriptionIdIn(id: string): string | undefined {
  return /^\/subscriptions\/([^/]+)/i.exec(id)?.[1];
}
