import type { Touch } from "../core/permission";

/** `Touch` with everything known. */
export type KnownTouch = {
  [K in Touch["kind"]]: {
    [P in keyof Extract<Touch, { kind: K }>]: P extends "kind" ? K : string;
  };
}[Touch["kind"]];

/** The whole way of a workload's identity: a token of its ServiceAccount, the exchange, each data plane. */
export interface WorkloadProof {
  kind: "workload";
  /** "orders" */
  name: string;
  namespace: string;
  serviceAccount: string;
  tenantId: string;
  clientId: string;
  audience: string;
  /**
   * Whose credentials and role assignments Azure is asked for when something does not work: the identity's ARM id,
   * or `/applications/<object id>`.
   */
  identityId?: string;
  /** What the federated credential was written to say, to be put beside what the token says. */
  issuer: string;
  subject: string;
  touches: KnownTouch[];
  /** The ids of credential, role assignments and database users: when one is made anew, the proof is made again. */
  waitsFor: string[];
}

/** The deployer's own way into the cluster, which a role assignment opens after a while. */
export interface ClusterProof {
  kind: "cluster";
  name: string;
  waitsFor: string[];
}

export type Proof = WorkloadProof | ClusterProof;

/** How to wait. */
export type PropagationMethod =
  /** Until everything answers, at most this long: 1 to 3,600 seconds. */
  | { kind: "proof"; deadlineSeconds: number }
  /** A fixed time, once for all that is new: 0 to 3,600 seconds. */
  | { kind: "delay"; delaySeconds: number };

export interface PropagationInputs {
  kubeconfig: string;
  method: PropagationMethod;
  proofs: Proof[];
  /** Of the Propagation itself, beside which the engine shows how far it is. */
  resourceUrn?: string;
}

/** The proofs of `next` that `previous` did not have, or had otherwise. */
export function newProofs(previous: readonly Proof[], next: readonly Proof[]): Proof[] {
  const known = new Set(previous.map((proof) => JSON.stringify(proof)));
  return next.filter((proof) => !known.has(JSON.stringify(proof)));
}
