import { type HttpResponse, send } from "../dynamic/http";
import { readKubeconfig } from "./kubeconfig-login";
import { LinkFailure, troubleOf } from "./link-failure";

/** The few calls that proofs make to a cluster, as whoever the kubeconfig logs in. */
export interface ClusterClient {
  /** A token of the ServiceAccount as its pods would get it. @throws LinkFailure */
  serviceAccountToken(namespace: string, name: string, audience: string): Promise<string>;
  /** @throws LinkFailure unless the caller may list namespaces */
  listNamespaces(): Promise<void>;
  /** What the API has at `path`: "/api/v1/serviceaccounts". @throws LinkFailure */
  read<T>(path: string): Promise<T>;
}

const tokenSeconds = 3600;

const clients = new Map<string, ClusterClient>();

/** The same kubeconfig always gives the same client, which logs in once. */
export function connectCluster(kubeconfig: string): ClusterClient {
  const client = clients.get(kubeconfig) ?? openClient(kubeconfig);
  clients.set(kubeconfig, client);
  return client;
}

function openClient(kubeconfig: string): ClusterClient {
  const { server, certificateAuthority, headers: login } = readKubeconfig(kubeconfig);

  async function call(
    link: string,
    method: "GET" | "POST",
    path: string,
    body?: unknown,
  ): Promise<HttpResponse> {
    const headers = await login().catch((error: Error) => {
      throw new LinkFailure(
        "login to the cluster",
        "no token",
        `${error.message}. Is kubelogin on PATH?`,
        false,
      );
    });
    const response = await send({
      method,
      url: `${server}${path}`,
      headers: { ...headers, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(certificateAuthority === undefined ? {} : { certificateAuthority }),
    });
    const { status } = response;
    if (status >= 200 && status < 300) return response;
    const trouble = troubleOf(link, response);
    if (trouble) throw trouble;
    const { message = "", reason = "" } = statusIn(response.body);
    // What the cluster does not have was deleted, as its API shows what was written at once.
    throw new LinkFailure(link, `${status} ${reason}`.trim(), message, status !== 404 && status !== 422);
  }

  return {
    serviceAccountToken: async (namespace, name, audience) => {
      const response = await call(
        `token of ServiceAccount ${namespace}/${name}`,
        "POST",
        `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
        {
          apiVersion: "authentication.k8s.io/v1",
          kind: "TokenRequest",
          spec: { audiences: [audience], expirationSeconds: tokenSeconds },
        },
      );
      return (JSON.parse(response.body) as { status: { token: string } }).status.token;
    },
    listNamespaces: async () => {
      await call("Kubernetes API", "GET", "/api/v1/namespaces?limit=1");
    },
    read: async <T>(path: string) => JSON.parse((await call("Kubernetes API", "GET", path)).body) as T,
  };
}

/** The `Status` that Kubernetes answers with; others on the way answer with anything. */
function statusIn(body: string): { message?: string; reason?: string } {
  try {
    return JSON.parse(body) as { message?: string; reason?: string };
  } catch {
    return {};
  }
}
