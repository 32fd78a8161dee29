import { setTimeout as sleep } from "node:timers/promises";
import { type ClusterClient, LinkFailure } from "./cluster-client";
import type { Proof, WorkloadProof } from "./proof";
import { exchangeToken } from "./token-exchange";
import { tokenResource, touchDataPlane } from "./touch";

export interface ProveOptions {
  deadlineSeconds: number;
  /** Called when something has been waiting for a while. */
  report: (line: string) => void;
}

const firstPauseMs = 500;
const longestPauseMs = 5_000;
const reportEveryMs = 15_000;
/** How many workloads are proven at a time, so that Entra does not throttle. */
const concurrency = 20;

/** Waits until every proof holds. @throws Error naming each that does not, and which link of it */
export async function proveAll(
  proofs: readonly Proof[],
  cluster: ClusterClient,
  options: ProveOptions,
): Promise<void> {
  const started = Date.now();
  const deadline = started + options.deadlineSeconds * 1000;
  const failures: { proof: Proof; failure: LinkFailure }[] = [];
  const pending = [...proofs];
  let proven = 0;
  let lastReport = started;

  async function proveOne(proof: Proof): Promise<void> {
    for (let pause = firstPauseMs; ; pause = Math.min(pause * 1.5, longestPauseMs)) {
      const failure = await attempt(proof, cluster, options.report);
      if (!failure) {
        proven++;
        return;
      }
      if (!failure.mayBeDelay || Date.now() + pause > deadline) {
        failures.push({ proof, failure });
        return;
      }
      if (Date.now() - lastReport > reportEveryMs) {
        lastReport = Date.now();
        const seconds = Math.round((lastReport - started) / 1000);
        options.report(
          `${proven} of ${proofs.length} identities work after ${seconds} s; ` +
            `${proof.name} waits for ${failure.link} (${failure.answer})`,
        );
      }
      await sleep(pause * (0.75 + Math.random() / 2));
    }
  }

  async function worker(): Promise<void> {
    for (let proof = pending.shift(); proof; proof = pending.shift()) await proveOne(proof);
  }
  await Promise.all(Array.from({ length: Math.min(concurrency, proofs.length) }, worker));
  if (failures.length > 0) throw new Error(describeFailures(failures, options.deadlineSeconds));
}

async function attempt(
  proof: Proof,
  cluster: ClusterClient,
  report: ProveOptions["report"],
): Promise<LinkFailure | undefined> {
  try {
    if (proof.kind === "cluster") await cluster.listNamespaces();
    else await proveWorkload(proof, cluster, report);
    return undefined;
  } catch (error) {
    if (error instanceof LinkFailure) return error;
    // No answer at all: a connection that could not be made or was dropped.
    return new LinkFailure("network", "no answer", (error as Error).message, true);
  }
}

async function proveWorkload(
  proof: WorkloadProof,
  cluster: ClusterClient,
  report: ProveOptions["report"],
): Promise<void> {
  const assertion = await cluster.serviceAccountToken(proof.namespace, proof.serviceAccount, proof.audience);
  const byResource = new Map<string, WorkloadProof["touches"]>();
  // Two permissions on one thing are shown by one touch.
  const touches = new Map(proof.touches.map((touch) => [JSON.stringify(touch), touch]));
  for (const touch of touches.values()) {
    const resource = tokenResource(touch);
    byResource.set(resource, [...(byResource.get(resource) ?? []), touch]);
  }
  // Without a data plane to touch, the exchange itself is what can be shown.
  if (byResource.size === 0) byResource.set("https://management.azure.com", []);
  for (const [resource, touches] of byResource) {
    const token = await exchangeToken(proof, assertion, resource);
    for (const touch of touches) {
      if (await touchDataPlane(touch, token)) continue;
      report(`${proof.name}: network rules keep this machine out of ${resource}, so its roles are not shown`);
    }
  }
}

function describeFailures(
  failures: { proof: Proof; failure: LinkFailure }[],
  deadlineSeconds: number,
): string {
  const lines = failures.map(({ proof, failure }) => {
    const kind = failure.mayBeDelay
      ? `still so after ${deadlineSeconds} s; it may be delay, and running again goes on waiting`
      : "a mistake, which waiting does not mend";
    return `  ${proof.name}: ${failure.link}: ${failure.answer}. ${failure.message} (${kind})`;
  });
  return [`${failures.length} of the identities that were waited for do not work:`, ...lines].join("\n");
}
