/** How an issuer differs from what it should be. */
export function issuerDifference(
  found: string,
  expected: string,
): "issuer-trailing-slash" | "issuer-case" | "issuer-tenant" | "issuer-differs" | undefined {
  if (found === expected) return undefined;
  const bare = (url: string) => url.replace(/\/+$/, "");
  if (bare(found) === bare(expected)) return "issuer-trailing-slash";
  if (found.toLowerCase() === expected.toLowerCase()) return "issuer-case";
  // An AKS issuer is https://<region host>/<tenant>/<cluster>/.
  const parts = (url: string) => bare(url).toLowerCase().split("/");
  const [ours, theirs] = [parts(found), parts(expected)];
  const sameButTenant =
    ours.length === 5 &&
    ours.length === theirs.length &&
    ours.every((part, at) => at === 3 || part === theirs[at]);
  return sameButTenant ? "issuer-tenant" : "issuer-differs";
}

/** How a subject differs from that of the ServiceAccount it should be. */
export function subjectDifference(
  found: string,
  expected: string,
): "subject-case" | "subject-namespace" | "subject-service-account" | "subject-differs" | undefined {
  if (found === expected) return undefined;
  if (found.toLowerCase() === expected.toLowerCase()) return "subject-case";
  const ours = serviceAccountOf(found);
  const theirs = serviceAccountOf(expected);
  if (!ours || !theirs) return "subject-differs";
  if (ours.name === theirs.name) return "subject-namespace";
  return ours.namespace === theirs.namespace ? "subject-service-account" : "subject-differs";
}

/** The subject of a ServiceAccount's tokens. */
export const subjectOf = (namespace: string, name: string): string =>
  `system:serviceaccount:${namespace}:${name}`;

/** The ServiceAccount whose tokens have this subject. */
export function serviceAccountOf(subject: string): { namespace: string; name: string } | undefined {
  const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(subject) ?? [];
  return namespace === undefined || name === undefined ? undefined : { namespace, name };
}
