import type { ClusterFacts, LivePod, LivePodOwner, LiveServiceAccount } from "./cluster-facts";
import type { WorkloadView } from "./credential-rules";
import { type Finding, runUp } from "./finding";
import type { LiveFacts, LiveIdentity } from "./live-facts";
import { lastSegment, sameId } from "./stack-state";

const prefix = "azure.workload.identity";

/** In seconds. @see https://azure.github.io/azure-workload-identity/docs/topics/service-account-labels-and-annotations.html */
const tokenLifetime = { shortest: 3600, longest: 86_400 } as const;

/** ServiceAccounts, what makes their pods, and the pods themselves. */
export function kubernetesFindings(live: LiveFacts, views: readonly WorkloadView[]): Finding[] {
  return [
    ...live.clusters.flatMap(unreachableFinding),
    ...views.flatMap(({ proof, identity, cluster }): Finding[] => {
      const { name: workload, namespace, serviceAccount } = proof;
      if (!cluster) return [clusterGone(workload)];
      if (cluster.unreachable !== undefined) return [];
      const account = cluster.serviceAccounts.find(
        (one) => one.namespace === namespace && one.name === serviceAccount,
      );
      if (!account) {
        return [
          {
            severity: "error",
            mistake: "service-account-missing",
            workload,
            where: `namespace ${namespace} of cluster ${lastSegment(cluster.id)}`,
            what: `There is no ServiceAccount ${serviceAccount}.`,
            remedy: `${runUp}.`,
          },
        ];
      }
      const isOurs = (one: { namespace: string; serviceAccount: string }) =>
        one.namespace === namespace && one.serviceAccount === serviceAccount;
      return [
        ...(identity ? annotationFindings(workload, account, identity, live) : []),
        ...lifetimeFindings(workload, account),
        ...cluster.podOwners.filter(isOurs).flatMap((owner) => labelFindings(workload, owner)),
        ...cluster.pods.filter(isOurs).flatMap((pod) => podFindings(workload, pod, account)),
      ];
    }),
  ];
}

function unreachableFinding({ id, unreachable }: ClusterFacts): Finding[] {
  if (unreachable === undefined) return [];
  return [
    {
      severity: "error",
      mistake: "cluster-unreachable",
      where: `cluster ${lastSegment(id)}`,
      what: `Its Kubernetes API could not be read. ${unreachable}`,
      remedy: "Log in (az login), have kubelogin on PATH, and be where the API server can be reached from.",
    },
  ];
}

const clusterGone = (workload: string): Finding => ({
  severity: "error",
  mistake: "cluster-gone",
  workload,
  where: "the workload's cluster",
  what: "Azure has no cluster with the issuer that the workload was made for.",
  remedy: `${runUp}.`,
});

function annotationFindings(
  workload: string,
  { namespace, name, annotations }: LiveServiceAccount,
  identity: LiveIdentity,
  live: LiveFacts,
): Finding[] {
  const shared = { severity: "error", workload, where: `ServiceAccount ${namespace}/${name}` } as const;
  const remedy = `Correct the annotation and restart the pods; ${runUp}.`;
  const findings: Finding[] = [];
  const clientId = annotations[`${prefix}/client-id`];
  const tenantId = annotations[`${prefix}/tenant-id`];
  if (!clientId) {
    findings.push({
      ...shared,
      mistake: "client-id-annotation-missing",
      what: `The annotation ${prefix}/client-id is missing, so pods start without AZURE_CLIENT_ID.`,
      expected: identity.clientId,
      remedy,
    });
  } else if (!sameId(clientId, identity.clientId)) {
    const other = live.identities.find((one) => sameId(one.clientId, clientId));
    const whose = other ? `that of ${lastSegment(other.id)}` : "of no identity of this stack";
    findings.push({
      ...shared,
      mistake: "client-id-of-another-identity",
      what: `The annotation ${prefix}/client-id is ${whose}, not that of ${lastSegment(identity.id)}.`,
      found: clientId,
      expected: identity.clientId,
      remedy,
    });
  }
  // Without the annotation the webhook's own tenant is taken.
  if (tenantId && !sameId(tenantId, identity.tenantId)) {
    findings.push({
      ...shared,
      mistake: "tenant-annotation",
      what: `The annotation ${prefix}/tenant-id is another tenant than the identity's.`,
      found: tenantId,
      expected: identity.tenantId,
      remedy,
    });
  }
  return findings;
}

function lifetimeFindings(workload: string, { namespace, name, annotations }: LiveServiceAccount): Finding[] {
  const text = annotations[`${prefix}/service-account-token-expiration`];
  if (text === undefined) return [];
  const seconds = Number(text);
  const { shortest, longest } = tokenLifetime;
  if (Number.isInteger(seconds) && seconds >= shortest && seconds <= longest) return [];
  return [
    {
      severity: "error",
      mistake: "token-expiration",
      workload,
      where: `ServiceAccount ${namespace}/${name}`,
      what: `The annotation ${prefix}/service-account-token-expiration is out of bounds, so new pods are denied.`,
      found: text,
      expected: `${shortest} to ${longest} seconds`,
      remedy: `Correct the annotation; ${runUp}.`,
    },
  ];
}

function labelFindings(workload: string, owner: LivePodOwner): Finding[] {
  const label = `${prefix}/use`;
  const found = owner.templateLabels[label];
  if (found === "true") return [];
  const onOwner =
    owner.labels[label] === "true"
      ? ` The label is on the ${owner.kind} itself, where nobody looks at it.`
      : "";
  return [
    {
      severity: "error",
      mistake: "pod-label-missing",
      workload,
      where: `pod template of ${owner.kind} ${owner.namespace}/${owner.name}`,
      what: `The label ${label} is not on the pod template, so pods get no token.${onOwner}`,
      found: found === undefined ? "no label" : `${label}: "${found}"`,
      expected: `${label}: "true"`,
      remedy: `Put the label on spec.template.metadata.labels; ${runUp}.`,
    },
  ];
}

function podFindings(workload: string, pod: LivePod, { annotations }: LiveServiceAccount): Finding[] {
  // Without the label the template is the mistake.
  if (pod.labels[`${prefix}/use`] !== "true") return [];
  const where = `pod ${pod.namespace}/${pod.name}`;
  const restart = "Restart the pod (kubectl rollout restart).";
  if (pod.env.AZURE_FEDERATED_TOKEN_FILE === undefined) {
    return [
      {
        severity: "error",
        mistake: "pod-not-mutated",
        workload,
        where,
        what: "The pod has the label but was admitted without the webhook, so it has no token.",
        remedy: `${restart} See that the webhook runs.`,
      },
    ];
  }
  const expected = annotations[`${prefix}/client-id`];
  const found = pod.env.AZURE_CLIENT_ID;
  if (expected === undefined || found === undefined || sameId(found, expected)) return [];
  return [
    {
      severity: "warning",
      mistake: "pod-with-old-client-id",
      workload,
      where,
      what: "The pod was started with another client id than its ServiceAccount has now.",
      found,
      expected,
      remedy: restart,
    },
  ];
}
