import type { ControlPlaneFiles } from "./files";

interface PairPaths {
  key: string;
  certificate: string;
}

/** `--name=value` of each. */
const flags = (values: Record<string, string | number | boolean>): string[] =>
  Object.entries(values).map(([name, value]) => `--${name}=${value}`);

/** @param port for clients, on loopback, who need a certificate of `authorityFile` */
export function etcdArguments(args: {
  port: number;
  files: ControlPlaneFiles;
  pair: PairPaths;
  authorityFile: string;
}): string[] {
  const { port, files, pair, authorityFile } = args;
  const url = `https://127.0.0.1:${port}`;
  // There are no peers, and what listens for them takes any port.
  const peers = "https://127.0.0.1:0";
  return flags({
    "data-dir": files.etcdData,
    "listen-client-urls": url,
    "advertise-client-urls": url,
    "listen-peer-urls": peers,
    "initial-advertise-peer-urls": peers,
    "initial-cluster": `default=${peers}`,
    "cert-file": pair.certificate,
    "key-file": pair.key,
    "trusted-ca-file": authorityFile,
    "client-cert-auth": true,
    "peer-cert-file": pair.certificate,
    "peer-key-file": pair.key,
    "peer-trusted-ca-file": authorityFile,
    "peer-client-cert-auth": true,
    // Like the rest of the sandbox's state: what was written survives the process, not a power cut.
    "unsafe-no-fsync": true,
    "log-level": "warn",
  });
}

/** @see https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/ */
export function apiServerArguments(args: {
  port: number;
  etcdPort: number;
  issuerUrl: string;
  files: ControlPlaneFiles;
  /** The pair of the server itself, and its pair as a client of etcd. */
  server: PairPaths;
  etcdClient: PairPaths;
  clusterAuthorityFile: string;
  backendAuthorityFile: string;
  authenticationConfig: string;
  authorizationConfig: string;
}): string[] {
  const { files, issuerUrl, server, etcdClient } = args;
  return flags({
    "bind-address": "127.0.0.1",
    "secure-port": args.port,
    // No node reaches it by its address; the API server insists on one that is not loopback.
    "advertise-address": "10.224.0.2",
    "endpoint-reconciler-type": "none",
    "tls-cert-file": server.certificate,
    "tls-private-key-file": server.key,
    "client-ca-file": args.clusterAuthorityFile,
    "etcd-servers": `https://127.0.0.1:${args.etcdPort}`,
    "etcd-cafile": args.backendAuthorityFile,
    "etcd-certfile": etcdClient.certificate,
    "etcd-keyfile": etcdClient.key,
    "service-cluster-ip-range": "10.0.0.0/16",
    "service-account-issuer": issuerUrl,
    "service-account-jwks-uri": `${issuerUrl.replace(/\/$/, "")}/openid/v1/jwks`,
    "service-account-key-file": files.serviceAccountKey,
    "service-account-signing-key-file": files.serviceAccountKey,
    "anonymous-auth": false,
    "allow-privileged": true,
    "authentication-token-webhook-config-file": args.authenticationConfig,
    "authentication-token-webhook-version": "v1",
    // How long a grant takes to work is Azure's to say, which the sandbox models elsewhere.
    "authentication-token-webhook-cache-ttl": "1s",
    "authorization-mode": "Node,RBAC,Webhook",
    "authorization-webhook-config-file": args.authorizationConfig,
    "authorization-webhook-version": "v1",
    "authorization-webhook-cache-authorized-ttl": "1s",
    "authorization-webhook-cache-unauthorized-ttl": "1s",
    profiling: false,
  });
}

/**
 * @param authorityFile what pods are to trust when they reach the API server by its host name
 * @see https://kubernetes.io/docs/reference/command-line-tools-reference/kube-controller-manager/
 */
export const controllerManagerArguments = (args: {
  kubeconfig: string;
  files: ControlPlaneFiles;
  authorityFile: string;
}): string[] =>
  flags({
    kubeconfig: args.kubeconfig,
    "secure-port": 0,
    "leader-elect": false,
    "use-service-account-credentials": true,
    "service-account-private-key-file": args.files.serviceAccountKey,
    "root-ca-file": args.authorityFile,
    // The sandbox's machines do not fail, and have no heartbeat by which to tell.
    controllers: "*,-node-lifecycle-controller,-node-ipam-controller,-node-route-controller",
  });
