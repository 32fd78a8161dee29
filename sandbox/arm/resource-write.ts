import { randomUUID } from "node:crypto";
import { AzureError } from "../core/azure-error";
import type { ArmCall } from "./arm-call";
import { preconditionFailed } from "./errors";
import { type JsonObject, mergePatch, optionalObjectIn, textIn } from "./json";
import { checkLocation } from "./locations";
import type { StoredResource } from "./resource";
import type { ResourceType, Write } from "./resource-type";

export const newEtag = (): string => `"${randomUUID()}"`;

/** @throws AzureError 412 when If-Match or If-None-Match does not hold for a type that has ETags */
export function checkPreconditions(
  { headers }: ArmCall,
  type: ResourceType,
  existing: StoredResource | undefined,
): void {
  if (!type.etag) return;
  const current = existing?.body[type.etag];
  const matches = (header: string) => (header === "*" ? existing !== undefined : header === current);
  const ifMatch = headers["if-match"];
  const ifNoneMatch = headers["if-none-match"];
  if (ifMatch !== undefined && !matches(ifMatch)) throw preconditionFailed();
  if (ifNoneMatch !== undefined && matches(ifNoneMatch)) throw preconditionFailed();
}

const mostTags = 50;

/** @throws AzureError 400 for tags that are not texts, or more than ARM takes */
function tagsIn(body: JsonObject): Record<string, string> | undefined {
  const tags = optionalObjectIn(body, "tags");
  if (!tags) return undefined;
  if (Object.keys(tags).length > mostTags) {
    throw new AzureError(
      400,
      "InvalidTagCount",
      `The tags collection has ${Object.keys(tags).length} tags. The maximum number of tags is ${mostTags}.`,
    );
  }
  return Object.fromEntries(Object.keys(tags).map((name) => [name, textIn(tags, name) ?? ""]));
}

/** @throws AzureError 409 when a resource would move to another region */
function checkUnmoved(type: ResourceType, existing: StoredResource, location: string): void {
  if (existing.body.location === undefined || existing.body.location === location) return;
  const { name } = existing.body;
  if (type.type === "Microsoft.Resources/resourceGroups") {
    throw new AzureError(
      409,
      "InvalidResourceGroupLocation",
      `Invalid resource group location '${location}'. The Resource group already exists in location '${existing.body.location}'.`,
    );
  }
  throw new AzureError(
    409,
    "InvalidResourceLocation",
    `The resource '${name}' already exists in location '${existing.body.location}'. A resource with the same name cannot be created in location '${location}'. Please select a new resource name.`,
  );
}

/** What the write is about, once the checks that all types share are done. @throws AzureError */
export function prepareWrite(
  call: ArmCall,
  type: ResourceType,
  around: {
    existing: StoredResource | undefined;
    parent: StoredResource | undefined;
    group: StoredResource | undefined;
  },
): Write {
  const { existing, parent, group } = around;
  const name = existing?.body.name ?? call.path.names.at(-1)!;
  type.checkName?.(name);
  const body = call.method === "PATCH" && existing ? mergePatch(existing.body, call.body) : call.body;
  const location = type.tracked ? checkLocation(textIn(body, "location"), type.type) : undefined;
  if (existing && location !== undefined) checkUnmoved(type, existing, location);
  const id = existing?.body.id ?? newId(call, type, name, parent, group);
  return { call, id, name, location, tags: tagsIn(body), body, existing, parent };
}

/** Ids take the casing that their group and parents were created with, and the type's own. */
function newId(
  { path, context }: ArmCall,
  type: ResourceType,
  name: string,
  parent: StoredResource | undefined,
  group: StoredResource | undefined,
): string {
  if (parent) return `${parent.body.id}/${type.type.split("/").at(-1)}/${name}`;
  if (type.type === "Microsoft.Resources/resourceGroups") {
    return `/subscriptions/${context.account.subscriptionId}/resourceGroups/${name}`;
  }
  const scope = type.level === "extension" ? path.scope : (group?.body.id ?? path.scope);
  return `${scope}/providers/${type.type}/${name}`;
}
