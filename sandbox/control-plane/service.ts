import type { IncomingMessage, ServerResponse } from "node:http";
import { Agent, request as httpsRequest } from "node:https";
import type { SandboxContext } from "../core/context";
import type { Service } from "../core/service";
import { hostOf, sendError, sendJson } from "../kubernetes/api/http";
import { type Cluster, createClusters, isApiServerHost, isIssuerHost } from "../kubernetes/cluster";
import { parseIssuerPath } from "../kubernetes/issuer";
import { ApiError, methodNotAllowed, unknownPath } from "../kubernetes/status";
import type { ControlPlane } from "./control-plane";
import { createControlPlanes } from "./control-planes";
import type { ControlPlanePrograms } from "./programs";

/** The same services as of the simulated clusters, answered by a real control plane for each cluster. */
export function createControlPlaneServices(
  context: SandboxContext,
  executables: ControlPlanePrograms,
): Service[] {
  const clusters = createClusters(context.store);
  const planes = createControlPlanes(context, clusters, executables);
  const agents = new WeakMap<ControlPlane, Agent>();
  const agentOf = (plane: ControlPlane) => {
    const agent =
      agents.get(plane) ?? new Agent({ ca: plane.authority, servername: "localhost", keepAlive: true });
    agents.set(plane, agent);
    return agent;
  };
  return [
    {
      name: "Azure Kubernetes Service (real Kubernetes API)",
      serves: isApiServerHost,
      handle: (request, response) =>
        answering(response, async () => {
          const cluster = clusters.byHost(hostOf(request));
          if (!cluster) throw new ApiError(404, "NotFound", `there is no cluster at ${hostOf(request)}`);
          const plane = await planes.of(cluster);
          await passOn(plane, agentOf(plane), request, response);
        }),
      fail: (_request, response, error) => sendError(response, error),
      close: planes.close,
    },
    {
      name: "Azure Kubernetes Service (OIDC issuer)",
      serves: isIssuerHost,
      handle: (request, response) =>
        answering(response, async () => {
          if (request.method !== "GET" && request.method !== "HEAD") throw methodNotAllowed();
          const { tenantId, guid, document } = parseIssuerPath(request) ?? {};
          const cluster: Cluster | undefined =
            tenantId && guid ? clusters.byIssuer(hostOf(request), tenantId, guid) : undefined;
          if (!cluster) throw unknownPath();
          const { client } = await planes.of(cluster);
          sendJson(response, 200, await client.call("GET", `/${document}`));
        }),
      fail: (_request, response, error) => sendError(response, error),
    },
  ];
}

async function answering(response: ServerResponse, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    sendError(response, error);
  }
}

/** Headers that are about the connection, and not about the request. */
const ofTheConnection = ["connection", "keep-alive", "proxy-authorization", "proxy-connection", "upgrade"];

/** Hands a request on to the API server, and its answer back as it comes. */
function passOn(
  { server }: ControlPlane,
  agent: Agent,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const headers = Object.fromEntries(
    Object.entries(request.headers).filter(([name]) => !ofTheConnection.includes(name)),
  );
  return new Promise((resolve, reject) => {
    const upstream = httpsRequest(
      `${server}${request.url}`,
      { agent, method: request.method ?? "GET", headers },
      (answer) => {
        const { connection: _connection, "keep-alive": _keepAlive, ...answered } = answer.headers;
        response.writeHead(answer.statusCode ?? 502, answered);
        // A watch's headers say that it has begun, before there is anything to tell.
        response.flushHeaders();
        answer.on("error", () => response.destroy());
        answer.on("close", resolve);
        answer.pipe(response);
      },
    );
    upstream.on("error", (error: NodeJS.ErrnoException) => {
      if (response.headersSent) response.destroy();
      else
        reject(
          new ApiError(
            503,
            "ServiceUnavailable",
            `the API server does not answer: ${error.code ?? "failed"}`,
          ),
        );
    });
    response.on("close", () => upstream.destroy());
    request.pipe(upstream);
  });
}
