import { badRequest } from "./errors";
import { parseFilter } from "./filter";

const graph = "https://graph.microsoft.com";
const defaultPageSize = 100;
const largestPage = 999;

type GraphObject = Record<string, unknown>;

/**
 * One page of `items`, filtered as `$filter` says, at most `$top` of them. The token of the next page names the
 * last item shown.
 *
 * @param items each with an `id`
 * @param set what the items are, as `@odata.context` says it: "applications"
 * @throws AzureError 400 for a filter or a size that Graph does not take
 * @see https://learn.microsoft.com/graph/paging
 */
export function listing(items: readonly GraphObject[], set: string, url: URL): GraphObject {
  const query = url.searchParams;
  const size = query.has("$top") ? Number(query.get("$top")) : defaultPageSize;
  if (!Number.isInteger(size) || size < 1 || size > largestPage) {
    throw badRequest(
      `Invalid page size specified: '${query.get("$top")}'. Must be between 1 and 999 inclusive.`,
    );
  }
  const filter = query.get("$filter");
  const matches = filter === null ? () => true : parseFilter(filter);
  const after = query.get("$skiptoken") ?? "";
  const rest = items
    .filter(matches)
    .filter(({ id }) => String(id) > after)
    .sort((left, right) => (String(left.id) < String(right.id) ? -1 : 1));
  const shown = rest.slice(0, size);
  const next = new URLSearchParams(query);
  next.set("$skiptoken", String(shown.at(-1)?.id));
  return {
    "@odata.context": `${graph}/v1.0/$metadata#${set}`,
    ...(rest.length > size ? { "@odata.nextLink": `${graph}${url.pathname}?${next}` } : {}),
    value: shown.map((item) => selected(item, url)),
  };
}

/** An object of `set`, as a single one is answered. */
export function single(object: GraphObject, set: string, url: URL): GraphObject {
  return { "@odata.context": `${graph}/v1.0/$metadata#${set}/$entity`, ...selected(object, url) };
}

/** Only what `$select` asks for, if it asks. */
function selected(object: GraphObject, url: URL): GraphObject {
  const asked = url.searchParams.get("$select");
  if (asked === null) return object;
  const names = new Set(asked.split(",").map((name) => name.trim()));
  return Object.fromEntries(Object.entries(object).filter(([name]) => names.has(name)));
}
