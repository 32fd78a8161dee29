import { closestCredential, credentialMismatches } from "../../components/diagnosis/credential-mismatch";
import { serviceAccountOf, subjectOf } from "../../components/diagnosis/text-difference";
import type { WorkloadProof } from "../../components/propagation/proof";
import type { ClusterFacts } from "./cluster-facts";
import { type Finding, runUp } from "./finding";
import type { LiveCredential, LiveFacts, LiveIdentity } from "./live-facts";
import { type DeclaredStack, lastSegment, sameId } from "./stack-state";

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
  return closestCredential(identity.credentials, { issuer, subject, audience: proof.audience }, declared?.id);
}

/** Each workload's credential against its cluster's issuer and its ServiceAccount. */
export function credentialFindings(stack: DeclaredStack, views: readonly WorkloadView[]): Finding[] {
  return views.flatMap((view): Finding[] => {
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
    return credentialMismatches(credential, { issuer, subject, audience: proof.audience }).map(
      (mismatch) => ({ ...error, ...mismatch, where, remedy }),
    );
  });
}

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
