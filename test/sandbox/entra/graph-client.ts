import { expect } from "vitest";
import { proxiedFetch } from "../core/requests";
import type { TestSandbox } from "../harness";

export interface GraphAnswer {
  status: number;
  headers: Headers;
  body: any;
}

/** Calls the sandbox's Microsoft Graph, as the deployer unless told otherwise. */
export function graphClient(sandbox: TestSandbox) {
  const { directory, tokens, account } = sandbox.context;
  const fetch = proxiedFetch(sandbox);

  const tokenOf = (objectId = account.deployer.objectId, audience = "https://graph.microsoft.com") =>
    tokens.issue(directory.byObjectId(objectId)!, audience, 3600);

  /** Sends what it is given, whatever that is. */
  const send = async (
    method: string,
    path: string,
    init: { body?: string; headers: Record<string, string> },
  ) => {
    const response = await fetch(`https://graph.microsoft.com/v1.0${path}`, { method, ...init });
    const text = await response.text();
    const body = text === "" ? undefined : JSON.parse(text);
    return { status: response.status, headers: response.headers as Headers, body } satisfies GraphAnswer;
  };
  const call = async (method: string, path: string, body?: unknown, token?: string): Promise<GraphAnswer> =>
    send(method, path, {
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      headers: { authorization: `Bearer ${token ?? (await tokenOf())}`, "content-type": "application/json" },
    });
  /** What `POST` answers, which must be 201. */
  const create = async (path: string, body: unknown) => {
    const answer = await call("POST", path, body);
    if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  return { send, call, create, tokenOf };
}

/** A role that applications can be given. */
export const appRole = (id: string, value: string) => ({
  id,
  value,
  displayName: value,
  description: `${value}, for callers`,
  allowedMemberTypes: ["Application"],
  isEnabled: true,
});

/** The answer is this failure, in Graph's form throughout. */
export function expectGraphFailure(
  answer: GraphAnswer,
  status: number,
  code: string,
  message: string | RegExp,
) {
  expect(answer.body).toEqual({
    error: {
      code,
      message: expect.stringMatching(message),
      innerError: {
        date: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/),
        "request-id": expect.stringMatching(/^[0-9a-f-]{36}$/),
        "client-request-id": expect.stringMatching(/^[0-9a-f-]{36}$/),
      },
    },
  });
  expect(answer.status).toBe(status);
}
