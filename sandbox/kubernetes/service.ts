import type { SandboxContext } from "../core/context";
import type { Service } from "../core/service";
import { sendError } from "./api/http";
import { serveApi } from "./api/server";
import { createClusters, isApiServerHost, isIssuerHost } from "./cluster";
import { serveIssuer } from "./issuer";
import { createRuntimes } from "./runtime";

/** The Kubernetes API of every AKS cluster: `{fqdn}` under `hcp.{region}.azmk8s.io`. */
export function createKubernetesApiService(context: SandboxContext): Service {
  const clusters = createClusters(context.store);
  const runtimes = createRuntimes(context);
  return {
    name: "Azure Kubernetes Service (Kubernetes API)",
    serves: isApiServerHost,
    handle: (request, response) => serveApi(clusters, runtimes.of, request, response),
    fail: (_request, response, error) => sendError(response, error),
    close: runtimes.close,
  };
}

/** The OIDC issuers of all AKS clusters: `{region}.oic.prod-aks.azure.com`. */
export function createIssuerService(context: SandboxContext): Service {
  const clusters = createClusters(context.store);
  return {
    name: "Azure Kubernetes Service (OIDC issuer)",
    serves: isIssuerHost,
    handle: (request, response) => serveIssuer(context.store, clusters, request, response),
    fail: (_request, response, error) => sendError(response, error),
  };
}
