import type { ClusterClient } from "./cluster-client";
import { LinkFailure } from "./link-failure";
import type { KnownTouch, Proof, WorkloadProof } from "./proof";
import { assertionExpired, exchangeToken } from "./token-exchange";
import { tokenResource, touchDataPlane } from "./touch";

/** One look at whether a proof holds. What has been shown once is not asked for again. @throws LinkFailure */
export type Look = () => Promise<void>;

/** @param warn called with what cannot be shown from here */
export function lookAt(proof: Proof, cluster: ClusterClient, warn: (line: string) => void): Look {
  return proof.kind === "cluster" ? () => cluster.listNamespaces() : lookAtWorkload(proof, cluster, warn);
}

/** Without a data plane to touch, the exchange itself is what can be shown. */
const anyResource = "https://management.azure.com";

function lookAtWorkload(proof: WorkloadProof, cluster: ClusterClient, warn: (line: string) => void): Look {
  // Two permissions on one thing are shown by one touch.
  const toTouch = new Map(proof.touches.map((touch) => [JSON.stringify(touch), touch]));
  const tokens = new Map<string, string>();
  let assertion: string | undefined;
  let isExchangeShown = false;

  async function tokenFor(resource: string): Promise<string> {
    const known = tokens.get(resource);
    if (known !== undefined) return known;
    assertion ??= await cluster.serviceAccountToken(proof.namespace, proof.serviceAccount, proof.audience);
    try {
      const token = await exchangeToken(proof, assertion, resource);
      isExchangeShown = true;
      tokens.set(resource, token);
      return token;
    } catch (error) {
      if (error instanceof LinkFailure && error.answer === assertionExpired) assertion = undefined;
      throw error;
    }
  }

  async function touch(one: KnownTouch): Promise<void> {
    const resource = tokenResource(one);
    const token = await tokenFor(resource);
    try {
      if (!(await touchDataPlane(one, token))) {
        warn(`${proof.name}: network rules keep this machine out of ${resource}, so its roles are not shown`);
      }
    } catch (error) {
      // A token that is over, or that says what was so when it was issued, is of no more use.
      const isOld =
        error instanceof LinkFailure && (error.answer.startsWith("401") || one.kind === "appRole");
      if (isOld) tokens.delete(resource);
      throw error;
    }
  }

  return async () => {
    for (const [key, one] of toTouch) {
      await touch(one);
      toTouch.delete(key);
    }
    if (!isExchangeShown) await tokenFor(anyResource);
  };
}
