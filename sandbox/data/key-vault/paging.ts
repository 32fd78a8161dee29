import { badParameter } from "./errors";

/** The most entries that a page holds, and the number without `maxresults`. */
const maximumPage = 25;

/**
 * One page of `entries`, which are ordered by `keyOf`: those after the key in `$skiptoken`, so that entries that
 * come and go between two pages shift nothing. @throws KeyVaultError
 */
export function page<T, V>(url: URL, entries: T[], keyOf: (entry: T) => string, show: (entry: T) => V) {
  const size = pageSize(url.searchParams.get("maxresults"));
  const after = Buffer.from(url.searchParams.get("$skiptoken") ?? "", "base64url").toString("utf8");
  const rest = [...entries]
    .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
    .filter((entry) => keyOf(entry) > after);
  const shown = rest.slice(0, size);
  return {
    value: shown.map(show),
    nextLink: rest.length > size ? nextLink(url, keyOf(shown.at(-1)!)) : null,
  };
}

function pageSize(given: string | null): number {
  if (given === null) return maximumPage;
  const size = Number(given);
  if (!/^\d+$/.test(given) || size < 1 || size > maximumPage) {
    throw badParameter(`maxresults must be between 1 and ${maximumPage}.`);
  }
  return size;
}

function nextLink(url: URL, lastKey: string): string {
  const next = new URL(url);
  next.searchParams.set("$skiptoken", Buffer.from(lastKey).toString("base64url"));
  return next.href;
}
