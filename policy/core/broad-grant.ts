import { type Properties, UNKNOWN } from "./resource";
import { valueAt } from "./setting";

/**
 * The way through the rules on broad grants. A `description` that begins with `[broad: <reason>]` says that
 * somebody meant it. Such a grant is let pass, and `accepted-broad-grant` lists it with its reason at
 * every preview and update.
 */
const MARK = /^\[broad:\s*([^\]]*[^\]\s])\s*\]/;

/** How to accept a broad grant, for the end of a message. */
export const HOW_TO_ACCEPT = "To accept it, begin its 'description' with \"[broad: <reason>]\".";

/** The reason why a grant is broad, `undefined` when none is given, `UNKNOWN` when that is not known yet. */
export function broadReason(properties: Properties): string | undefined | typeof UNKNOWN {
  const description = valueAt(properties, "description");
  if (description === UNKNOWN) return UNKNOWN;
  return typeof description === "string" ? MARK.exec(description)?.[1] : undefined;
}
