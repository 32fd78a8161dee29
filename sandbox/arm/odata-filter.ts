import { AzureError } from "../core/azure-error";

/** One condition of a `$filter`; all must hold. */
export type FilterTerm =
  | { kind: "eq" | "ne"; field: string; value: string }
  /** `atScope()`, `assignedTo('…')` */
  | { kind: "call"; name: string; argument: string | undefined };

const term =
  /\s*(?:(?<field>[a-z/]+)\s+(?<operator>eq|ne)\s+(?:'(?<quoted>(?:[^']|'')*)'|(?<bare>[^\s'()]+))|(?<call>[a-z]+)\(\s*(?:'(?<argument>[^']*)')?\s*\))\s*/iy;
const and = /and\s+/iy;

/**
 * Reads the part of OData's filters that ARM's lists use: comparisons and calls, joined by `and`.
 *
 * @throws AzureError 400 InvalidFilterInQueryString for anything else
 */
export function parseFilter(text: string): FilterTerm[] {
  const terms: FilterTerm[] = [];
  let position = 0;
  do {
    term.lastIndex = position;
    const groups = term.exec(text)?.groups;
    if (!groups) throw invalidFilter(text);
    position = term.lastIndex;
    const { field, operator, quoted, bare, call, argument } = groups;
    if (field !== undefined) {
      const kind = operator!.toLowerCase() === "eq" ? "eq" : "ne";
      terms.push({ kind, field: field.toLowerCase(), value: quoted?.replaceAll("''", "'") ?? bare! });
    } else {
      terms.push({ kind: "call", name: call!.toLowerCase(), argument });
    }
    and.lastIndex = position;
    if (position === text.length) return terms;
    if (!and.test(text)) throw invalidFilter(text);
    position = and.lastIndex;
  } while (position < text.length);
  throw invalidFilter(text);
}

export const invalidFilter = (text: string): AzureError =>
  new AzureError(
    400,
    "InvalidFilterInQueryString",
    `Invalid $filter '${text}' specified in the query string.`,
  );
