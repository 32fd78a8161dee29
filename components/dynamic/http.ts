import { EnvHttpProxyAgent, request } from "undici";

export interface HttpRequest {
  method: "GET" | "POST" | "PUT" | "PATCH";
  url: string;
  headers?: Record<string, string>;
  body?: string;
  /** PEM certificates to trust beside Node's. */
  certificateAuthority?: string;
}

export interface HttpResponse {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

const timeoutMs = 10_000;
/** To one host, so that many small requests at once share connections instead of each making its own. */
const connections = 4;
const agents = new Map<string, EnvHttpProxyAgent>();

function agentFor(certificateAuthority: string | undefined): EnvHttpProxyAgent {
  const key = certificateAuthority ?? "";
  const known = agents.get(key);
  if (known) return known;
  const tls = certificateAuthority === undefined ? {} : { ca: certificateAuthority };
  const agent = new EnvHttpProxyAgent({
    connections,
    connect: { ...tls, timeout: timeoutMs },
    requestTls: tls,
  });
  agents.set(key, agent);
  return agent;
}

/** One request, through the proxy that HTTPS_PROXY and NO_PROXY name; no retry, no redirect. */
export async function send(args: HttpRequest): Promise<HttpResponse> {
  const response = await request(args.url, {
    method: args.method,
    dispatcher: agentFor(args.certificateAuthority),
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    ...(args.headers ? { headers: args.headers } : {}),
    ...(args.body === undefined ? {} : { body: args.body }),
  });
  return { status: response.statusCode, headers: response.headers, body: await response.body.text() };
}

/** Whether a status says that the service is throttling or in trouble, and nothing of the request. */
export const isTroubleStatus = (status: number): boolean =>
  status === 408 || status === 429 || (status >= 500 && status !== 501);

/** How long an answer asks to be left alone: `Retry-After` in seconds, the form that Azure uses. */
export function retryAfterMs(headers: Record<string, string | string[] | undefined>): number | undefined {
  const seconds = Number(headers["retry-after"]);
  return headers["retry-after"] !== undefined && seconds >= 0 ? seconds * 1000 : undefined;
}
