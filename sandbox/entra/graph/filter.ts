import { AzureError } from "../../core/azure-error";

type GraphObject = Record<string, unknown>;

const term =
  /\s*(?:(?<field>\w+)\s+(?<operator>eq|ne)\s+(?<value>'(?:[^']|'')*'|true|false|null|[0-9a-f-]{36})|startswith\(\s*(?<prefixed>\w+)\s*,\s*(?<prefix>'(?:[^']|'')*')\s*\)|(?<list>\w+)\/any\(\s*(?<item>\w+)\s*:\s*\k<item>\s+eq\s+(?<element>'(?:[^']|'')*')\s*\))\s*/iy;
const and = /and\s+/iy;

/** What a literal of a filter says: a string, unless it is one of OData's own words. */
function literal(text: string): string | boolean | null {
  if (text.startsWith("'")) return text.slice(1, -1).replaceAll("''", "'");
  const words: Record<string, boolean | null> = { true: true, false: false, null: null };
  return words[text.toLowerCase()] ?? (text.toLowerCase() === "null" ? null : text);
}

/** Graph compares strings without regard to case. */
const folded = (value: unknown) => (typeof value === "string" ? value.toLowerCase() : (value ?? null));

function termOf(groups: Record<string, string | undefined>): (object: GraphObject) => boolean {
  const { field, operator, value, prefixed, prefix, list, element } = groups;
  if (field !== undefined) {
    const wanted = folded(literal(value!));
    const equal = operator!.toLowerCase() === "eq";
    return (object) => (folded(object[field]) === wanted) === equal;
  }
  if (prefixed !== undefined) {
    const start = String(folded(literal(prefix!)));
    return (object) => String(folded(object[prefixed]) ?? "").startsWith(start);
  }
  const wanted = folded(literal(element!));
  return (object) => {
    const items = object[list!];
    return Array.isArray(items) && items.some((item) => folded(item) === wanted);
  };
}

/**
 * Reads a `$filter` of comparisons, `startswith` and `any`, joined by `and`.
 *
 * @throws AzureError 400 Request_UnsupportedQuery for anything else
 * @see https://learn.microsoft.com/graph/filter-query-parameter
 */
export function parseFilter(text: string): (object: GraphObject) => boolean {
  const terms: ((object: GraphObject) => boolean)[] = [];
  for (let position = 0; ; ) {
    term.lastIndex = position;
    const match = term.exec(text);
    if (!match) break;
    terms.push(termOf(match.groups!));
    position = term.lastIndex;
    if (position === text.length) return (object) => terms.every((holds) => holds(object));
    and.lastIndex = position;
    if (!and.test(text)) break;
    position = and.lastIndex;
  }
  throw new AzureError(
    400,
    "Request_UnsupportedQuery",
    "Unsupported or invalid query filter clause specified.",
  );
}
