import type { IncomingMessage, ServerResponse } from "node:http";
import { AzureError, sendAzureError, sendJson } from "../core/azure-error";
import type { SandboxContext } from "../core/context";
import type { ControlRoute } from "../core/control";
import { readBody } from "../core/request-body";
import type { Service } from "../core/service";
import { knownAudience } from "./audiences";
import type { Principal } from "./directory";
import { EntraError } from "./entra-error";
import { createMachines, type Machine, type Machines, machineRegistration } from "./machines";
import { managedIdentityTokenSeconds } from "./token-endpoint";

/** The address of Azure's Instance Metadata Service: https://learn.microsoft.com/azure/virtual-machines/instance-metadata-service */
const metadataHost = "169.254.169.254";
const metadataPath = "/metadata/identity/oauth2/token";
const appServicePath = "/msi/token";
const cloudShellPath = "/cloud-shell/";
const bodyLimitBytes = 16 * 1024;

/** A refusal in the form of the endpoint that it comes from. */
class IdentityRefused extends Error {
  constructor(
    readonly status: number,
    readonly reason: "identity" | "request" | "resource",
    message: string,
  ) {
    super(message);
  }
}

interface Access {
  proxyUrl: string;
  networkEnv(proxyUrl: string): Record<string, string>;
}

/**
 * The endpoints from which a process gets the identity of the machine it runs on: the metadata service of virtual
 * machines, App Service's and Cloud Shell's.
 *
 * On Azure the machine is known by the network it asks from. Here many run on one, so each is registered and gets
 * a key, which its processes carry in their environment: as the proxy's password, in `IDENTITY_HEADER`, or in
 * `MSI_ENDPOINT`.
 */
export function createManagedIdentityService(context: SandboxContext): {
  service: Service;
  /** Registering and removing machines, for the control API. */
  routes(access: () => Access): ControlRoute[];
} {
  const machines = createMachines(context.store, context.directory);
  return {
    service: {
      name: "Instance Metadata Service",
      plainHttp: true,
      serves: (host) => host === metadataHost,
      handle: (request, response) => handle(request, response, machines, context),
      fail: (_request, response, error) =>
        error.status === 501
          ? sendAzureError(response, error)
          : sendJson(
              response,
              error.status,
              { error: error.code, error_description: error.message },
              error.more.headers,
            ),
    },
    routes: (access) => [
      {
        method: "POST",
        path: "/machines",
        handle: (body) => {
          const machine = machines.register(machineRegistration.parse(body));
          const { systemAssigned } = machines.identitiesOf(machine);
          return {
            key: machine.key,
            ...(systemAssigned
              ? { principalId: systemAssigned.objectId, clientId: systemAssigned.clientId }
              : {}),
            environment: environmentOf(machine, access()),
          };
        },
      },
      {
        method: "POST",
        path: "/machines/remove",
        handle: (body) => ({ removed: machines.remove((body as { key?: string }).key ?? "") }),
      },
    ],
  };
}

/** The variables with which a process is on the machine, and nobody else. */
function environmentOf({ kind, key }: Machine, { proxyUrl, networkEnv }: Access): Record<string, string> {
  switch (kind) {
    case "virtualMachine":
      return networkEnv(proxyUrl.replace("://", `://machine:${key}@`));
    case "appService":
      return {
        ...networkEnv(proxyUrl),
        IDENTITY_ENDPOINT: `${proxyUrl}${appServicePath}`,
        IDENTITY_HEADER: key,
      };
    case "cloudShell":
      return { ...networkEnv(proxyUrl), MSI_ENDPOINT: `${proxyUrl}${cloudShellPath}${key}/oauth2/token` };
  }
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  machines: Machines,
  context: SandboxContext,
): Promise<void> {
  const url = new URL(request.url ?? "/", "http://localhost");
  const path = url.pathname.replace(/\/+$/, "");
  const query = url.searchParams;
  if (path === metadataPath) {
    await answerMetadata(request, response, query, machines, context);
  } else if (path === appServicePath) {
    await answerAppService(request, response, query, machines, context);
  } else if (path.startsWith(cloudShellPath) && path.endsWith("/oauth2/token")) {
    await answerCloudShell(request, response, path, machines, context);
  } else {
    request.resume();
    throw new AzureError(
      501,
      "NotImplemented",
      `The sandbox does not implement ${request.method} ${url.pathname}.`,
    );
  }
}

/** https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token#get-a-token-using-http */
async function answerMetadata(
  request: IncomingMessage,
  response: ServerResponse,
  query: URLSearchParams,
  machines: Machines,
  context: SandboxContext,
): Promise<void> {
  await refusing(
    async () => {
      if (request.headers.metadata?.toString().toLowerCase() !== "true") {
        throw new IdentityRefused(400, "request", "Required metadata header not specified");
      }
      if (request.headers["x-forwarded-for"] !== undefined) {
        throw new IdentityRefused(400, "request", "X-Forwarded-For header is not allowed");
      }
      requireQuery(query, "api-version");
      const resource = requireQuery(query, "resource");
      const machine = machines.byKey(proxyPassword(request));
      if (machine?.kind !== "virtualMachine") throw notFound();
      const principal = choose(machines, machine, {
        clientId: query.get("client_id"),
        objectId: query.get("object_id") ?? query.get("principal_id"),
        resourceId: query.get("msi_res_id") ?? query.get("mi_res_id"),
      });
      sendJson(response, 200, await tokenFor(principal, resource, context));
    },
    ({ status, reason, message }) =>
      sendJson(response, status, {
        error: reason === "resource" ? "invalid_resource" : "invalid_request",
        error_description: message,
      }),
  );
}

