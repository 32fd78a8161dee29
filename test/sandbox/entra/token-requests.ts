import { expect } from "vitest";
import { proxiedFetch } from "../core/requests";
import type { TestSandbox } from "../harness";

export interface TokenAnswer {
  status: number;
  headers: Headers;
  body: any;
}

/** Asks the sandbox's Entra for tokens over https, as a client would. */
export function tokenRequests(sandbox: TestSandbox) {
  const fetch = proxiedFetch(sandbox);
  const { tenantId } = sandbox.context.account;

  const post = async (
    form: Record<string, string> | string,
    { tenant = tenantId, version = "v2.0/", headers = {} as Record<string, string> } = {},
  ): Promise<TokenAnswer> => {
    const response = await fetch(`https://login.microsoftonline.com/${tenant}/oauth2/${version}token`, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
      body: typeof form === "string" ? form : new URLSearchParams(form).toString(),
    });
    return { status: response.status, headers: response.headers as Headers, body: await response.json() };
  };

  const form = (clientId: string, more: Record<string, string>) => ({
    grant_type: "client_credentials",
    client_id: clientId,
    scope: "https://vault.azure.net/.default",
    ...more,
  });
  const exchange = (clientId: string, assertion: string, more: Record<string, string> = {}) =>
    post(
      form(clientId, {
        client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        client_assertion: assertion,
        ...more,
      }),
    );
  return { post, form, exchange };
}

/** The answer is this failure, in Entra's form throughout. */
export function expectFailure(
  answer: TokenAnswer,
  status: number,
  error: string,
  code: number,
  text: string,
): void {
  expect(answer.body).toEqual({
    error,
    error_description: expect.stringContaining(`AADSTS${code}: ${text}`),
    error_codes: [code],
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/),
    trace_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    correlation_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    error_uri: `https://login.microsoftonline.com/error?code=${code}`,
  });
  const { error_description, trace_id, correlation_id, timestamp } = answer.body;
  expect(error_description).toMatch(
    new RegExp(` Trace ID: ${trace_id} Correlation ID: ${correlation_id} Timestamp: ${timestamp}$`),
  );
  expect(answer.status).toBe(status);
}
