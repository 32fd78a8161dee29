import { compactVerify, decodeJwt, decodeProtectedHeader } from "jose";
import { listResources } from "../arm/resource";
import type { Clock } from "../core/clock";
import type { Store } from "../core/store";
import { getApplication } from "./applications";
import type { Principal } from "./directory";
import { EntraError } from "./entra-error";
import type { IssuerKeys } from "./issuer-keys";

/** What an identity or an application accepts from another issuer. */
export interface FederatedCredential {
  issuer: string;
  subject: string;
  audiences: string[];
  /** Milliseconds of sandbox time since the epoch. */
  visibleAt: number;
}

/** What an assertion says of itself, before anybody has checked it. */
interface Presented {
  issuer: string;
  subject: string;
  audiences: string[];
  notBefore: number;
  expires: number;
  keyId: string;
}

/** https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations#unsupported-scenarios-federated-identity-credentials */
const supportedAlgorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];
const documentation = "https://learn.microsoft.com/entra/workload-id/workload-identity-federation";
const breakingChange =
  "https://learn.microsoft.com/entra/identity-platform/reference-breaking-changes#august-2024";
const longestAssertion = 16 * 1024;

/**
 * The federated credentials of a principal: child resources of a user-assigned identity, or part of an application.
 * A system-assigned identity has none.
 */
export function federatedCredentialsOf(store: Store, principal: Principal): FederatedCredential[] {
  const identityId = principal.managedIdentityResourceId;
  if (identityId === undefined) {
    return getApplication(store, principal.clientId ?? "")?.federatedCredentials ?? [];
  }
  return listResources(store, `${identityId}/federatedIdentityCredentials/`).map(({ body, visibleAt }) => {
    const { issuer, subject, audiences } = body.properties as Omit<FederatedCredential, "visibleAt">;
    return { issuer, subject, audiences, visibleAt: visibleAt ?? 0 };
  });
}

/**
 * Accepts an assertion as proof that its bearer is `principal`, or throws what Entra answers.
 *
 * @throws EntraError
 * @see https://learn.microsoft.com/entra/workload-id/workload-identity-federation
 */
export async function acceptAssertion(args: {
  assertion: string;
  principal: Principal;
  store: Store;
  clock: Clock;
  issuerKeys: IssuerKeys;
}): Promise<void> {
  const { assertion, principal, store, clock, issuerKeys } = args;
  const presented = read(assertion);
  if (/^https:\/\/(login\.microsoftonline\.com|sts\.windows\.net)\//.test(presented.issuer)) {
    throw new EntraError(
      700222,
      "invalid_client",
      "AAD-issued tokens may not be used for federated identity flows.",
    );
  }
  matchCredential(federatedCredentialsOf(store, principal), presented, principal, clock.now());
  const key = await issuerKeys.find(presented.issuer, presented.keyId);
  if (!key) {
    throw new EntraError(
      7000272,
      "invalid_client",
      `The certificate with identifier ${presented.keyId} used to sign the federated credential could not be found ` +
        `in the metadata of identity provider ${presented.issuer}.`,
    );
  }
  await compactVerify(assertion, key, { algorithms: supportedAlgorithms }).catch(() => {
    throw new EntraError(700027, "invalid_client", "Client assertion failed signature validation.");
  });
  checkTime(presented, clock.now());
}

function read(assertion: string): Presented {
  const malformed = new EntraError(50027, "invalid_request", "JWT token is invalid or malformed.");
  if (assertion.length > longestAssertion) throw malformed;
  try {
    const header = decodeProtectedHeader(assertion);
    const { iss, sub, aud, nbf, iat, exp } = decodeJwt(assertion);
    if (!supportedAlgorithms.includes(header.alg ?? "")) {
      throw new EntraError(
        5002738,
        "invalid_request",
        `Invalid JWT token. '${header.alg}' is not a supported signature algorithm. Supported signing algorithms ` +
          `are: '${supportedAlgorithms.join(", ")}'`,
      );
    }
    if (![iss, sub, header.kid].every((text) => typeof text === "string") || typeof exp !== "number")
      throw malformed;
    const audiences = [aud ?? []].flat();
    if (audiences.some((audience) => typeof audience !== "string")) throw malformed;
    return {
      issuer: iss as string,
      subject: sub as string,
      audiences,
      notBefore: nbf ?? iat ?? 0,
      expires: exp,
      keyId: header.kid as string,
    };
  } catch (error) {
    throw error instanceof EntraError ? error : malformed;
  }
}

function matchCredential(
  credentials: readonly FederatedCredential[],
  presented: Presented,
  principal: Principal,
  now: number,
): void {
  const matches = (credential: FederatedCredential) =>
    credential.issuer === presented.issuer &&
    credential.subject === presented.subject &&
    credential.audiences.some((audience) => presented.audiences.includes(audience));
  const visible = credentials.filter((credential) => now >= credential.visibleAt);
  if (visible.some(matches)) return;

  const { issuer, subject } = presented;
  const audience = presented.audiences.join(", ");
  const advice =
    "Check your federated identity credential Subject, Audience and Issuer against the presented assertion.";
  const mismatch = (code: number, what: string, value: string, more = "") =>
    new EntraError(
      code,
      "invalid_client",
      `No matching federated identity record found for presented assertion ${what} '${value}'. ${more}${advice} ` +
        documentation,
    );

  if (credentials.some(matches)) {
    throw new EntraError(
      70021,
      "invalid_request",
      "No matching federated identity record found for presented assertion. " +
        `Assertion Issuer: '${issuer}'. Assertion Subject: '${subject}'. Assertion Audience: '${audience}'. ${documentation}`,
    );
  }
  if (visible.length === 0) {
    throw new EntraError(
      70025,
      "invalid_client",
      `The client '${principal.clientId}'(${principal.displayName}) has no configured federated identity credentials.`,
    );
  }
  const ofIssuer = visible.filter((credential) => credential.issuer === issuer);
  if (ofIssuer.length === 0) throw mismatch(700211, "issuer", issuer);
  if (!ofIssuer.some((credential) => credential.subject === subject)) {
    const differsInCase = ofIssuer.some(
      (credential) => credential.subject.toLowerCase() === subject.toLowerCase(),
    );
    if (!differsInCase) throw mismatch(700213, "subject", subject);
    const explanation =
      "The subject matches with case-insensitive comparison, but not with case-sensitive comparison. " +
      `See breaking change notification and remediation at: ${breakingChange}. `;
    throw mismatch(7002138, "subject", subject, explanation);
  }
  throw mismatch(700212, "audience", audience);
}

/** Entra's tolerance for clocks that differ is not documented; here there is one clock, and none is needed. */
function checkTime(presented: Presented, now: number): void {
  const nowSeconds = Math.floor(now / 1000);
  if (nowSeconds >= presented.notBefore && nowSeconds < presented.expires) return;
  throw new EntraError(
    700024,
    "invalid_client",
    `Client assertion is not within its valid time range. Current time: ${timestamp(nowSeconds)}, assertion valid ` +
      `from ${timestamp(presented.notBefore)}, expiry time of assertion ${timestamp(presented.expires)}.`,
  );
}

/** Numbers that are no time stay numbers: an assertion may say anything. */
function timestamp(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString();
}
