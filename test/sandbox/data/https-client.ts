import { readFileSync } from "node:fs";
import { fetch, ProxyAgent } from "undici";

let agent: ProxyAgent | undefined;

/** A request as it is, for what no SDK would send. */
export async function send(request: {
  method: string;
  url: string;
  headers?: Record<string, string>;
  body?: string;
}) {
  agent ??= new ProxyAgent({
    uri: process.env.HTTPS_PROXY!,
    requestTls: { ca: readFileSync(process.env.NODE_EXTRA_CA_CERTS!) },
  });
  const { url, ...init } = request;
  const response = await fetch(url, { ...init, dispatcher: agent });
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: await response.text(),
  };
}
