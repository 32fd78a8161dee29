import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { AzureError, sendAzureError } from "./azure-error";
import type { Fault, Faults } from "./faults";
import type { Service } from "./service";

/** Finds who answers for a host, and lets faults strike on the way. */
export interface Dispatcher {
  serviceFor(host: string): Service | undefined;
  /** Has `service` answer; nothing that goes wrong in it gets out of here. */
  dispatch(service: Service, request: IncomingMessage, response: ServerResponse): void;
  /** Answers 501 and names the host, for hosts of Azure that the sandbox does not play. */
  refuseHost(host: string, response: ServerResponse): void;
}

const faultErrors = {
  429: ["TooManyRequests", "The request is being throttled. Try again later."],
  500: ["InternalServerError", "The server encountered an internal error. Try again later."],
  502: ["BadGateway", "The gateway received an invalid response from the service behind it."],
  503: ["ServiceUnavailable", "The service is unavailable. Try again later."],
  504: ["GatewayTimeout", "The gateway did not receive a response from the service behind it in time."],
} as const;

/** @param onFault called for each request that a fault strikes */
export function createDispatcher(
  services: readonly Service[],
  faults: Faults,
  onFault: (kind: Fault["kind"], service: string) => void = () => {},
): Dispatcher {
  return {
    serviceFor: (host) => services.find((service) => service.serves(host)),
    dispatch: (service, request, response) => {
      identify(request, response);
      response.on("error", () => response.destroy());
      const path = request.url ?? "/";
      const fault = service.spared
        ? undefined
        : faults.strike({ service: service.name, method: request.method ?? "GET", path });
      if (fault) onFault(fault.kind, service.name);
      if (fault && strikeBefore(fault, service, request, response)) return;
      if (fault?.kind === "reset") dropAnswer(response);
      run(service, request, response);
    },
    refuseHost: (host, response) => {
      const message = `The sandbox does not play '${host}'. It plays: ${services.map(({ name }) => name).join(", ")}.`;
      sendAzureError(response, new AzureError(501, "NotImplemented", message));
    },
  };
}

/** Gives the answer the ids by which Azure's support finds a request again. */
function identify(request: IncomingMessage, response: ServerResponse): void {
  const requestId = randomUUID();
  const correlationId = request.headers["x-ms-correlation-request-id"];
  response.setHeader("x-ms-request-id", requestId);
  response.setHeader(
    "x-ms-correlation-request-id",
    typeof correlationId === "string" && correlationId.length <= 128 ? correlationId : requestId,
  );
}

/** True when the fault was the whole answer. */
function strikeBefore(
  fault: Fault,
  service: Service,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  if (fault.kind === "reset") {
    if (fault.when === "before") request.socket.destroy();
    return fault.when === "before";
  }
  const status = fault.kind === "throttle" ? 429 : fault.status;
  const [code, message] = faultErrors[status];
  const headers = fault.kind === "throttle" ? retryAfter(fault.retryAfterMilliseconds) : {};
  request.resume();
  fail(service, request, response, new AzureError(status, code, message, { headers }));
  return true;
}

/** The header that everybody knows has whole seconds only, so the SDKs' more precise one goes with it. */
function retryAfter(milliseconds: number): Record<string, string> {
  return {
    "retry-after": String(Math.ceil(milliseconds / 1000)),
    "x-ms-retry-after-ms": String(milliseconds),
  };
}

/** The request takes effect and its answer never arrives: the connection breaks where it would begin. */
function dropAnswer(response: ServerResponse): void {
  const drop = () => {
    response.destroy();
    return response;
  };
  Object.assign(response, {
    writeHead: drop,
    flushHeaders: drop,
    end: drop,
    write: () => {
      drop();
      return true;
    },
  });
}

async function run(service: Service, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    await service.handle(request, response);
  } catch (error) {
    if (response.headersSent || response.destroyed) {
      response.destroy();
      return;
    }
    request.resume();
    const azureError =
      error instanceof AzureError
        ? error
        : new AzureError(500, "InternalServerError", "The sandbox failed to handle this request.");
    if (azureError !== error) console.error(`${service.name}: ${request.method} failed:`, error);
    fail(service, request, response, azureError);
  }
}

function fail(service: Service, request: IncomingMessage, response: ServerResponse, error: AzureError): void {
  if (service.fail) service.fail(request, response, error);
  else sendAzureError(response, error);
}
