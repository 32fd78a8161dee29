import { rootCertificates } from "node:tls";
import { type Dispatcher, EnvHttpProxyAgent, fetch, type RequestInit, type Response } from "undici";

/** HTTP as a client of the sandbox sees it: Azure's names are the sandbox's own, all others the real network's. */
export interface Network {
  /** Never waits longer than ten real seconds unless `init.signal` says otherwise. */
  fetch(url: string, init?: RequestInit): Promise<Response>;
}

const patienceMs = 10_000;

/** The network behind the sandbox's own proxy, which is known once it listens. */
export function createNetwork(
  proxyUrl: () => string,
  authorityPem: string,
): Network & { close(): Promise<void> } {
  let agent: Dispatcher | undefined;
  const open = () =>
    new EnvHttpProxyAgent({
      httpProxy: proxyUrl(),
      httpsProxy: proxyUrl(),
      noProxy: "127.0.0.1,localhost,::1",
      requestTls: { ca: [...rootCertificates, authorityPem] },
    });
  return {
    fetch: (url, init = {}) => {
      agent ??= open();
      return fetch(url, { signal: AbortSignal.timeout(patienceMs), ...init, dispatcher: agent });
    },
    close: async () => agent?.destroy(),
  };
}
