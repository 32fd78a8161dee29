import type { IncomingHttpHeaders } from "node:http";
import type { SandboxContext } from "../core/context";
import type { AccessClaims } from "../entra/tokens";
import { authorizationFailed } from "./errors";
import type { JsonObject } from "./json";
import type { Operations } from "./operations";
import type { ResourcePath } from "./resource-path";

/** A request to ARM whose caller is known. */
export interface ArmCall {
  readonly context: SandboxContext;
  readonly operations: Operations;
  readonly caller: AccessClaims;
  readonly method: string;
  readonly path: ResourcePath;
  /** "2023-01-31" */
  readonly apiVersion: string;
  /** By name in lower case: names of query parameters are compared without regard to case. */
  readonly query: ReadonlyMap<string, string>;
  readonly headers: IncomingHttpHeaders;
  readonly body: JsonObject;
  /** When the request arrived, in milliseconds of sandbox time. */
  readonly arrivedAt: number;
}

export interface ArmAnswer {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
}

/** Who asks, and on whose behalf it is decided. */
export type Asking = Pick<ArmCall, "context" | "caller">;

/** Whether the caller may do a control-plane operation at a scope. */
export function isAllowed({ context, caller }: Asking, operation: string, scope: string): boolean {
  return context.authorizer.decide({ principalId: caller.oid, operation, dataAction: false, scope }).allowed;
}

/** @throws AzureError 403 AuthorizationFailed */
export function requireAccess(
  { context, caller }: Asking,
  operation: string,
  scope: string,
  attributes: Record<string, string> = {},
): void {
  const request = { principalId: caller.oid, operation, dataAction: false, scope, attributes };
  if (!context.authorizer.decide(request).allowed) throw authorizationFailed(caller, operation, scope);
}
