import { setTimeout as sleep } from "node:timers/promises";
import { ProxyAgent, request } from "undici";
import type { PlainValue } from "../values";
import {
  type AzureAccess,
  type AzureRequest,
  type AzureResponse,
  azureErrorOf,
  retryAfter,
  UncertainError,
} from "./azure-request";

/** Sends requests to Azure's host names with the deployer's token, and again when that may help. */
export interface AzureClient {
  /**
   * The last answer, whatever its status.
   * @throws UncertainError for a request that makes another each time and may have taken effect
   * @throws Error when no answer came, or `signal` was set off
   */
  send(request: AzureRequest, signal: AbortSignal): Promise<AzureResponse>;
  close(): Promise<void>;
}

/** Delays are in milliseconds. */
const attempts = 12;
const firstDelay = 100;
const longestDelay = 10_000;

const worthRetrying = new Set([408, 429, 500, 502, 503, 504]);

/**
 * Conflicts that pass by themselves.
 * @see https://github.com/pulumi/pulumi-azure-native/pull/4421
 */
const passingConflicts = new Set([
  "AnotherOperationInProgress",
  "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity",
]);

/** Connection failures after which a request may be sent again. */
const passingFailures = new Set(["ECONNRESET", "ECONNREFUSED", "EPIPE", "ETIMEDOUT", "UND_ERR_SOCKET"]);

function isPassing(response: AzureResponse): boolean {
  if (worthRetrying.has(response.status)) return true;
  if (response.status !== 409) return false;
  const { error } = (response.body ?? {}) as { error?: { code?: unknown } };
  return typeof error?.code === "string" && passingConflicts.has(error.code);
}

function isPassingFailure(error: unknown): error is Error {
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  if (typeof code === "string" && passingFailures.has(code)) return true;
  return cause instanceof Error && isPassingFailure(cause);
}

/** Twice as long each time, up to a limit, and spread so that those who failed together do not meet again. */
function backOff(attempt: number): number {
  const planned = Math.min(firstDelay * 2 ** attempt, longestDelay);
  return planned * (0.5 + Math.random() / 2);
}

function parseJson(text: string): PlainValue | undefined {
  try {
    return text === "" ? undefined : (JSON.parse(text) as PlainValue);
  } catch {
    return undefined;
  }
}

export function createAzureClient(access: AzureAccess): AzureClient {
  const dispatcher = new ProxyAgent({
    uri: access.proxyUrl,
    requestTls: { ca: access.caCertificate },
    keepAliveTimeout: 60_000,
  });
  const tokens = new Map<string, Promise<string>>();
  const token = (scope: string): Promise<string> => {
    const known = tokens.get(scope);
    if (known !== undefined) return known;
    const fresh = access.credential(scope);
    tokens.set(scope, fresh);
    fresh.catch(() => tokens.delete(scope));
    return fresh;
  };

  async function sendOnce(
    message: AzureRequest,
    mayRepeat: boolean,
    signal: AbortSignal,
  ): Promise<AzureResponse> {
    const { statusCode, headers, body } = await request(message.url, {
      method: message.method,
      dispatcher,
      signal,
      headers: {
        accept: "application/json",
        authorization: `Bearer ${await token(message.scope)}`,
        "user-agent": "pulumi-azure-native",
        ...(message.body === undefined ? {} : { "content-type": "application/json" }),
      },
      body: message.body === undefined ? null : JSON.stringify(message.body),
    });
    return { status: statusCode, headers, body: parseJson(await body.text()), mayRepeat };
  }

  return {
    close: () => dispatcher.close(),
    async send(message, signal) {
      let renewedToken = false;
      let mayRepeat = false;
      for (let attempt = 0; ; attempt++) {
        const last = attempt === attempts - 1;
        let delay = backOff(attempt);
        try {
          const response = await sendOnce(message, mayRepeat, signal);
          if (response.status === 401 && !renewedToken) {
            renewedToken = true;
            tokens.delete(message.scope);
            continue;
          }
          if (!isPassing(response)) return response;
          const isUncertain = response.status >= 500 && response.status !== 503;
          if (isUncertain && message.makesAnother) throw new UncertainError(azureErrorOf(response));
          mayRepeat ||= isUncertain;
          if (last) return response;
          delay = retryAfter(response) ?? delay;
        } catch (error) {
          if (signal.aborted || !isPassingFailure(error)) throw error;
          if (message.makesAnother) throw new UncertainError(error);
          if (last) throw error;
          mayRepeat = true;
        }
        await sleep(delay, undefined, { signal });
      }
    },
  };
}
