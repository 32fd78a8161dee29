import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { AzureError } from "./azure-error";

/** One of Azure's endpoints: the host names that it answers for, and how it answers. */
export interface Service {
  /** What the sandbox prints beside the endpoint, in Azure's words: "Azure Resource Manager". */
  readonly name: string;
  /** Whether requests to `host` (lower case, without port) are for this service. */
  serves(host: string): boolean;
  /** Answers the request. What it throws, or rejects with, becomes an InternalServerError. */
  handle(request: IncomingMessage, response: ServerResponse): void | Promise<void>;
  /** Writes an error in the service's own form. @default `{"error":{"code","message"}}` */
  fail?(request: IncomingMessage, response: ServerResponse, error: AzureError): void;
  /** Faults never strike this service. @default false */
  readonly spared?: boolean;
  /** Answers over plain http, as the metadata service of a machine does. @default false: https only */
  readonly plainHttp?: boolean;
  /** Ends what runs in the background, before the store is closed. */
  close?(): void | Promise<void>;
}

/** An endpoint that does not speak HTTP: what a client gets that asks the proxy for CONNECT to such a host and port. */
export interface TcpService {
  /** What the sandbox prints beside the endpoint: "Azure SQL Database". */
  readonly name: string;
  serves(host: string, port: number): boolean;
  /** Takes the connection over, from the first byte that the client sends. */
  handle(socket: Socket, host: string): void;
  /** Ends what runs in the background, before the store is closed. */
  close?(): void | Promise<void>;
}
