import type { WorkloadProof } from "../../components/propagation/proof";
import type { ClusterFacts } from "./cluster-facts";
import { type Finding, runUp } from "./finding";
import type { LiveCredential, LiveFacts, LiveIdentity } from "./live-facts";
import { type DeclaredStack, lastSegment, sameId } from "./stack-state";
import { issuerDifference, serviceAccountOf, subjectDifference, subjectOf } from "./text-difference";

/** @see https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations */
const mostCredentials = 20;
const nearlyMost = 18;

/** A workload with what there is of it. */
export interface WorkloadView {
  proof: WorkloadProof;
  /** Undefined when it is gone. */
  identity?: LiveIdentity;
  /** Undefined when it is gone. */
  cluster?: ClusterFacts;
}

/** Finds each workload's identity and cluster among what is there. */
export function viewWorkloads(stack: DeclaredStack, live: LiveFacts): WorkloadView[] {
  return stack.workloads.map((proof) => {
    const declared = stack.identities.find(({ clientId }) => sameId(clientId, proof.clientId));
    const identity = live.identities.find(
      ({ id, clientId }) => sameId(clientId, proof.clientId) || (declared && sameId(id, declared.id)),
    );
    const hasAccount = ({ serviceAccounts }: ClusterFacts) =>
      serviceAccounts.some(
        ({ namespace, name }) => namespace === proof.namespace && name === proof.serviceAccount,
      );
    const cluster =
      live.clusters.find(({ issuerUrl }) => issuerUrl === proof.issuer) ??
      live.clusters.find(hasAccount) ??
      live.clusters[0];
    return { proof, ...(identity ? { identity } : {}), ...(cluster ? { cluster } : {}) };
  });
}

export const describeCredential = (id: string): string => {
  const parts = id.split("/");
  return `federated credential ${parts.at(-1)} of identity ${parts.at(-3)}`;
};

/** The credential that lets the workload in, or the one that was meant to. */
export function credentialOf(
  { proof, identity, cluster }: WorkloadView,
  stack: DeclaredStack,
): LiveCredential | undefined {
  if (!identity) return undefined;
  const subject = subjectOf(proof.namespace, proof.serviceAccount);
  const issuer = cluster?.issuerUrl ?? proof.issuer;
  const declared = stack.credentials.find(
    (one) => one.subject === proof.subject && one.issuer === proof.issuer && proof.waitsFor.includes(one.id),
  );
  const by = (test: (credential: LiveCredential) => unknown) => identity.credentials.find(test);
  return (
    by((one) => one.issuer === issuer && one.subject === subject && one.audiences.includes(proof.audience)) ??
    by((one) => declared && sameId(one.id, declared.id)) ??
    by((one) => one.subject.toLowerCase() === subject.toLowerCase()) ??
    by((one) => one.issuer === issuer && serviceAccountOf(one.subject)?.name === proof.serviceAccount)
  );
}

/** Each workload's credential against its cluster's issuer and its ServiceAccount. */
export function credentialFindings(stack: DeclaredStack, views: readonly WorkloadView[]): Finding[] {
  return views.flatMap((view) => {
    const { proof, identity, cluster } = view;
    if (!identity) return [];
    const error = { severity: "error", workload: proof.name } as const;
    const subject = subjectOf(proof.namespace, proof.serviceAccount);
    if (cluster && cluster.issuerUrl === undefined) {
      return [
        {
          ...error,
          mistake: "issuer-off",
          where: `cluster ${lastSegment(cluster.id)}`,
          what: "The cluster's OIDC issuer is off, so no token of it can be exchanged.",
          remedy: `Turn the OIDC issuer on; ${runUp}.`,
        },
      ];
    }
    const issuer = cluster?.issuerUrl ?? proof.issuer;
    const credential = credentialOf(view, stack);
    if (!credential) {
      return [
        {
          ...error,
          mistake: "credential-missing",
          where: `identity ${lastSegment(identity.id)}`,
          what: `No federated credential of the identity trusts ServiceAccount ${proof.namespace}/${proof.serviceAccount}.`,
          found: `${identity.credentials.length} other credentials`,
          expected: `issuer ${issuer}, subject ${subject}`,
          remedy: `${runUp}.`,
        },
      ];
    }
    const where = describeCredential(credential.id);
    const remedy = `Change the credential to the expected value, character by character; ${runUp}.`;
    const findings: Finding[] = [];
    const wrongIssuer = issuerDifference(credential.issuer, issuer);
    if (wrongIssuer) {
      findings.push({
        ...error,
        mistake: wrongIssuer,
        where,
        what: issuerSentences[wrongIssuer],
        found: credential.issuer,
        expected: issuer,
        remedy,
      });
    }
    const wrongSubject = subjectDifference(credential.subject, subject);
    if (wrongSubject) {
      findings.push({
        ...error,
        mistake: wrongSubject,
        where,
        what: subjectSentences[wrongSubject],
        found: credential.subject,
        expected: subject,
        remedy,
      });
    }
    if (!credential.audiences.includes(proof.audience)) {
      findings.push({
        ...error,
        mistake: "audience",
        where,
        what: "The credential is for another audience than the tokens that pods get.",
        found: credential.audiences.join(", "),
        expected: proof.audience,
        remedy,
      });
    }
    return findings;
  });
}

