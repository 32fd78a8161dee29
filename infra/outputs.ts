import * as pulumi from "@pulumi/pulumi";
import type { Access, WorkloadIdentity } from "../components";

/** One row of "who may do what where". */
export interface Grant {
  who: string;
  may: string;
  /** A built-in role, the roles inside a database, or the GUID of a role that is neither. */
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
        role: roleOf(access),
        scope: access.scope,
      })),
    ),
  );
}

function roleOf(access: Access): string {
  if ("appRole" in access) return access.appRole.value;
  if ("databaseRoles" in access) return access.databaseRoles.join(", ");
  return "role" in access ? access.role : access.roleDefinitionGuid;
}
