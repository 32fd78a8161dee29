import type { z } from "zod";
import { findContradictions } from "./contradictions";
import { type Environment, environmentSchema } from "./environment-schema";

/** One thing that is wrong with a configuration. */
export interface Problem {
  /** "workloads.orders.access[0].vault" */
  path: string;
  /** What is allowed, beginning with "must". */
  allowed: string;
  found: unknown;
}

export type ParsedEnvironment = { ok: true; environment: Environment } | { ok: false; problems: Problem[] };

/** Reads a configuration, and finds everything that is wrong with it at once. */
export function parseEnvironment(value: unknown): ParsedEnvironment {
  const parsed = environmentSchema.safeParse(value);
  if (!parsed.success) {
    const problems = parsed.error.issues.flatMap((issue) => problemsOf(issue, value));
    const rest = withoutFaults(value);
    return { ok: false, problems: [...problems, ...(rest ? findContradictions(rest) : [])] };
  }
  const problems = findContradictions(parsed.data);
  return problems.length === 0 ? { ok: true, environment: parsed.data } : { ok: false, problems };
}

/**
 * What is left of a configuration when all that is wrong by itself is taken out, so that references can be
 * checked in the same report. Lists are cut at a fault, which keeps the numbers of the entries before it.
 */
function withoutFaults(value: unknown): Environment | undefined {
  const left = structuredClone(value);
  for (let depth = 0; depth < 10; depth++) {
    const parsed = environmentSchema.safeParse(left);
    if (parsed.success) return parsed.data;
    for (const { path, code, ...issue } of parsed.error.issues) {
      const paths =
        code === "unrecognized_keys" && "keys" in issue ? issue.keys.map((key) => [...path, key]) : [path];
      for (const fault of paths) takeOut(left, fault.map(String));
    }
  }
  return undefined;
}

/** Takes out what is at a path or, when nothing is there, what should have had it. */
function takeOut(input: unknown, path: string[]): void {
  const [key] = path.slice(-1);
  if (key === undefined) return;
  const holder = valueAt(input, path.slice(0, -1));
  if (Array.isArray(holder) && Number(key) < holder.length) holder.splice(Number(key));
  else if (typeof holder === "object" && holder !== null && key in holder)
    Reflect.deleteProperty(holder, key);
  else takeOut(input, path.slice(0, -1));
}

function problemsOf(issue: z.core.$ZodIssue, input: unknown): Problem[] {
  const path = issue.path.map(String);
  const at = (more: string[] = []) => ({
    path: join([...path, ...more]),
    found: valueAt(input, [...path, ...more]),
  });
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => ({ ...at([key]), allowed: "must not be there: the key is unknown" }));
    case "invalid_key":
      return [{ ...at(), allowed: issue.issues[0]?.message ?? issue.message, found: path.at(-1) }];
    case "invalid_value":
      return [
        { ...at(), allowed: `must be ${issue.values.map((value) => JSON.stringify(value)).join(" or ")}` },
      ];
    case "invalid_type":
      return [{ ...at(), allowed: `must be ${withArticle(issue.expected)}` }];
    case "too_small":
    case "too_big":
      return [{ ...at(), allowed: rangeOf(issue) }];
    default:
      return [{ ...at(), allowed: issue.message }];
  }
}

const withArticle = (type: string): string => (/^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`);

function rangeOf(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): string {
  const unit = issue.origin === "string" ? " characters" : issue.origin === "array" ? " entries" : "";
  return issue.code === "too_small"
    ? `must be at least ${issue.minimum}${unit}`
    : `must be at most ${issue.maximum}${unit}`;
}

const join = (path: string[]): string =>
  path.map((part, index) => (/^\d+$/.test(part) ? `[${part}]` : index === 0 ? part : `.${part}`)).join("");

function valueAt(input: unknown, path: string[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined,
    input,
  );
}

/** The problems as a person reads them. */
export function describeProblems(stack: string, problems: Problem[]): string {
  const lines = problems.map(({ path, allowed, found }) => {
    const where = `azure-keyless:environment${path === "" ? "" : `.${path}`}`;
    // What stands under a secret's name may be the secret, also when its key is misspelt.
    const shown = path.includes(".secrets.") ? "a value that is not shown" : display(found);
    return `  ${where}\n    ${allowed}; found ${shown}`;
  });
  const count = problems.length === 1 ? "One problem" : `${problems.length} problems`;
  return [`${count} in stacks/Pulumi.${stack}.yaml; nothing was changed:`, ...lines].join("\n");
}

function display(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value);
  return text.length > 100 ? `${text.slice(0, 97)}… (${text.length - 2} characters)` : text;
}
