import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { ProxyAgent, request } from "undici";
import type { FreshSandbox } from "./sandbox";

/** Speaks HTTP to the sandbox's services by Azure's names, as lightly as can be: the load is for the sandbox. */
export interface AzureClient {
  /** One request. @throws Error with what was answered, unless it is a 2xx */
  send(args: AzureRequest): Promise<unknown>;
  /** Exchanges the pipeline's assertion for a token of `scope` as `clientId`, as Entra does for federated ones. */
  exchange(clientId: string, scope: string): Promise<string>;
  /** Writes a resource with ARM, and waits until it is ready. @returns its properties */
  put(id: string, apiVersion: string, body: unknown): Promise<Record<string, unknown>>;
  /** What the exchanged assertion says. */
  readonly assertion: { issuer: string; subject: string };
  readonly armToken: string;
  close(): Promise<void>;
}

export interface AzureRequest {
  method: "GET" | "PUT" | "POST";
  url: string;
  token?: string;
  /** Sent as JSON, or as it is when it is text. */
  body?: unknown;
}

/** @param connections how many connections to each host it may hold */
export async function openAzureClient(sandbox: FreshSandbox, connections: number): Promise<AzureClient> {
  const { env, proxyUrl, account } = sandbox;
  const variable = (name: string): string => {
    const value = env[name];
    if (value === undefined) throw new Error(`the sandbox does not announce ${name}`);
    return value;
  };
  const ca = readFileSync(variable("NODE_EXTRA_CA_CERTS"), "utf8");
  const dispatcher = new ProxyAgent({ uri: proxyUrl, requestTls: { ca }, connections });
  const assertion = readFileSync(variable("AZURE_FEDERATED_TOKEN_FILE"), "utf8").trim();
  const { iss, sub } = JSON.parse(Buffer.from(assertion.split(".")[1] ?? "", "base64url").toString());

  const send = async ({ method, url, token, body }: AzureRequest): Promise<unknown> => {
    const form = typeof body === "string";
    const response = await request(url, {
      method,
      dispatcher,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        "content-type": form ? "application/x-www-form-urlencoded" : "application/json",
      },
      ...(body === undefined ? {} : { body: form ? body : JSON.stringify(body) }),
    });
    const text = await response.body.text();
    if (response.statusCode >= 300) {
      throw new Error(`${method} ${url} answered ${response.statusCode}: ${text.slice(0, 500)}`);
    }
    return text === "" ? undefined : JSON.parse(text);
  };
  const exchange = async (clientId: string, scope: string): Promise<string> => {
    const answer = await send({
      method: "POST",
      url: `https://login.microsoftonline.com/${account.tenantId}/oauth2/v2.0/token`,
      body: new URLSearchParams({
        grant_type: "client_credentials",
        client_id: clientId,
        scope,
        client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        client_assertion: assertion,
      }).toString(),
    });
    return (answer as { access_token: string }).access_token;
  };
  const armToken = await exchange(variable("AZURE_CLIENT_ID"), "https://management.azure.com/.default");
  return {
    send,
    exchange,
    armToken,
    assertion: { issuer: iss, subject: sub },
    put: async (id, apiVersion, body) => {
      const url = `https://management.azure.com${id}?api-version=${apiVersion}`;
      let resource = (await send({ method: "PUT", url, token: armToken, body })) as Resource | undefined;
      // Some answer with nothing until they are ready.
      while (!resource || isUnderWay(resource)) {
        await sleep(50);
        resource = (await send({ method: "GET", url, token: armToken })) as Resource;
      }
      return resource.properties;
    },
    close: () => dispatcher.close(),
  };
}

interface Resource {
  properties: Record<string, unknown>;
}

/** Resources without a state are ready once they are written. */
function isUnderWay({ properties }: Resource): boolean {
  return !["Succeeded", undefined].includes(properties.provisioningState as string | undefined);
}
