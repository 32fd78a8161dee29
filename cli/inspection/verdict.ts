import type { Finding } from "./finding";
import type { InspectionReport } from "./main";
import { type Check, isSurprise } from "./verify-workload";

/** What `keyless verify` makes of an inspection. */
export interface Verdict {
  /** Whether everything came out as the stack says. */
  ok: boolean;
  checks: Check[];
  surprises: Check[];
  /** How many workloads could not be become. */
  broken: number;
  /** The mistakes that concern the workloads that were asked about. */
  errors: Finding[];
}

export function judge(report: InspectionReport): Verdict {
  const names = report.workloads.map(({ name }) => name);
  const errors = report.findings.filter(
    ({ severity, workload }) => severity === "error" && (workload === undefined || names.includes(workload)),
  );
  const checks = report.workloads.flatMap((workload) => workload.checks);
  const surprises = checks.filter(isSurprise);
  const broken = report.workloads.filter((workload) => workload.broken).length;
  return { ok: surprises.length + broken + errors.length === 0, checks, surprises, broken, errors };
}
