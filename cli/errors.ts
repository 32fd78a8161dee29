import pc from "picocolors";
import { ControlPlaneUnavailable } from "../sandbox/control-plane/programs";
import { ControlPlaneMismatch } from "../sandbox/control-plane/settings";
import { SandboxInUse } from "../sandbox/core/instance-lock";
import { EngineNotFoundError } from "../sandbox/engine/engine";
import { StackConfigError } from "../sandbox/engine/stack-config";

/** A mistake of the user's, or something missing on the machine: the message says all there is to say. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

const plain = [
  UsageError,
  EngineNotFoundError,
  StackConfigError,
  SandboxInUse,
  ControlPlaneUnavailable,
  ControlPlaneMismatch,
];

/** An error as the person at the terminal reads it; only a fault of ours comes with its stack. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return pc.red(String(error));
  if (plain.some((type) => error instanceof type)) return pc.red(error.message);
  return pc.red(`This is a fault in azure-keyless: ${error.stack ?? error.message}`);
}
