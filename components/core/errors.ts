/**
 * An argument that cannot work, found before anything is created.
 *
 * The message reads `KeyVault app: 'retentionDays' must be 7 to 90, got 5`.
 */
export class ArgumentError extends Error {
  constructor(
    /** The component and its name: "KeyVault app". */
    readonly component: string,
    readonly argument: string,
    /** What would be accepted, to follow "must be". */
    readonly allowed: string,
    readonly got: unknown,
  ) {
    super(`${component}: '${argument}' must be ${allowed}, got ${display(got)}`);
    this.name = "ArgumentError";
  }
}

function display(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 120 ? `${text.slice(0, 117)}… (${text.length} characters)` : text;
}

/** One rule about an argument: when `holds` is false, the argument is refused with `allowed` and `got`. */
export interface Check {
  argument: string;
  holds: boolean;
  allowed: string;
  got: unknown;
}

/** @throws ArgumentError for the first rule that does not hold. */
export function check(component: string, checks: readonly Check[]): void {
  for (const { argument, holds, allowed, got } of checks) {
    if (!holds) throw new ArgumentError(component, argument, allowed, got);
  }
}
