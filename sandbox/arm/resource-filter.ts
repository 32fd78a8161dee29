import { type FilterTerm, invalidFilter, parseFilter } from "./odata-filter";
import type { StoredResource } from "./resource";
import { groupNameIn } from "./resource-path";

/** The resources for which a `$filter` on names, types, places and tags holds. @throws AzureError 400 */
export function filterResources(resources: StoredResource[], filter: string | undefined): StoredResource[] {
  if (filter === undefined || filter === "") return resources;
  const terms = parseFilter(filter);
  return resources.filter((resource) => terms.every((term) => holds(term, resource, filter)));
}

function holds(term: FilterTerm, { body }: StoredResource, filter: string): boolean {
  if (term.kind === "call") throw invalidFilter(filter);
  const tags = body.tags ?? {};
  const fields = new Map<string, string[]>([
    ["resourcetype", [body.type]],
    ["name", [body.name]],
    ["location", [body.location ?? ""]],
    ["resourcegroup", [groupNameIn(body.id) ?? ""]],
    ["tagname", Object.keys(tags)],
    ["tagvalue", Object.values(tags)],
  ]);
  const values = fields.get(term.field);
  if (!values) throw invalidFilter(filter);
  const equal = values.some((value) => value.toLowerCase() === term.value.toLowerCase());
  return term.kind === "eq" ? equal : !equal;
}
