import * as pulumi from "@pulumi/pulumi";
import type { WorkloadIdentity } from "../components";

/** One row of "who may do what where". */
export interface Grant {
  who: string;
  may: string;
  role: string;
  scope: string;
}

/** What the workloads of an environment may do, as their permissions say it. */
export function grantsOf(workloads: Record<string, WorkloadIdentity>): pulumi.Output<Grant[]> {
  return pulumi.output(
    Object.entries(workloads).flatMap(([name, workload]) =>
      workload.access.map((access) => ({
        who: `workload ${name}`,
        may: access.intent,
        role: "role" in access ? access.role : access.roleDefinitionGuid,
        scope: access.scope,
      })),
    ),
  );
}
