import { type HttpResponse, send } from "../dynamic/http";
import { readKubeconfig } from "./kubeconfig-login";

/** The few calls that proofs make to a cluster, as whoever the kubeconfig logs in. */
export interface ClusterClient {
  /** A token of the ServiceAccount as its pods would get it. @throws LinkFailure */
  serviceAccountToken(namespace: string, name: string, audience: string): Promise<string>;
  /** @throws LinkFailure unless the caller may list namespaces */
  listNamespaces(): Promise<void>;
  /** What the API has at `path`: "/api/v1/serviceaccounts". @throws LinkFailure */
  read<T>(path: string): Promise<T>;
}

/** One link of the chain that does not work, or not yet. */
export class LinkFailure extends Error {
  constructor(
    /** "ServiceAccount token", "token exchange", "Key Vault secret stripe-key"… */
    readonly link: string,
    /** What was answered: "AADSTS700213", "403 ForbiddenByRbac". */
    readonly answer: string,
    message: string,
    /** Whether time may mend it. */
    readonly mayBeDelay: boolean,
  ) {
    super(message);
    this.name = "LinkFailure";
  }
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
    if (response.status >= 200 && response.status < 300) return response;
    const { message = response.body, reason = "" } = JSON.parse(response.body || "{}") as {
      message?: string;
      reason?: string;
    };
    throw new LinkFailure(link, `${response.status} ${reason}`.trim(), message, response.status !== 422);
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
