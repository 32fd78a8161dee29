import type { IncomingMessage, ServerResponse } from "node:http";

/** One of Azure's endpoints: the host names that it answers for, and how it answers. */
export interface Service {
  /** What the sandbox prints beside the endpoint, in Azure's words: "Azure Resource Manager". */
  readonly name: string;
  /** Whether requests to `host` (lower case, without port) are for this service. */
  serves(host: string): boolean;
  handle(request: IncomingMessage, response: ServerResponse): void;
}
