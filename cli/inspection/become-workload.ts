import { credentialMismatches } from "../../components/diagnosis/credential-mismatch";
import { subjectOf } from "../../components/diagnosis/text-difference";
import { sendPatiently } from "../../components/dynamic/patient-request";
import type { ClusterClient } from "../../components/propagation/cluster-client";
import { LinkFailure } from "../../components/propagation/link-failure";
import { exchangeToken } from "../../components/propagation/token-exchange";
import { tryPatiently } from "../../components/propagation/try-patiently";
import { credentialOf, type WorkloadView } from "./credential-rules";
import type { DeclaredStack } from "./stack-state";

/** A workload's identity, as its pods have it. */
export interface WorkloadTokens {
  /** A token for a service: "https://vault.azure.net". @throws LinkFailure */
  tokenFor(resource: string): Promise<string>;
}

/** Gets a ServiceAccount token as pods do, and what it takes to exchange it. @throws LinkFailure */
export async function becomeWorkload(
  view: WorkloadView,
  stack: DeclaredStack,
  client: ClusterClient,
): Promise<WorkloadTokens> {
  const { proof, cluster } = view;
  const { namespace, serviceAccount } = proof;
  const account = cluster?.serviceAccounts.find(
    (one) => one.namespace === namespace && one.name === serviceAccount,
  );
  const annotation = (key: string) => account?.annotations[`azure.workload.identity/${key}`];
  const credential = credentialOf(view, stack);
  const presented = {
    ...proof,
    // The webhook gives pods what the annotations say, right or wrong.
    clientId: annotation("client-id") ?? proof.clientId,
    tenantId: annotation("tenant-id") ?? proof.tenantId,
    issuer: credential?.issuer ?? cluster?.issuerUrl ?? proof.issuer,
    subject: credential?.subject ?? subjectOf(namespace, serviceAccount),
    audience: credential?.audiences[0] ?? proof.audience,
  };
  const assertion = await tryPatiently(() =>
    client.serviceAccountToken(namespace, serviceAccount, proof.audience),
  );
  const tokens = new Map<string, Promise<string>>();
  const exchange = async (resource: string) => {
    try {
      return await tryPatiently(() => exchangeToken(presented, assertion, resource));
    } catch (error) {
      if (!(error instanceof LinkFailure)) throw error;
      const more = keySetErrors.has(error.answer) ? await describeKeySet(assertion) : "";
      const trusted = { ...presented, audiences: [presented.audience] };
      const mismatches = error.presented ? credentialMismatches(trusted, error.presented) : [];
      const values = mismatches.map(
        ({ what, found, expected }) =>
          ` ${what} The credential says '${found}', the token says '${expected}'.`,
      );
      throw new LinkFailure(
        error.link,
        error.answer,
        error.message + values.join("") + more,
        error.mayBeDelay,
        error,
      );
    }
  };
  return {
    tokenFor: (resource) => {
      const token = tokens.get(resource) ?? exchange(resource);
      tokens.set(resource, token);
      return token;
    },
  };
}

/**
 * What Entra answers when the trouble is the issuer's key set: the signing key is not in it, the signature is not
 * that key's, or the issuer does not answer, or with nonsense.
 *
 * @see https://learn.microsoft.com/entra/identity-platform/reference-error-codes
 */
export const keySetErrors: ReadonlySet<string> = new Set([
  "AADSTS7000272",
  "AADSTS700027",
  "AADSTS50166",
  "AADSTS90061",
]);

/** The key that signed the token beside those that the issuer publishes. */
async function describeKeySet(token: string): Promise<string> {
  const part = (index: number) =>
    JSON.parse(Buffer.from(token.split(".")[index] ?? "", "base64url").toString("utf8"));
  const { kid } = part(0) as { kid?: string };
  const { iss = "" } = part(1) as { iss?: string };
  const published = await readKeySet(iss).catch(() => undefined);
  const keys = published === undefined ? "nothing that can be read" : published.join(", ") || "no key";
  return (
    ` The key set is out of date: the token is signed with key '${kid}', the issuer publishes '${keys}'.` +
    " Rotate the cluster's signing keys, or wait until the issuer publishes the new one."
  );
}

async function readKeySet(issuer: string): Promise<string[]> {
  const read = async (url: string) => JSON.parse((await sendPatiently({ method: "GET", url })).body);
  const discovery = (await read(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`)) as {
    jwks_uri: string;
  };
  const { keys } = (await read(discovery.jwks_uri)) as { keys: { kid?: string; kty: string }[] };
  return keys.flatMap(({ kid, kty }) => (kty === "RSA" && kid !== undefined ? [kid] : []));
}
