import type { ClusterClient } from "../../components/propagation/cluster-client";
import { LinkFailure } from "../../components/propagation/link-failure";
import { type Attempt, givers, planAttempts } from "./attempt-plan";
import { becomeWorkload, keySetErrors } from "./become-workload";
import type { WorkloadView } from "./credential-rules";
import { type LiveFacts, roleGuid } from "./live-facts";
import { makeAttempt, type Outcome } from "./make-attempt";
import { shortScope } from "./role-rules";
import type { DeclaredStack } from "./stack-state";

/** One thing that was tried as a workload. */
export interface Check extends Outcome {
  target: string;
  verb: string;
  expected: "allowed" | "refused";
  /** Why it may have come out otherwise; only then. */
  explanation?: string;
}

/** A link of the way to a token that does not hold. */
export interface BrokenLink {
  link: string;
  answer: string;
  explanation: string;
  /** The one mistake that only shows on the way: the token's key is not, or no longer, in the issuer's key set. */
  mistake?: "issuer-keys";
}

/** What a workload can do, against what the stack says. */
export interface WorkloadReport {
  name: string;
  namespace: string;
  serviceAccount: string;
  clientId: string;
  /** Why the workload could not be become; nothing was tried then. */
  broken?: BrokenLink;
  checks: Check[];
}

export const isSurprise = ({ expected, outcome }: Check): boolean =>
  outcome !== "unknown" && outcome !== expected;

/** Becomes the workload and tries everything there is. */
export async function verifyWorkload(
  view: WorkloadView,
  stack: DeclaredStack,
  live: LiveFacts,
  client: ClusterClient | undefined,
): Promise<WorkloadReport> {
  const { proof } = view;
  const { name, namespace, serviceAccount, clientId } = proof;
  const report = { name, namespace, serviceAccount, clientId, checks: [] };
  if (!client) {
    const explanation = "Without the cluster's API there is no token of the ServiceAccount.";
    return { ...report, broken: { link: "cluster", answer: "not reachable", explanation } };
  }
  try {
    const workload = await becomeWorkload(view, stack, client);
    const checks: Check[] = [];
    for (const attempt of planAttempts(stack, clientId, live.roles)) {
      const token = await workload.tokenFor(resourceOf(attempt));
      const outcome = await makeAttempt(attempt.try, token);
      const expected = attempt.allowed ? "allowed" : "refused";
      const check: Check = { target: attempt.target, verb: attempt.verb, expected, ...outcome };
      checks.push(isSurprise(check) ? { ...check, explanation: explain(attempt, view, stack, live) } : check);
    }
    // With nothing to try, the exchange itself is what can be shown.
    if (checks.length === 0) await workload.tokenFor("https://management.azure.com");
    return { ...report, checks };
  } catch (error) {
    return { ...report, broken: brokenLink(error) };
  }
}

const resourceOf = ({ try: attempt }: Attempt): string =>
  attempt.over === "http" ? attempt.resource : "https://database.windows.net";

function brokenLink(error: unknown): BrokenLink {
  if (!(error instanceof LinkFailure)) {
    return { link: "network", answer: "no answer", explanation: (error as Error).message };
  }
  const patience = error.mayBeDelay ? " When nothing below explains it, it may be delay." : "";
  const broken = { link: error.link, answer: error.answer, explanation: error.message + patience };
  return keySetErrors.has(error.answer) ? { ...broken, mistake: "issuer-keys" } : broken;
}

/** Looks among the assignments that are there for what gives too much, or for what is missing. */
function explain(
  { operation, allowed, try: attempt }: Attempt,
  { proof, identity }: WorkloadView,
  stack: DeclaredStack,
  live: LiveFacts,
): string {
  if (!operation) {
    const database = attempt.over === "sql" ? attempt.databaseName : "";
    return allowed
      ? `The user of ${proof.name} in database ${database} is gone or has fewer roles than the stack gives it; \`keyless up\` after a refresh mends it.`
      : `The user of ${proof.name} in database ${database} has more than the stack gives it: look at its roles and permissions there.`;
  }
  const principalId = identity?.principalId ?? "";
  const present = givers(operation, principalId, live.roleAssignments, live.roles);
  const names = (assignments: typeof present) =>
    assignments
      .map(
        ({ roleDefinitionId, scope }) =>
          `${live.roles[roleGuid(roleDefinitionId)]?.name ?? roleGuid(roleDefinitionId)} on ${shortScope(scope)}`,
      )
      .join(" and ");
  if (!allowed) {
    return present.length > 0
      ? `The identity holds ${names(present)}, which the stack does not give it.`
      : "No role assignment that can be seen from here allows it: look for groups, and for roles above the resource group.";
  }
  if (present.length > 0) {
    return `${names(present)} is assigned; it may take up to 10 minutes to have effect, or a condition or deny assignment is in the way.`;
  }
  const wanted = givers(operation, principalId, stack.roleAssignments, live.roles);
  return `The stack gives ${names(wanted)}, and no such assignment is there.`;
}
