import pc from "picocolors";
import { table } from "../table";
import type { Diagnosis } from "./diagnose";
import type { Finding } from "./finding";
import { type Check, isSurprise, type WorkloadReport } from "./verify-workload";

const marks = { error: pc.red("✘"), warning: pc.yellow("▲"), note: pc.dim("•") } as const;

/** Findings one after another, the two values of each beneath one another. */
export function findingsText(findings: readonly Finding[]): string {
  return findings
    .map(({ severity, mistake, workload, where, what, found, expected, remedy }) => {
      const who = workload === undefined ? "" : `${pc.cyan(workload)}: `;
      const values = [
        ...(found === undefined ? [] : [`    found     ${found}`]),
        ...(expected === undefined ? [] : [`    expected  ${expected}`]),
      ];
      return [
        `${marks[severity]} ${who}${where} ${pc.dim(`(${mistake})`)}`,
        `    ${what}`,
        ...values,
        `    ${pc.dim("→")} ${remedy}`,
      ].join("\n");
    })
    .join("\n\n");
}

/** What was looked at without finding anything, so that silence means something. */
export function lookedText({ looked, findings }: Diagnosis): string {
  const { workloads, identities, roleAssignments, credentialsOnOneIdentity } = looked;
  const errors = findings.filter(({ severity }) => severity === "error").length;
  const mark = errors === 0 ? pc.green("✔") : pc.red("✘");
  const count =
    findings.length === 0 ? "nothing found" : `${findings.length} found, ${errors} of them errors`;
  return (
    `${mark} ${count}: ${workloads} workloads, ${identities} identities, ${roleAssignments} role assignments; ` +
    `at most ${credentialsOnOneIdentity} of 20 federated credentials on one identity.`
  );
}

/** One row for each thing that a workload may or may not reach, and what came out otherwise. */
export function workloadText(report: WorkloadReport): string {
  const { name, namespace, serviceAccount, clientId, broken, checks } = report;
  const title = `${pc.bold(name)} ${pc.dim(`as ServiceAccount ${namespace}/${serviceAccount}, client id ${clientId}`)}`;
  if (broken) {
    return [title, ` ${marks.error} ${broken.link}: ${broken.answer}`, `    ${broken.explanation}`].join(
      "\n",
    );
  }
  const targets = [...new Set(checks.map(({ target }) => target))];
  const rows = targets.map((target) => {
    const here = checks.filter((check) => check.target === target);
    const verbs = (expected: Check["expected"]) =>
      here.filter((check) => check.expected === expected && check.outcome !== "unknown").map(verbText);
    const unknown = here.filter(({ outcome }) => outcome === "unknown");
    return {
      mark: here.some(isSurprise) ? marks.error : unknown.length > 0 ? marks.note : pc.green("✔"),
      target,
      may: verbs("allowed").join(", ") || pc.dim("–"),
      mayNot: verbs("refused").join(", ") || pc.dim("–"),
      notShown: unknown.map(({ verb, answer }) => `${verb} (${answer})`).join(", "),
    };
  });
  const allShown = rows.every(({ notShown }) => notShown === "");
  const lines = table(
    ["", "on", "may", "may not", ...(allShown ? [] : ["not shown"])],
    rows.map(({ mark, target, may, mayNot, notShown }) => [
      mark,
      target,
      may,
      mayNot,
      ...(allShown ? [] : [notShown]),
    ]),
  );
  const surprises = checks
    .filter(isSurprise)
    .map(({ target, verb, expected, outcome, answer, explanation }) =>
      [
        `${marks.error} ${verb} ${target}: ${outcome}, where ${expected} was expected (${answer})`,
        `    ${explanation ?? ""}`,
      ].join("\n"),
    );
  return [title, lines, ...surprises].join("\n");
}

const verbText = (check: Check): string => (isSurprise(check) ? pc.red(check.verb) : check.verb);
