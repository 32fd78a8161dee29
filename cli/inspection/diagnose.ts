import { credentialFindings, spareCredentialFindings, viewWorkloads } from "./credential-rules";
import { type Finding, sortFindings } from "./finding";
import { kubernetesFindings } from "./kubernetes-rules";
import type { LiveFacts } from "./live-facts";
import { roleFindings } from "./role-rules";
import type { DeclaredStack } from "./stack-state";

/** What `keyless doctor` answers. */
export interface Diagnosis {
  findings: Finding[];
  /** What was looked at. */
  looked: {
    workloads: number;
    identities: number;
    roleAssignments: number;
    /** Of the identity that has the most. */
    credentialsOnOneIdentity: number;
  };
}

/** Compares how things are with each other and with what the stack says. */
export function diagnose(stack: DeclaredStack, live: LiveFacts): Diagnosis {
  const views = viewWorkloads(stack, live);
  return {
    findings: sortFindings([
      ...credentialFindings(stack, views),
      ...spareCredentialFindings(stack, live, views),
      ...kubernetesFindings(live, views),
      ...roleFindings(stack, live, views),
    ]),
    looked: {
      workloads: stack.workloads.length,
      identities: live.identities.length,
      roleAssignments: live.roleAssignments.length,
      credentialsOnOneIdentity: Math.max(0, ...live.identities.map(({ credentials }) => credentials.length)),
    },
  };
}
