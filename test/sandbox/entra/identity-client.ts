import {
  ClientAssertionCredential,
  ClientSecretCredential,
  DefaultAzureCredential,
  ManagedIdentityCredential,
  type ManagedIdentityCredentialClientIdOptions,
  type ManagedIdentityCredentialObjectIdOptions,
  type ManagedIdentityCredentialResourceIdOptions,
  type TokenCredential,
  WorkloadIdentityCredential,
} from "@azure/identity";

/** Runs in a process of its own, with the vendor's credentials as they are. */
export interface ReceivedToken {
  token: string;
  claims: any;
  secondsLeft: number;
}

async function receive(credential: TokenCredential, scope: string): Promise<ReceivedToken> {
  const received = await credential.getToken(scope);
  if (!received) throw new Error("The credential gave no token.");
  const [, payload = ""] = received.token.split(".");
  return {
    token: received.token,
    claims: JSON.parse(Buffer.from(payload, "base64url").toString("utf8")),
    secondsLeft: (received.expiresOnTimestamp - Date.now()) / 1000,
  };
}

export const byDefault = (scope: string) => receive(new DefaultAzureCredential(), scope);

export const byWorkloadIdentity = (scope: string) => receive(new WorkloadIdentityCredential(), scope);

export const bySecret = (scope: string, tenantId: string, clientId: string, secret: string) =>
  receive(new ClientSecretCredential(tenantId, clientId, secret), scope);

export const byAssertion = (scope: string, tenantId: string, clientId: string, assertion: string) =>
  receive(new ClientAssertionCredential(tenantId, clientId, async () => assertion), scope);

type WhichIdentity =
  | ManagedIdentityCredentialClientIdOptions
  | ManagedIdentityCredentialObjectIdOptions
  | ManagedIdentityCredentialResourceIdOptions;

/** Without retries, so that a refusal is heard at once. */
export const byManagedIdentity = (scope: string, which: WhichIdentity | Record<string, never> = {}) =>
  receive(new ManagedIdentityCredential({ ...which, retryOptions: { maxRetries: 0 } }), scope);
