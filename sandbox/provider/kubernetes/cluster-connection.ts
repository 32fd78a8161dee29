import type { RequestOptions } from "node:https";
import { basename } from "node:path";
import type { KubeConfig } from "@kubernetes/client-node";
import { Agent, type Dispatcher, EnvHttpProxyAgent, ProxyAgent } from "undici";
import type { PropertyMap } from "../values";
import { configuredText, kubeconfigText } from "./kubeconfig";

/** How clusters are reached and who asks. */
export interface KubernetesAccess {
  /** The sandbox's proxy: `http://127.0.0.1:41000`. Loopback is reached directly. @default the environment's */
  proxyUrl?: string;
  /** A token for a scope, where a kubeconfig would have `kubelogin` run for one. @default it is run */
  credential?(scope: string): Promise<string>;
}

/** A cluster's API server, and who is asking. */
export interface ClusterConnection {
  /** "https://shop-dns-1a2b.hcp.westeurope.azmk8s.io:443" */
  readonly server: string;
  readonly dispatcher: Dispatcher;
  /** The Authorization header, or undefined where a certificate says who asks. `refresh` asks anew. */
  authorization(refresh?: boolean): Promise<string | undefined>;
  close(): Promise<void>;
}

/** How long a token is taken to be good without asking again, in milliseconds. */
const tokenPatience = 120_000;

/** @throws Error when the kubeconfig cannot be read or has no such context */
async function loadKubeConfig(config: PropertyMap): Promise<KubeConfig> {
  const { KubeConfig } = await import("@kubernetes/client-node");
  const kubeConfig = new KubeConfig();
  const contents = kubeconfigText(config);
  try {
    kubeConfig.loadFromString(contents);
  } catch {
    // The parser's message would repeat the kubeconfig, which may hold credentials.
    throw new Error("The kubeconfig cannot be read: it must be the contents of one, or the path of a file.");
  }
  const context = configuredText(config, "context");
  if (context !== undefined) kubeConfig.setCurrentContext(context);
  if (!kubeConfig.getCurrentCluster()) {
    throw new Error(`The kubeconfig has no cluster for the context '${kubeConfig.getCurrentContext()}'.`);
  }
  return kubeConfig;
}

/**
 * Opens what a provider resource's inputs lead to.
 * @throws Error when there is no usable kubeconfig, or its plugin gives no credential
 */
export async function connect(config: PropertyMap, access: KubernetesAccess): Promise<ClusterConnection> {
  const kubeConfig = await loadKubeConfig(config);
  const cluster = kubeConfig.getCurrentCluster()!;
  const user = kubeConfig.getCurrentUser();
  const serverId = access.credential && kubeloginServerId(user?.exec);
  const tls: RequestOptions = {};
  if (serverId === undefined) await kubeConfig.applyToHTTPSOptions(tls);
  else {
    const { bufferFromFileOrString } = await import("@kubernetes/client-node");
    tls.ca = bufferFromFileOrString(cluster.caFile, cluster.caData) ?? undefined;
  }
  const dispatcher = dispatcherFor(cluster.server, cluster.proxyUrl, access.proxyUrl, tls);

  let known: { since: number; header: Promise<string | undefined> } | undefined;
  const ask = async (): Promise<string | undefined> => {
    if (serverId !== undefined) return `Bearer ${await access.credential!(`${serverId}/.default`)}`;
    const fresh: RequestOptions = {};
    await kubeConfig.applyToHTTPSOptions(fresh);
    if (fresh.auth) return `Basic ${Buffer.from(fresh.auth).toString("base64")}`;
    const header = (fresh.headers as Record<string, string> | undefined)?.Authorization;
    return header === undefined ? undefined : String(header);
  };
  return {
    server: cluster.server.replace(/\/$/, ""),
    dispatcher,
    authorization: (refresh = false) => {
      if (known && !refresh && Date.now() - known.since < tokenPatience) return known.header;
      const current = { since: Date.now(), header: ask() };
      current.header.catch(() => {
        if (known === current) known = undefined;
      });
      known = current;
      return current.header;
    },
    close: () => dispatcher.close(),
  };
}

/** The application for which a kubeconfig has `kubelogin get-token` make tokens. */
function kubeloginServerId(exec: unknown): string | undefined {
  const { command, args } = (exec ?? {}) as { command?: string; args?: string[] };
  if (command === undefined || !/^kubelogin(\.exe)?$/.test(basename(command))) return undefined;
  const index = args?.indexOf("--server-id") ?? -1;
  return index < 0 ? undefined : args?.[index + 1];
}

const isLoopback = (server: string) => ["127.0.0.1", "localhost", "[::1]"].includes(new URL(server).hostname);

function dispatcherFor(
  server: string,
  kubeConfigProxy: string | undefined,
  proxyUrl: string | undefined,
  options: RequestOptions,
): Dispatcher {
  const { ca, cert, key, servername, rejectUnauthorized } = options;
  const tls = Object.fromEntries(
    Object.entries({ ca, cert, key, servername, rejectUnauthorized }).filter(
      ([, value]) => value !== undefined,
    ),
  );
  const keepAlive = { keepAliveTimeout: 60_000 };
  if (isLoopback(server)) return new Agent({ connect: tls, ...keepAlive });
  const proxy = kubeConfigProxy ?? proxyUrl;
  if (proxy !== undefined) return new ProxyAgent({ uri: proxy, requestTls: tls, ...keepAlive });
  return new EnvHttpProxyAgent({ connect: tls, requestTls: tls, ...keepAlive });
}