const issuerSentences = {
  "issuer-trailing-slash": "The issuer differs from the cluster's by the slash at its end.",
  "issuer-case": "The issuer differs from the cluster's in case only.",
  "issuer-tenant": "The issuer is that of another tenant.",
  "issuer-differs": "The issuer is not the cluster's: the cluster may have been made anew.",
} as const;

const subjectSentences = {
  "subject-case": "The subject differs from the ServiceAccount's in case only, which Entra minds.",
  "subject-namespace": "The subject names another namespace than the ServiceAccount's.",
  "subject-service-account": "The subject names another ServiceAccount of the namespace.",
  "subject-differs": "The subject is not the ServiceAccount's.",
} as const;

/** Credentials that serve no workload, and how many an identity has. */
export function spareCredentialFindings(
  stack: DeclaredStack,
  live: LiveFacts,
  views: readonly WorkloadView[],
): Finding[] {
  const inUse = new Set(views.map((view) => credentialOf(view, stack)?.id.toLowerCase()));
  const isDeclared = ({ id, issuer, subject }: LiveCredential) =>
    stack.credentials.some((one) => sameId(one.id, id) && one.issuer === issuer && one.subject === subject);
  return live.identities.flatMap((identity) => {
    const spare = identity.credentials.filter(({ id }) => !inUse.has(id.toLowerCase()));
    return [
      ...spare.filter((one) => !isDeclared(one)).map((one) => spareCredential(one, live)),
      ...countFinding(identity),
    ];
  });
}

function spareCredential(credential: LiveCredential, live: LiveFacts): Finding {
  const account = serviceAccountOf(credential.subject);
  const ours = live.clusters.find(({ issuerUrl }) => issuerUrl === credential.issuer);
  const shared = {
    severity: "warning",
    where: describeCredential(credential.id),
    remedy: "Delete the credential unless something outside of this stack needs it.",
  } as const;
  if (account && !ours) {
    return {
      ...shared,
      mistake: "issuer-left-over",
      what: `The credential trusts ServiceAccount ${account.namespace}/${account.name} of another issuer than this stack's clusters have: of one that is gone, as far as this stack can tell.`,
      found: credential.issuer,
      expected: live.clusters.map(({ issuerUrl }) => issuerUrl ?? "").join(", "),
    };
  }
  return {
    ...shared,
    mistake: "credential-of-nobody",
    what: "The stack does not declare this credential, and it serves none of its workloads.",
    found: `issuer ${credential.issuer}, subject ${credential.subject}`,
  };
}

function countFinding({ id, credentials }: LiveIdentity): Finding[] {
  if (credentials.length < nearlyMost) return [];
  return [
    {
      severity: credentials.length < mostCredentials ? "note" : "warning",
      mistake: "credential-limit",
      where: `identity ${lastSegment(id)}`,
      what: "An identity has at most 20 federated credentials.",
      found: String(credentials.length),
      expected: `fewer than ${mostCredentials}`,
      remedy: "Delete credentials that are not needed, or give some workloads an identity of their own.",
    },
  ];
}
