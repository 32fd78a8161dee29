import { defined, type JsonObject } from "../json";
import type { ResourceBody } from "../resource";
import type { Write } from "../resource-type";

/**
 * A resource's body: what all have, `more` at the top, and properties; members that are undefined are left out.
 *
 * @param type as ARM writes it
 */
export function envelope(
  { id, name, location, tags }: Write,
  type: string,
  properties: JsonObject,
  more: JsonObject = {},
): ResourceBody {
  return { id, name, type, ...defined({ location, tags, ...more }), properties: defined(properties) };
}
