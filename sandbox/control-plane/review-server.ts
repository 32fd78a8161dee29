import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { readBody } from "../core/request-body";
import { authenticateWithAzure } from "../kubernetes/authentication";
import { accessFromAzure } from "../kubernetes/authorization";
import type { AzureSide } from "../kubernetes/azure-side";
import { at, recordAt } from "../kubernetes/object";
import { ApiError } from "../kubernetes/status";
import type { KeyPair } from "./authority";

const bodyLimitBytes = 1024 * 1024;

/** What Azure answers to an API server that asks who somebody is, and what they may do. */
export interface ReviewServer {
  /** For a TokenReview: `https://127.0.0.1:port/authenticate`. */
  readonly authenticationUrl: string;
  /** For a SubjectAccessReview: `https://127.0.0.1:port/authorize`. */
  readonly authorizationUrl: string;
  close(): Promise<void>;
}

/**
 * Answers the webhooks of an API server, and nobody who has no certificate of `authority`.
 * @param side what Azure knows of the cluster at the time of a request
 * @see https://kubernetes.io/docs/reference/access-authn-authz/authentication/#webhook-token-authentication
 * @see https://kubernetes.io/docs/reference/access-authn-authz/webhook/
 */
export async function startReviewServer(
  side: () => AzureSide,
  pair: KeyPair,
  authority: string,
): Promise<ReviewServer> {
  const server = createServer(
    {
      key: pair.key,
      cert: pair.certificate,
      ca: authority,
      requestCert: true,
      rejectUnauthorized: true,
    },
    (request, response) => {
      review(side(), request).then(
        (answer) => send(response, 200, answer),
        () => send(response, 500, {}),
      );
    },
  );
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    authenticationUrl: `${url}/authenticate`,
    authorizationUrl: `${url}/authorize`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function review(side: AzureSide, request: IncomingMessage): Promise<object> {
  const body = JSON.parse((await readBody(request, bodyLimitBytes)).toString("utf8")) as unknown;
  const status = request.url?.startsWith("/authenticate")
    ? await reviewToken(side, String(at(body, "spec", "token")))
    : reviewAccess(side, body);
  return { apiVersion: at(body, "apiVersion"), kind: at(body, "kind"), status };
}

async function reviewToken(side: AzureSide, token: string): Promise<object> {
  try {
    const { name, groups, objectId } = await authenticateWithAzure(side, token);
    const user = { username: name, groups, ...(objectId && { extra: { oid: [objectId] } }) };
    return { authenticated: true, user };
  } catch (error) {
    if (error instanceof ApiError) return { authenticated: false };
    throw error;
  }
}

function reviewAccess(side: AzureSide, body: unknown): object {
  const spec = recordAt(body, "spec");
  const { verb, group, resource, subresource, namespace, name } = recordAt(spec, "resourceAttributes");
  const text = (value: unknown) => (value ? String(value) : undefined);
  // Paths that are no resources are for Kubernetes' own roles to decide.
  if (text(resource) === undefined) return { allowed: false };
  const groups = Array.isArray(spec.groups) ? spec.groups.map(String) : [];
  const objectId = text(at(spec, "extra", "oid", 0));
  return accessFromAzure(
    side,
    { name: String(spec.user), groups, ...(objectId && { objectId }) },
    {
      verb: String(verb),
      kind: { group: text(group) ?? "", plural: String(resource) },
      subresource: text(subresource),
      namespace: text(namespace),
      name: text(name),
    },
  );
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
