import type { TokenClaims } from "../diagnosis/credential-mismatch";
import { isTroubleStatus, retryAfterMs } from "../dynamic/http";
import type { KnownTouch } from "./proof";

/** One link of the chain that does not work, or not yet. */
export class LinkFailure extends Error {
  /** The service is throttling, or in trouble of its own: the same request may succeed a moment later. */
  readonly isTrouble: boolean;
  /** How long the service asks to be left alone, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** What the token said that was not accepted. */
  readonly presented: TokenClaims | undefined;
  /** What was to be touched and refused. */
  readonly touch: KnownTouch | undefined;

  constructor(
    /** "token exchange at Entra", "secret stripe-key of https://…"… */
    readonly link: string,
    /** What was answered: "AADSTS700213", "403 ForbiddenByRbac". */
    readonly answer: string,
    message: string,
    /** Whether time may mend it. */
    readonly mayBeDelay: boolean,
    more: Partial<Pick<LinkFailure, "isTrouble" | "retryAfterMs" | "presented" | "touch">> = {},
  ) {
    super(message);
    this.name = "LinkFailure";
    this.isTrouble = more.isTrouble ?? false;
    this.retryAfterMs = more.retryAfterMs;
    this.presented = more.presented;
    this.touch = more.touch;
  }
}

/** The failure for an answer that is only trouble; undefined for one that means something. */
export function troubleOf(
  link: string,
  { status, headers }: { status: number; headers: Record<string, string | string[] | undefined> },
): LinkFailure | undefined {
  if (!isTroubleStatus(status)) return undefined;
  const pause = retryAfterMs(headers);
  const what = status === 429 ? "the service is throttling" : "the service is in trouble";
  return new LinkFailure(link, String(status), what, true, { isTrouble: true, retryAfterMs: pause });
}
