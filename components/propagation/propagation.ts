import * as pulumi from "@pulumi/pulumi";
import { check } from "../core/errors";
import { DynamicResource, dynamicType } from "../dynamic/resource";
import type { Proof, PropagationMethod } from "./proof";

/** @see https://learn.microsoft.com/azure/role-based-access-control/troubleshooting#symptom---role-assignment-changes-are-not-being-detected */
const defaultDeadlineSeconds = 15 * 60;

export interface PropagationArgs {
  /** Of the cluster whose ServiceAccounts the proofs are about; it need hold no credential. */
  kubeconfig: pulumi.Input<string>;
  /** What has to work, one for each workload. */
  proofs: pulumi.Input<Proof>[];
  /**
   * Proof where the cluster's API can be reached from here, delay elsewhere.
   *
   * @default by proof, with a deadline of 15 minutes
   */
  method?: PropagationMethod;
}

/**
 * Waits until identities truly work: federated credentials and role assignments take effect some time after
 * they are written. What depends on it starts with everything in place.
 *
 * It does not run at preview or on destroy, nor for proofs that are as they were at the last run.
 *
 * @see https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations
 */
export class Propagation extends DynamicResource {
  /** @throws ArgumentError when deadline or delay is out of range */
  constructor(name: string, args: PropagationArgs, options: pulumi.CustomResourceOptions = {}) {
    const method = args.method ?? { kind: "proof", deadlineSeconds: defaultDeadlineSeconds };
    const [argument, seconds, least] =
      method.kind === "proof"
        ? ["deadlineSeconds", method.deadlineSeconds, 1]
        : ["delaySeconds", method.delaySeconds, 0];
    check(`Propagation ${name}`, [
      {
        argument: argument as string,
        holds: (seconds as number) >= (least as number) && (seconds as number) <= 3600,
        allowed: `${least} to 3600 seconds`,
        got: seconds,
      },
    ]);
    super(
      "propagation",
      "Propagation",
      name,
      {
        kubeconfig: args.kubeconfig,
        proofs: args.proofs,
        method,
        resourceUrn: urnOf(name, options.parent),
      },
      options,
    );
  }
}

/** A promise and no output: the parent's URN as an output waits for all of its children, and this is one of them. */
function urnOf(name: string, parent: pulumi.Resource | undefined): Promise<string> {
  return new Promise((resolve) => {
    pulumi.createUrn(name, dynamicType("Propagation"), parent).apply(resolve);
  });
}
