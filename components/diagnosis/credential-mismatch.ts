import { issuerDifference, serviceAccountOf, subjectDifference } from "./text-difference";

/** What a ServiceAccount's token says of itself: claims, never the token. */
export interface TokenClaims {
  issuer: string;
  subject: string;
  audience: string;
}

/** What a federated credential takes. */
export interface TrustedClaims {
  issuer: string;
  subject: string;
  audiences: readonly string[];
}

/** One value of a credential that is not what the token says. */
export interface CredentialMismatch {
  mistake: keyof typeof sentences;
  what: string;
  /** What the credential says. */
  found: string;
  /** What the token says. */
  expected: string;
}

const sentences = {
  "issuer-trailing-slash": "The issuer differs from the cluster's by the slash at its end.",
  "issuer-case": "The issuer differs from the cluster's in case only.",
  "issuer-tenant": "The issuer is that of another tenant.",
  "issuer-differs": "The issuer is not the cluster's: the cluster may have been made anew.",
  "subject-case": "The subject differs from the ServiceAccount's in case only, which Entra minds.",
  "subject-namespace": "The subject names another namespace than the ServiceAccount's.",
  "subject-service-account": "The subject names another ServiceAccount of the namespace.",
  "subject-differs": "The subject is not the ServiceAccount's.",
  audience: "The credential is for another audience than the tokens that pods get.",
} as const;

/** In what a credential differs from the tokens that it is to take; empty when Entra will take them. */
export function credentialMismatches(credential: TrustedClaims, token: TokenClaims): CredentialMismatch[] {
  const mistakes = [
    issuerDifference(credential.issuer, token.issuer),
    subjectDifference(credential.subject, token.subject),
    credential.audiences.includes(token.audience) ? undefined : ("audience" as const),
  ];
  const found = [credential.issuer, credential.subject, credential.audiences.join(", ")];
  const expected = [token.issuer, token.subject, token.audience];
  return mistakes.flatMap((mistake, index) =>
    mistake === undefined
      ? []
      : [{ mistake, what: sentences[mistake], found: found[index] ?? "", expected: expected[index] ?? "" }],
  );
}

/**
 * Of an identity's credentials the one that takes the token or, when none does, the one that was meant to.
 *
 * @param declaredId the id of the one that the program wrote for it, where that is known
 */
export function closestCredential<T extends TrustedClaims & { id: string }>(
  credentials: readonly T[],
  token: TokenClaims,
  declaredId?: string,
): T | undefined {
  const by = (test: (credential: T) => boolean) => credentials.find(test);
  const { issuer, subject } = token;
  const name = serviceAccountOf(subject)?.name;
  return (
    by((one) => credentialMismatches(one, token).length === 0) ??
    by((one) => one.id.toLowerCase() === declaredId?.toLowerCase()) ??
    by((one) => one.subject.toLowerCase() === subject.toLowerCase()) ??
    by((one) => one.issuer === issuer && name !== undefined && serviceAccountOf(one.subject)?.name === name)
  );
}

/** Cuts two long texts down to where they differ: "`Orders` against `orders`", "`…/` against `…`". */
export function pointOut(found: string, expected: string): string {
  const longest = Math.min(found.length, expected.length);
  let start = 0;
  while (start < longest && found[start] === expected[start]) start++;
  let end = 0;
  while (end < longest - start && found.at(-1 - end) === expected.at(-1 - end)) end++;
  // A whole name says more than a letter of it; where only something was added, the names are the same.
  const isAddition = start + end === longest;
  const isDelimiter = (character: string | undefined) => character === undefined || /[/:]/.test(character);
  if (!isAddition) {
    while (!isDelimiter(expected[start - 1])) start--;
    while (end > 0 && !isDelimiter(expected.at(-end))) end--;
  }
  const cut = (text: string) => {
    const part = text.slice(start, text.length - end);
    if (!isAddition) return part;
    return part === "" ? "…" : `${start > 0 ? "…" : ""}${part}${end > 0 ? "…" : ""}`;
  };
  return `\`${cut(found)}\` against \`${cut(expected)}\``;
}
