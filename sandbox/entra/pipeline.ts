import { SignJWT } from "jose";
import { AzureError, sendJson } from "../core/azure-error";
import type { Clock } from "../core/clock";
import type { Service } from "../core/service";
import type { SigningKey } from "./signing-key";

/**
 * The delivery pipeline that deploys to the sandbox: an OpenID Connect issuer outside of Entra, as GitHub's and
 * GitLab's are. The deployer trusts it through a federated credential, so that it needs no stored secret.
 */
export const pipelineHost = "pipeline.sandbox.test";
export const pipelineIssuer = `https://${pipelineHost}`;
export const pipelineSubject = "deployer";
/** What Entra expects as the audience of assertions: https://learn.microsoft.com/entra/workload-id/workload-identity-federation-create-trust */
export const tokenExchangeAudience = "api://AzureADTokenExchange";

/** Publishes the pipeline's keys. */
export function createPipelineService(key: SigningKey): Service {
  const documents: Record<string, unknown> = {
    "/.well-known/openid-configuration": {
      issuer: pipelineIssuer,
      jwks_uri: `${pipelineIssuer}/.well-known/jwks`,
      response_types_supported: ["id_token"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: ["RS256"],
    },
    "/.well-known/jwks": { keys: [key.publicJwk] },
  };
  return {
    name: "Pipeline's token issuer",
    spared: true,
    serves: (host) => host === pipelineHost,
    handle: (request, response) => {
      const path = (request.url ?? "/").split("?")[0]!;
      const document = documents[path];
      if (document === undefined || request.method !== "GET") {
        throw new AzureError(
          501,
          "NotImplemented",
          `The pipeline's issuer has no ${request.method} ${path}.`,
        );
      }
      sendJson(response, 200, document);
    },
  };
}

/** An assertion that its bearer is the deployer. */
export function pipelineAssertion(key: SigningKey, clock: Clock, lifetimeSeconds: number): Promise<string> {
  const now = Math.floor(clock.now() / 1000);
  return new SignJWT({ aud: tokenExchangeAudience, iss: pipelineIssuer, sub: pipelineSubject })
    .setProtectedHeader({ typ: "JWT", alg: "RS256", kid: key.keyId })
    .setIssuedAt(now)
    .setNotBefore(now)
    .setExpirationTime(now + lifetimeSeconds)
    .sign(key.privateKey);
}
