/** The mistakes that are known by name. */
export type Mistake =
  | "audience"
  | "client-id-annotation-missing"
  | "client-id-of-another-identity"
  | "cluster-gone"
  | "cluster-unreachable"
  | "credential-limit"
  | "credential-missing"
  | "credential-of-nobody"
  | "identity-gone"
  | "identity-made-anew"
  | "issuer-case"
  | "issuer-differs"
  | "issuer-left-over"
  | "issuer-off"
  | "issuer-tenant"
  | "issuer-trailing-slash"
  | "pod-label-missing"
  | "pod-not-mutated"
  | "pod-with-old-client-id"
  | "principal-gone"
  | "principal-unknown"
  | "role-missing"
  | "role-on-another-scope"
  | "role-undeclared"
  | "service-account-missing"
  | "subject-case"
  | "subject-differs"
  | "subject-namespace"
  | "subject-service-account"
  | "tenant-annotation"
  | "token-expiration";

/** Something that is not as it should be. */
export interface Finding {
  /** An error keeps a workload from what it was granted; a warning is a risk; a note asks for a look. */
  severity: "error" | "warning" | "note";
  mistake: Mistake;
  /** Whose way to Azure it lies on; absent when it is nobody's in particular. */
  workload?: string;
  /** "federated credential fc-orders-olyae5 of identity id-orders-dev" */
  where: string;
  /** One sentence. */
  what: string;
  /** The two values that should be one. */
  found?: string;
  expected?: string;
  /** What to do about it. */
  remedy: string;
}

const order = { error: 0, warning: 1, note: 2 } as const;

/** Errors first, and what belongs to one workload together. */
export function sortFindings(findings: readonly Finding[]): Finding[] {
  return [...findings].sort(
    (one, other) =>
      order[one.severity] - order[other.severity] ||
      (one.workload ?? "").localeCompare(other.workload ?? "") ||
      one.mistake.localeCompare(other.mistake),
  );
}

/** What mends anything that differs from what the program says. */
export const runUp = "`pulumi refresh`, then `keyless up`, puts back what the program says";
