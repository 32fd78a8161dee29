import type { Kind } from "./kinds";

/** One thing that is wrong with a field. */
export interface Cause {
  reason:
    | "FieldValueRequired"
    | "FieldValueInvalid"
    | "FieldValueNotSupported"
    | "FieldValueDuplicate"
    | "FieldValueForbidden"
    | "FieldManagerConflict";
  message: string;
  field: string;
}

/** A failure in the form of Kubernetes' `Status`. @see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/ */
export class ApiError extends Error {
  constructor(
    readonly code: number,
    /** Empty where an API server gives none. */
    readonly reason: string,
    message: string,
    readonly details?: Record<string, unknown>,
  ) {
    super(message);
    this.name = "ApiError";
  }

  toStatus() {
    return {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: this.message,
      ...(this.reason && { reason: this.reason }),
      ...(this.details && { details: this.details }),
      code: this.code,
    };
  }
}

const qualified = (kind: Kind) => (kind.group ? `${kind.plural}.${kind.group}` : kind.plural);
const about = (kind: Kind, name: string) => ({
  name,
  ...(kind.group && { group: kind.group }),
  kind: kind.plural,
});

export const notFound = (kind: Kind, name: string) =>
  new ApiError(404, "NotFound", `${qualified(kind)} "${name}" not found`, about(kind, name));

export const alreadyExists = (kind: Kind, name: string) =>
  new ApiError(409, "AlreadyExists", `${qualified(kind)} "${name}" already exists`, about(kind, name));

export const conflict = (kind: Kind, name: string, why: string) =>
  new ApiError(
    409,
    "Conflict",
    `Operation cannot be fulfilled on ${qualified(kind)} "${name}": ${why}`,
    about(kind, name),
  );

export const modified = (kind: Kind, name: string) =>
  conflict(
    kind,
    name,
    "the object has been modified; please apply your changes to the latest version and try again",
  );

export const forbidden = (kind: Kind, name: string, why: string) =>
  new ApiError(
    403,
    "Forbidden",
    `${qualified(kind)}${name ? ` "${name}"` : ""} is forbidden: ${why}`,
    about(kind, name),
  );

export const badRequest = (message: string) => new ApiError(400, "BadRequest", message);

export const unauthorized = () => new ApiError(401, "Unauthorized", "Unauthorized");

export const methodNotAllowed = () =>
  new ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource");

export const unknownPath = () =>
  new ApiError(404, "NotFound", "the server could not find the requested resource");

/** What the sandbox's cluster does not do, by name. */
export const notImplemented = (route: string) =>
  new ApiError(501, "NotImplemented", `the sandbox's Kubernetes does not implement ${route}`);

export function invalid(kind: Kind, name: string, causes: Cause[]): ApiError {
  const list = causes.map((cause) => `${cause.field}: ${cause.message}`);
  const summary = list.length === 1 ? list[0] : `[${list.join(", ")}]`;
  const type = kind.group ? `${kind.kind}.${kind.group}` : kind.kind;
  return new ApiError(422, "Invalid", `${type} "${name}" is invalid: ${summary}`, {
    name,
    ...(kind.group && { group: kind.group }),
    kind: kind.kind,
    causes,
  });
}
