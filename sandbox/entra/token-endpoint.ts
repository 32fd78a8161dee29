import type { IncomingMessage } from "node:http";
import { AzureError } from "../core/azure-error";
import type { SandboxContext } from "../core/context";
import { tokenExchange } from "../core/journal";
import { readBody } from "../core/request-body";
import { findSecret, getApplication } from "./applications";
import { audienceOfScope, knownAudience } from "./audiences";
import type { Principal } from "./directory";
import { EntraError } from "./entra-error";
import { acceptAssertion } from "./federation";
import type { IssuerKeys } from "./issuer-keys";
import { getSettings } from "./service-principals";
import type { ClientProof } from "./tokens";

/** A token and what its client needs to know of it, in Entra's form. */
export type TokenResponse = Record<string, string | number>;

export type TokenEndpointVersion = "v1" | "v2";

const bodyLimitBytes = 64 * 1024;
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** Grants that Entra has and the sandbox has not. */
const otherGrants = new Set([
  "authorization_code",
  "password",
  "refresh_token",
  "device_code",
  "urn:ietf:params:oauth:grant-type:device_code",
  "urn:ietf:params:oauth:grant-type:jwt-bearer",
  "urn:ietf:params:oauth:grant-type:saml2-bearer",
]);

/** https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/managed-identity-best-practice-recommendations */
export const managedIdentityTokenSeconds = 24 * 60 * 60;

/**
 * Between 60 and 90 minutes, at random.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/configurable-token-lifetimes
 */
const applicationTokenSeconds = () => 3600 + Math.floor(Math.random() * 1800);

/**
 * Answers a request for a token: client credentials by secret or by an assertion of a trusted issuer.
 *
 * @throws EntraError
 */
export async function requestToken(
  request: IncomingMessage,
  version: TokenEndpointVersion,
  context: SandboxContext,
  issuerKeys: IssuerKeys,
): Promise<TokenResponse> {
  const form = await readForm(request);
  const grantType = required(form, "grant_type");
  if (otherGrants.has(grantType)) {
    throw new AzureError(
      501,
      "NotImplemented",
      `The sandbox's token endpoint does not implement the grant '${grantType}'.`,
    );
  }
  if (grantType !== "client_credentials") {
    throw new EntraError(
      70003,
      "unsupported_grant_type",
      `The app requested an unsupported grant type '${grantType}'.`,
    );
  }
  const basic = basicCredentials(request);
  const clientId = basic?.clientId ?? required(form, "client_id");
  const audience =
    version === "v2"
      ? audienceOfScope(required(form, "scope"), context)
      : knownAudience(required(form, "resource"), context);
  const asked = (allowed: boolean) => {
    const principalId = context.directory.byClientId(clientId)?.objectId;
    if (principalId === undefined) return;
    context.journal.asked({ principalId, operation: tokenExchange, scope: audience, allowed });
  };
  const issue = async () => {
    const principal = findClient(clientId, context);
    const lifetimeSeconds =
      principal.managedIdentityResourceId === undefined
        ? applicationTokenSeconds()
        : managedIdentityTokenSeconds;
    const proof = await prove(form, basic?.clientSecret, principal, context, issuerKeys);
    return {
      lifetimeSeconds,
      token: await context.tokens.issue(principal, audience, lifetimeSeconds, proof),
    };
  };
  const { lifetimeSeconds, token } = await issue().catch((error: unknown) => {
    asked(false);
    throw error;
  });
  asked(true);
  // Clients count in real time, however fast the sandbox's runs.
  const expiresIn = Math.max(1, Math.floor(lifetimeSeconds / context.clock.speed) - 1);
  const response = {
    token_type: "Bearer",
    expires_in: expiresIn,
    ext_expires_in: expiresIn,
    access_token: token,
  };
  if (version === "v2") return response;
  const now = Math.floor(Date.now() / 1000);
  return {
    ...response,
    expires_in: String(expiresIn),
    ext_expires_in: String(expiresIn),
    expires_on: String(now + expiresIn),
    not_before: String(now),
    resource: audience,
  };
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const malformed = new EntraError(
    9002313,
    "invalid_request",
    "Invalid request. Request is malformed or invalid.",
  );
  if (!request.headers["content-type"]?.toLowerCase().startsWith("application/x-www-form-urlencoded"))
    throw malformed;
  const body = await readBody(request, bodyLimitBytes).catch((error) => {
    throw error instanceof AzureError ? malformed : error;
  });
  return new URLSearchParams(body.toString("utf8"));
}

function required(form: URLSearchParams, parameter: string): string {
  const value = form.get(parameter);
  if (value) return value;
  throw new EntraError(
    900144,
    "invalid_request",
    `The request body must contain the following parameter: '${parameter}'.`,
  );
}

function basicCredentials(request: IncomingMessage): { clientId: string; clientSecret: string } | undefined {
  const encoded = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(request.headers.authorization ?? "")?.[1];
  if (encoded === undefined) return undefined;
  const [clientId = "", ...secret] = Buffer.from(encoded, "base64").toString("utf8").split(":");
  try {
    return { clientId: decodeURIComponent(clientId), clientSecret: decodeURIComponent(secret.join(":")) };
  } catch {
    throw new EntraError(9002313, "invalid_request", "Invalid request. Request is malformed or invalid.");
  }
}

function findClient(clientId: string, { directory, account, store }: SandboxContext): Principal {
  const principal = directory.byClientId(clientId);
  if (principal && directory.isReplicated(principal)) {
    if (getSettings(store, principal.objectId).accountEnabled) return principal;
    throw new EntraError(
      7000112,
      "unauthorized_client",
      `Application '${clientId}'(${principal.displayName}) is disabled.`,
    );
  }
  throw new EntraError(
    700016,
    "unauthorized_client",
    `Application with identifier '${clientId}' was not found in the directory '${account.tenantId}'. This can happen ` +
      "if the application has not been installed by the administrator of the tenant or consented to by any user in " +
      "the tenant. You may have sent your authentication request to the wrong tenant.",
  );
}

async function prove(
  form: URLSearchParams,
  basicSecret: string | undefined,
  principal: Principal,
  context: SandboxContext,
  issuerKeys: IssuerKeys,
): Promise<ClientProof> {
  const { store, clock } = context;
  const assertion = form.get("client_assertion");
  if (assertion && form.get("client_assertion_type") === assertionType) {
    await acceptAssertion({ assertion, principal, store, clock, issuerKeys });
    return "assertion";
  }
  const secret = basicSecret ?? form.get("client_secret");
  if (!secret) {
    throw new EntraError(
      7000218,
      "invalid_client",
      "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    );
  }
  acceptSecret(secret, principal, context);
  return "secret";
}

function acceptSecret(secret: string, principal: Principal, { store, clock }: SandboxContext): void {
  const clientId = principal.clientId ?? "";
  const application = getApplication(store, clientId);
  const found = application && findSecret(application, secret);
  if (!found) {
    throw new EntraError(
      7000215,
      "invalid_client",
      "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not " +
        `the client secret ID, for a secret added to app '${clientId}'.`,
    );
  }
  if (clock.now() / 1000 >= found.endDateTime) {
    throw new EntraError(
      7000222,
      "invalid_client",
      `The provided client secret keys for app '${clientId}' are expired. Create new keys for your app, or use ` +
        "federated identity credentials instead.",
    );
  }
}
