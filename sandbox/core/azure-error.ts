/** An error in the form in which ARM and most data planes give it: `{"error":{"code","message"}}`. */
export class AzureError extends Error {
  constructor(
    /** HTTP status. */
    readonly status: number,
    /** Azure's own code: "RoleAssignmentExists". */
    readonly code: string,
    message: string,
    readonly more: { target?: string; details?: unknown[]; headers?: Record<string, string> } = {},
  ) {
    super(message);
    this.name = "AzureError";
  }
}
