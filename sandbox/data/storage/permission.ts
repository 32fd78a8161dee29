import type { SandboxContext } from "../../core/context";
import { permissionMismatch } from "./errors";

/** An action that an operation needs, and where it is looked for. */
export interface NeededAction {
  action: string;
  dataAction: boolean;
  scope: string;
  attributes?: Record<string, string>;
}

/** @throws StorageError unless everything in one of `alternatives` is allowed */
export function demand(
  { authorizer }: SandboxContext,
  principalId: string,
  alternatives: readonly (readonly NeededAction[])[],
): void {
  const allowed = ({ action, ...where }: NeededAction) =>
    authorizer.decide({ principalId, operation: action, ...where }).allowed;
  if (!alternatives.some((needed) => needed.every(allowed))) throw permissionMismatch();
}
