import { request } from "node:http";
import type { Socket } from "node:net";

/** Whether `NO_PROXY` lists a host, by its name or by the end of it: "*", "localhost", ".internal.example". */
export function isExempt(host: string, noProxy: string): boolean {
  return noProxy
    .split(/[\s,]+/)
    .map((entry) =>
      entry
        .toLowerCase()
        .replace(/^\*?\.(?=.)/, "")
        .replace(/:\d+$/, ""),
    )
    .some((entry) => entry === "*" || (entry !== "" && (host === entry || host.endsWith(`.${entry}`))));
}

/** The proxy for connections to `host` that the environment names; undefined for a direct one. */
export function proxyFor(host: string, env: NodeJS.ProcessEnv = process.env): URL | undefined {
  const proxy = env.HTTPS_PROXY || env.https_proxy;
  const noProxy = env.NO_PROXY || env.no_proxy || "";
  return proxy && !isExempt(host.toLowerCase(), noProxy) ? new URL(proxy) : undefined;
}

const timeoutMs = 10_000;

/** A connection to `host` by way of a proxy, which sees nothing of what is in it. @throws Error when it refuses */
export function openTunnel(proxy: URL, host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const { username, password } = proxy;
    const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    const connect = request({
      host: proxy.hostname.replace(/^\[(.*)\]$/, "$1"),
      port: proxy.port || 80,
      method: "CONNECT",
      path: `${host}:${port}`,
      timeout: timeoutMs,
      headers: username ? { "proxy-authorization": `Basic ${Buffer.from(login).toString("base64")}` } : {},
    });
    connect.on("connect", (response, socket: Socket, head: Buffer) => {
      // From here on a pause is for those who talk through it to judge.
      socket.setTimeout(0);
      if (response.statusCode === 200) {
        if (head.length > 0) socket.unshift(head);
        resolve(socket);
        return;
      }
      socket.destroy();
      reject(new Error(`the proxy answered ${response.statusCode} for ${host}:${port}`));
    });
    connect.on("timeout", () => connect.destroy(new Error(`the proxy did not answer in ${timeoutMs} ms`)));
    connect.on("error", reject);
    connect.end();
  });
}
