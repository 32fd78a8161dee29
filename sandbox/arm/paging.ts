import { AzureError } from "../core/azure-error";
import { armAddress } from "./arm-address";
import type { ArmCall } from "./arm-call";

/** A page of results, as ARM lists them. */
export interface Page<T = unknown> {
  value: T[];
  nextLink?: string;
}

const largestPage = 1000;

const encodeToken = (key: string) => Buffer.from(key).toString("base64url");
const decodeToken = (token: string) => Buffer.from(token, "base64url").toString();

/**
 * One page of `items`. Services call the size `$top` or `$maxpagesize`; all are taken everywhere.
 * The token names the last item shown, so that paging goes on rightly when items come and go.
 *
 * @param items in the order of their keys
 */
export function page<T>(
  call: Pick<ArmCall, "query" | "path">,
  items: T[],
  keyOf: (item: T) => string,
): Page<T> {
  const asked = call.query.get("$top") ?? call.query.get("$maxpagesize");
  const size = asked === undefined ? largestPage : Number(asked);
  if (!Number.isInteger(size) || size < 1) {
    throw new AzureError(400, "InvalidQueryParameterValue", `The value '${asked}' for '$top' is invalid.`);
  }
  const token = call.query.get("$skiptoken");
  const after = token === undefined ? undefined : decodeToken(token);
  const rest = after === undefined ? items : items.filter((item) => keyOf(item) > after);
  const value = rest.slice(0, Math.min(size, largestPage));
  if (value.length === rest.length) return { value };
  const query = new URLSearchParams([...call.query].filter(([name]) => name !== "$skiptoken"));
  query.set("$skiptoken", encodeToken(keyOf(value.at(-1)!)));
  return { value, nextLink: `${armAddress}${encodeURI(call.path.id)}?${query}` };
}