/** https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference */
async function answerAppService(
  request: IncomingMessage,
  response: ServerResponse,
  query: URLSearchParams,
  machines: Machines,
  context: SandboxContext,
): Promise<void> {
  await refusing(
    async () => {
      const header = request.headers["x-identity-header"];
      const machine = typeof header === "string" ? machines.byKey(header) : undefined;
      if (machine?.kind !== "appService") {
        throw new IdentityRefused(
          401,
          "request",
          "The X-IDENTITY-HEADER header is missing or not this app's.",
        );
      }
      const apiVersion = requireQuery(query, "api-version");
      if (apiVersion !== "2019-08-01") {
        throw new IdentityRefused(400, "request", `The api-version '${apiVersion}' is not supported.`);
      }
      const resource = requireQuery(query, "resource");
      const principal = choose(machines, machine, {
        clientId: query.get("client_id"),
        objectId: query.get("principal_id") ?? query.get("object_id"),
        resourceId: query.get("mi_res_id"),
      });
      const { access_token, client_id, expires_on, token_type } = await tokenFor(
        principal,
        resource,
        context,
      );
      sendJson(response, 200, { access_token, client_id, expires_on, resource, token_type });
    },
    ({ status, reason, message }) =>
      sendJson(response, status, {
        statusCode: status,
        message:
          reason === "identity"
            ? "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId."
            : message,
      }),
  );
}

/** Cloud Shell has one identity and asks by form. */
async function answerCloudShell(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  machines: Machines,
  context: SandboxContext,
): Promise<void> {
  await refusing(
    async () => {
      const form = new URLSearchParams((await readBody(request, bodyLimitBytes)).toString("utf8"));
      const machine = machines.byKey(path.split("/")[2] ?? "");
      if (machine?.kind !== "cloudShell" || request.method !== "POST") throw notFound();
      if (request.headers.metadata?.toString().toLowerCase() !== "true") {
        throw new IdentityRefused(400, "request", "Required metadata header not specified");
      }
      const resource = requireQuery(form, "resource");
      const principal = choose(machines, machine, { clientId: null, objectId: null, resourceId: null });
      sendJson(response, 200, await tokenFor(principal, resource, context));
    },
    ({ status, message }) => sendJson(response, status, { error: { code: "invalid_request", message } }),
  );
}

async function refusing(
  work: () => Promise<void>,
  refuse: (refusal: IdentityRefused) => void,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof IdentityRefused) refuse(error);
    else if (error instanceof EntraError) refuse(new IdentityRefused(400, "resource", error.message));
    else throw error;
  }
}

const notFound = () => new IdentityRefused(400, "identity", "Identity not found");

function requireQuery(query: URLSearchParams, name: string): string {
  const value = query.get(name);
  if (value) return value;
  throw new IdentityRefused(400, "request", `Required query variable '${name}' is missing`);
}

/** The password in the proxy's address, which a client sends as a Basic credential. */
function proxyPassword(request: IncomingMessage): string {
  const encoded = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(request.headers["proxy-authorization"] ?? "")?.[1] ?? "";
  return Buffer.from(encoded, "base64").toString("utf8").split(":")[1] ?? "";
}

/** The system-assigned identity unless another is named; the only user-assigned one where there is no other. */
function choose(
  machines: Machines,
  machine: Machine,
  asked: { clientId: string | null; objectId: string | null; resourceId: string | null },
): Principal {
  const { systemAssigned, userAssigned } = machines.identitiesOf(machine);
  const same = (left: string | undefined, right: string) => left?.toLowerCase() === right.toLowerCase();
  const named = (principal: Principal) =>
    (asked.clientId !== null && same(principal.clientId, asked.clientId)) ||
    (asked.objectId !== null && same(principal.objectId, asked.objectId)) ||
    (asked.resourceId !== null && same(principal.managedIdentityResourceId, asked.resourceId));
  if (Object.values(asked).some((id) => id !== null)) {
    const found = [...(systemAssigned ? [systemAssigned] : []), ...userAssigned].find(named);
    if (!found) throw notFound();
    return found;
  }
  if (systemAssigned) return systemAssigned;
  if (machine.kind === "virtualMachine" && userAssigned.length > 1) {
    throw new IdentityRefused(
      400,
      "request",
      "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request",
    );
  }
  const [only] = userAssigned;
  // App Service has no default among user-assigned identities; a virtual machine takes the only one.
  if (!only || machine.kind !== "virtualMachine") throw notFound();
  return only;
}

async function tokenFor(principal: Principal, resource: string, context: SandboxContext) {
  const { tokens, clock, directory } = context;
  if (!directory.isReplicated(principal)) throw notFound();
  const audience = knownAudience(resource, context);
  const token = await tokens.issue(principal, audience, managedIdentityTokenSeconds);
  const now = Math.floor(Date.now() / 1000);
  // Clients count in real time, however fast the sandbox's runs.
  const expiresIn = Math.max(1, Math.floor(managedIdentityTokenSeconds / clock.speed) - 1);
  return {
    access_token: token,
    client_id: principal.clientId ?? "",
    expires_in: String(expiresIn),
    expires_on: String(now + expiresIn),
    ext_expires_in: String(expiresIn),
    not_before: String(now),
    resource,
    token_type: "Bearer",
  };
}
