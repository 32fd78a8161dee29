import { readFileSync } from "node:fs";
import { z } from "zod";
import { type FaultSettings, noFaults } from "./faults";

const share = z.number().min(0).max(1);
const range = z
  .tuple([z.number().min(0), z.number().min(0)])
  .refine(([shortest, longest]) => shortest <= longest, "must be [shortest, longest]");

const partialSettings = z
  .strictObject({
    seed: z.int().min(0).max(0xffffffff),
    replicationSeconds: z
      .strictObject({ principal: range, roleAssignment: range, federatedCredential: range })
      .partial(),
    throttleRate: share,
    serverErrorRate: share,
    resetRate: share,
    operationTimeFactor: z.number().min(0).max(1000),
  })
  .partial();

/** Settings that a person gave are wrong; the message lists every problem, one a line. */
export class InvalidFaultSettings extends Error {
  constructor(source: string, problems: readonly string[]) {
    super(
      [`The sandbox's faults (${source}) are not right:`, ...problems.map((problem) => `  ${problem}`)].join(
        "\n",
      ),
    );
    this.name = "InvalidFaultSettings";
  }
}

/**
 * Fault settings from JSON that may leave out what stays as it is in `current`.
 *
 * @param source where the JSON came from, for the report
 * @throws InvalidFaultSettings
 */
export function parseFaultSettings(json: unknown, source: string, current = noFaults): FaultSettings {
  const parsed = partialSettings.safeParse(json);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(
      (issue) => `${issue.path.join(".") || "settings"}: ${issue.message}`,
    );
    throw new InvalidFaultSettings(source, problems);
  }
  const { replicationSeconds, ...rest } = definedOnly(parsed.data);
  const settings = {
    ...current,
    ...rest,
    replicationSeconds: { ...current.replicationSeconds, ...definedOnly(replicationSeconds ?? {}) },
  };
  const total = settings.throttleRate + settings.serverErrorRate + settings.resetRate;
  if (total > 1) {
    throw new InvalidFaultSettings(source, [
      `throttleRate + serverErrorRate + resetRate: must be at most 1 together, got ${total}`,
    ]);
  }
  return settings;
}

/**
 * Reads `KEYLESS_FAULTS`: JSON, or the path of a JSON file.
 *
 * @throws InvalidFaultSettings
 */
export function faultSettingsFromEnvironment(value: string): FaultSettings {
  const isJson = value.trimStart().startsWith("{");
  const source = isJson ? "KEYLESS_FAULTS" : value;
  try {
    return parseFaultSettings(JSON.parse(isJson ? value : readFileSync(value, "utf8")), source);
  } catch (error) {
    if (error instanceof InvalidFaultSettings) throw error;
    throw new InvalidFaultSettings(source, [(error as Error).message]);
  }
}

/** Without the keys whose value is undefined. */
function definedOnly<T extends object>(object: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as never;
}
