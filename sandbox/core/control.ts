import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import { AzureError, sendAzureError, sendJson } from "./azure-error";
import { isLoopbackHost } from "./azure-hosts";
import type { AdjustableClock, Clock } from "./clock";
import { InvalidFaultSettings, parseFaultSettings } from "./fault-settings";
import type { Faults } from "./faults";
import type { Journal } from "./journal";
import { readBody } from "./request-body";
import type { Service } from "./service";

/** Where the sandbox itself is spoken to, rather than Azure: under this path, at the listener's own address. */
export const controlPath = "/_sandbox";
const bodyLimitBytes = 64 * 1024;

/** A call of the control API. What it returns becomes the answer's JSON body; it may throw an AzureError. */
export interface ControlRoute {
  method: "GET" | "PUT" | "POST" | "DELETE";
  /** Below {@link controlPath}: "/faults". */
  path: string;
  handle(body: unknown): unknown;
}

/** Switches of faults and time, what happened so far, and whether the sandbox is up. */
export function controlRoutes(args: {
  faults: Faults;
  journal: Journal;
  clock: Clock | AdjustableClock;
  about: () => Record<string, unknown>;
}): ControlRoute[] {
  const { faults, journal, clock, about } = args;
  const time = () => ({ now: new Date(clock.now()).toISOString(), speed: clock.speed });
  return [
    { method: "GET", path: "/health", handle: () => ({ status: "ok", clock: time(), ...about() }) },
    { method: "GET", path: "/faults", handle: () => faults.settings },
    {
      method: "PUT",
      path: "/faults",
      handle: (body) => {
        faults.settings = parseFaultSettings(body, "PUT /faults", faults.settings);
        return faults.settings;
      },
    },
    { method: "GET", path: "/journal", handle: () => journal.entries() },
    {
      method: "DELETE",
      path: "/journal",
      handle: () => {
        journal.clear();
        return {};
      },
    },
    { method: "GET", path: "/clock", handle: time },
    {
      method: "POST",
      path: "/clock/advance",
      handle: (body) => {
        const { seconds } = z.strictObject({ seconds: z.number().min(0).max(1e9) }).parse(body);
        if (!("advance" in clock))
          throw new AzureError(409, "ClockIsFixed", "This sandbox's clock cannot be advanced.");
        clock.advance(seconds * 1000);
        return time();
      },
    },
  ];
}

/**
 * Answers at the listener's own address: the control API, and with it the endpoints that Azure puts on a
 * machine's own loopback interface.
 */
export function createLocalService(routes: readonly ControlRoute[], machineService: Service): Service {
  return {
    name: "Sandbox",
    spared: true,
    serves: isLoopbackHost,
    handle: async (request, response) => {
      const path = (request.url ?? "/").split("?")[0]!;
      if (path.startsWith(`${controlPath}/`)) await control(routes, path, request, response);
      else await machineService.handle(request, response);
    },
  };
}

async function control(
  routes: readonly ControlRoute[],
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const matching = routes.filter((route) => `${controlPath}${route.path}` === path);
  const route = matching.find(({ method }) => method === request.method);
  if (!route) {
    throw matching.length > 0
      ? new AzureError(
          405,
          "MethodNotAllowed",
          `${path} has ${matching.map(({ method }) => method).join(", ")}.`,
        )
      : new AzureError(404, "NotFound", `The sandbox has nothing at ${path}.`);
  }
  try {
    sendJson(response, 200, await route.handle(route.method === "GET" ? undefined : await readJson(request)));
  } catch (error) {
    if (error instanceof InvalidFaultSettings || error instanceof z.ZodError) {
      const message = error instanceof z.ZodError ? z.prettifyError(error) : error.message;
      sendAzureError(response, new AzureError(400, "InvalidRequestContent", message));
    } else {
      throw error;
    }
  }
}

/**
 * Only `application/json` is read: a page in a browser cannot send it to another origin without asking first,
 * and is never answered.
 */
async function readJson(request: IncomingMessage): Promise<unknown> {
  if (!request.headers["content-type"]?.startsWith("application/json")) {
    throw new AzureError(415, "UnsupportedMediaType", "Send application/json.");
  }
  const body = await readBody(request, bodyLimitBytes);
  try {
    return body.length === 0 ? {} : JSON.parse(body.toString("utf8"));
  } catch {
    throw new AzureError(400, "InvalidRequestContent", "The request's body is not JSON.");
  }
}
