import pc from "picocolors";
import { inspectStack } from "../inspection/deployed-stack";
import { findingsText, workloadText } from "../inspection/report-text";
import { judge } from "../inspection/verdict";

export interface VerifyOptions {
  stack: string;
  azure: boolean;
  json: boolean;
  /** The workloads to become; all when empty. */
  workloads: string[];
}

/** Becomes each workload and shows that it can do what it was given, and nothing else. @returns the exit code */
export async function verify({ stack, azure, json, workloads: names }: VerifyOptions): Promise<number> {
  const report = await inspectStack({ stack, azure, become: names.length === 0 ? "all" : names });
  const { workloads } = report;
  const { ok, checks, surprises, broken, errors } = judge(report);
  if (json) {
    console.log(JSON.stringify({ stack, ok, workloads, findings: errors }, undefined, 2));
    return ok ? 0 : 1;
  }
  console.log(workloads.map(workloadText).join("\n\n"));
  if (errors.length > 0) console.log(`\n${pc.bold("What is wrong")}\n${findingsText(errors)}`);
  console.log(
    ok
      ? `\n${pc.green("✔")} ${checks.length} attempts as ${workloads.length} workloads: what was granted works, and nothing else that was tried.`
      : `\n${pc.red("✘")} ${broken} workloads that cannot log in, ${surprises.length} surprises in ${checks.length} attempts, ${errors.length} mistakes known by name.`,
  );
  return ok ? 0 : 1;
}
