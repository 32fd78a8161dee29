import { connect } from "node:net";
import { EnvHttpProxyAgent, fetch, type RequestInit } from "undici";
import type { RunningSandbox } from "../../../sandbox/core/sandbox";

/** fetch as a client behind the sandbox's proxy, trusting its certificate authority. */
export function proxiedFetch(sandbox: Pick<RunningSandbox, "proxyUrl" | "context">) {
  const dispatcher = new EnvHttpProxyAgent({
    httpProxy: sandbox.proxyUrl,
    httpsProxy: sandbox.proxyUrl,
    noProxy: "127.0.0.1",
    requestTls: { ca: sandbox.context.certificates.authorityPem },
  });
  return (url: string, init: RequestInit = {}) => fetch(url, { ...init, dispatcher });
}

/** Sends bytes to a port of this machine and returns all that comes back until the connection ends. */
export function exchange(port: number, bytes: string | Buffer, timeoutMs = 5000): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    const finish = () => resolve(Buffer.concat(chunks).toString("latin1"));
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("close", finish);
    socket.on("error", finish);
    socket.setTimeout(timeoutMs, () => {
      socket.destroy();
      reject(new Error(`No answer in ${timeoutMs} ms; so far: ${Buffer.concat(chunks).toString("latin1")}`));
    });
  });
}

export const portOf = (sandbox: Pick<RunningSandbox, "proxyUrl">) => Number(new URL(sandbox.proxyUrl).port);

/** Puts the sandbox's clock forward, as anybody can from outside. */
export async function advanceClock(
  sandbox: Pick<RunningSandbox, "proxyUrl">,
  seconds: number,
): Promise<void> {
  const response = await fetch(`${sandbox.proxyUrl}/_sandbox/clock/advance`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ seconds }),
  });
  if (!response.ok) throw new Error(await response.text());
}
