import type { WorkloadView } from "./credential-rules";
import { type Finding, runUp } from "./finding";
import { type LiveFacts, roleGuid } from "./live-facts";
import { type DeclaredStack, lastSegment, type RoleAssignment, sameId } from "./stack-state";

/** A scope without what every scope of the group begins with. */
export const shortScope = (scope: string): string =>
  scope.replace(/^.*\/providers\/Microsoft\.[^/]+\//, "").replace(/^\/subscriptions\/[^/]+\/?/, "") ||
  "the subscription";

/** Identities, and what they were given against what they have. */
export function roleFindings(
  stack: DeclaredStack,
  live: LiveFacts,
  views: readonly WorkloadView[],
): Finding[] {
  const roleName = ({ roleDefinitionId }: RoleAssignment) =>
    live.roles[roleGuid(roleDefinitionId)]?.name ?? roleGuid(roleDefinitionId);
  const holderOf = (principalId: string) =>
    stack.identities.find((identity) => sameId(identity.principalId, principalId));
  // What an identity that several share lacks concerns them all.
  const workloadOf = (principalId: string) => {
    const clientId = holderOf(principalId)?.clientId ?? "";
    const [first, ...more] = views.filter(({ proof }) => sameId(proof.clientId, clientId));
    return more.length === 0 ? first?.proof.name : undefined;
  };

  const missing = stack.roleAssignments.filter(
    ({ id }) => !live.roleAssignments.some((one) => sameId(one.id, id)),
  );
  const isOurs = ({ principalId }: RoleAssignment) =>
    holderOf(principalId) !== undefined ||
    live.identities.some((identity) => sameId(identity.principalId, principalId));
  const undeclared = live.roleAssignments.filter(
    (one) => isOurs(one) && !stack.roleAssignments.some(({ id }) => sameId(id, one.id)),
  );
  const misplaced = new Set<RoleAssignment>();

  const lost = missing.map((wanted): Finding => {
    const elsewhere = undeclared.find(
      (one) =>
        sameId(one.principalId, wanted.principalId) &&
        roleGuid(one.roleDefinitionId) === roleGuid(wanted.roleDefinitionId),
    );
    if (elsewhere) misplaced.add(elsewhere);
    const workload = workloadOf(wanted.principalId);
    const shared = {
      severity: "error",
      ...(workload === undefined ? {} : { workload }),
      where: `role ${roleName(wanted)} of ${describePrincipal(wanted.principalId, stack)}`,
      expected: shortScope(wanted.scope),
      remedy: `Assign the role on the expected scope, and delete it elsewhere; ${runUp}.`,
    } as const;
    return elsewhere
      ? {
          ...shared,
          mistake: "role-on-another-scope",
          what: "The role is assigned on another scope than the stack says.",
          found: shortScope(elsewhere.scope),
        }
      : {
          ...shared,
          mistake: "role-missing",
          what: "The role assignment that the stack made is gone.",
          found: "no assignment",
        };
  });
  const more = undeclared
    .filter((one) => !misplaced.has(one) && !isGone(one, live))
    .map((one): Finding => {
      const workload = workloadOf(one.principalId);
      return {
        severity: "warning",
        mistake: "role-undeclared",
        ...(workload === undefined ? {} : { workload }),
        where: `role ${roleName(one)} of ${describePrincipal(one.principalId, stack)}`,
        what: "The identity holds a role that the stack does not give it.",
        found: shortScope(one.scope),
        remedy: `Delete role assignment ${lastSegment(one.id)}, or declare it.`,
      };
    });
  return [
    ...views.flatMap((view) => identityFindings(view, stack)),
    ...lost,
    ...more,
    ...principalFindings(live, stack, roleName),
  ];
}

const isGone = ({ principalId }: RoleAssignment, { gonePrincipals }: LiveFacts): boolean =>
  gonePrincipals.some((gone) => sameId(gone, principalId));

function describePrincipal(principalId: string, stack: DeclaredStack): string {
  const identity = stack.identities.find((one) => sameId(one.principalId, principalId));
  return identity ? `identity ${lastSegment(identity.id)}` : `principal ${principalId}`;
}

function identityFindings({ proof, identity }: WorkloadView, stack: DeclaredStack): Finding[] {
  const declared = stack.identities.find(({ clientId }) => sameId(clientId, proof.clientId));
  const shared = {
    severity: "error",
    workload: proof.name,
    where: declared ? `identity ${lastSegment(declared.id)}` : `identity with client id ${proof.clientId}`,
    remedy: `${runUp}.`,
  } as const;
  if (!identity) {
    // An identity of another stack cannot be looked up by its client id alone.
    if (!declared) return [];
    return [
      { ...shared, mistake: "identity-gone", what: "The identity is gone, and all of its credentials." },
    ];
  }
  if (sameId(identity.clientId, proof.clientId)) return [];
  return [
    {
      ...shared,
      mistake: "identity-made-anew",
      what: "The identity was deleted and made anew outside of the stack: it is another principal now.",
      found: identity.clientId,
      expected: proof.clientId,
    },
  ];
}

function principalFindings(
  live: LiveFacts,
  stack: DeclaredStack,
  roleName: (assignment: RoleAssignment) => string,
): Finding[] {
  // What stands above the stack's groups is not the stack's to tidy up.
  const within = live.roleAssignments.filter(({ scope }) => /\/resourceGroups\//i.test(scope));
  return within.flatMap((one): Finding[] => {
    const gone = isGone(one, live);
    if (!gone && !live.unknownPrincipals.some((unknown) => sameId(unknown, one.principalId))) return [];
    const where = `role ${roleName(one)} on ${shortScope(one.scope)}`;
    return gone
      ? [
          {
            severity: "warning",
            mistake: "principal-gone",
            where,
            what: `Its ${describePrincipal(one.principalId, stack)} is gone; Azure keeps the assignment.`,
            found: one.principalId,
            remedy: `Delete role assignment ${lastSegment(one.id)}.`,
          },
        ]
      : [
          {
            severity: "note",
            mistake: "principal-unknown",
            where,
            what: "Its principal is none of this stack's, and the directory could not be asked whether it is there.",
            found: one.principalId,
            remedy: "Look with an account that may read the directory.",
          },
        ];
  });
}
