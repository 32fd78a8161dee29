import { inspectStack } from "../inspection/deployed-stack";
import { findingsText, lookedText } from "../inspection/report-text";

export interface DoctorOptions {
  stack: string;
  azure: boolean;
  json: boolean;
}

/**
 * Compares how a stack's identities, credentials, roles and pods are with what they should be, without touching
 * any data. @returns the exit code
 */
export async function doctor({ stack, azure, json }: DoctorOptions): Promise<number> {
  const { workloads: _none, ...diagnosis } = await inspectStack({ stack, azure, become: [] });
  const ok = !diagnosis.findings.some(({ severity }) => severity === "error");
  if (json) {
    console.log(JSON.stringify({ stack, ok, ...diagnosis }, undefined, 2));
  } else {
    if (diagnosis.findings.length > 0) console.log(`${findingsText(diagnosis.findings)}\n`);
    console.log(lookedText(diagnosis));
  }
  return ok ? 0 : 1;
}
