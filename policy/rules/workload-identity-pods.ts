import {
  CLIENT_ID_ANNOTATION as ANNOTATION,
  type PodUser,
  podUsers,
  type ServiceAccount,
  serviceAccounts,
} from "../core/kubernetes";
import { UNKNOWN, type Value } from "../core/resource";
import type { StackRule, Violation } from "../core/rule";
import { shown } from "../core/setting";

const LABEL = "azure.workload.identity/use";
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

interface Config {
  /**
   * ServiceAccounts that another stack or tool annotates, as `<namespace>/<name>`.
   * @default none
   */
  knownServiceAccounts: string[];
}

/**
 * Pods get their identity when two things meet: the label on the pod, and the annotation on its ServiceAccount.
 * With one of them alone the pod starts all the same, and fails at its first request for a token.
 */
export const workloadIdentityPods: StackRule<Config> = {
  name: "workload-identity-pods",
  description:
    "Pods that are labelled for workload identity use an annotated ServiceAccount, and the reverse.",
  url: "https://learn.microsoft.com/azure/aks/workload-identity-overview",
  configSchema: {
    properties: {
      knownServiceAccounts: {
        type: "array",
        items: { type: "string", pattern: "^[^/]+/[^/]+$" },
        description: "ServiceAccounts annotated outside this stack, as <namespace>/<name>.",
      },
    },
  },
  check: (resources, { knownServiceAccounts = [] }) => {
    const accounts = serviceAccounts(resources);
    return podUsers(resources).flatMap((pod) =>
      podViolations(pod, accounts, knownServiceAccounts).map((violation) => ({
        resource: pod.resource,
        violation,
      })),
    );
  },
};

function podViolations(pod: PodUser, accounts: ServiceAccount[], known: string[]): Violation[] {
  if (pod.labels === UNKNOWN) return [];
  if (pod.labels === undefined) return [unreadableTemplate(pod)];
  const label = pod.labels[LABEL];
  if (label === UNKNOWN) return [];
  return label === "true" ? labelledPod(pod, accounts, known) : unlabelledPod(pod, label, accounts, known);
}

function labelledPod(pod: PodUser, accounts: ServiceAccount[], known: string[]): Violation[] {
  if (pod.namespace === UNKNOWN || pod.serviceAccount === UNKNOWN) return [];
  const candidates = accounts.filter((account) => mayBe(account, pod));
  if (known.includes(accountName(pod)) || candidates.some(({ clientId }) => isClientId(clientId))) return [];
  const [account] = candidates;
  return [account ? badAnnotation(pod, account) : foreignAccount(pod)];
}

function unlabelledPod(pod: PodUser, label: Value, accounts: ServiceAccount[], known: string[]): Violation[] {
  const usesAnnotated =
    known.includes(accountName(pod)) ||
    accounts.some((account) => account.isAnnotated && isSurely(account, pod));
  if (usesAnnotated)
    return [
      wrongLabel(
        pod,
        label,
        `Its ServiceAccount ${accountName(pod)} is annotated with ${ANNOTATION}; label the pod template itself, not only the resource around it.`,
      ),
    ];
  const isMisspelt = label !== undefined && label !== null && label !== "false";
  if (!isMisspelt) return [];
  return [
    wrongLabel(pod, label, 'Azure\'s webhook takes pods with exactly "true" and passes over all others.'),
  ];
}

/** Whether the pod may run as this account: a name that is not known yet may turn out to be any. */
function mayBe(account: ServiceAccount, pod: PodUser): boolean {
  return (
    account.cluster === pod.cluster &&
    (account.namespace === UNKNOWN || account.namespace === pod.namespace) &&
    (account.name === UNKNOWN || account.name === pod.serviceAccount)
  );
}

function isSurely(account: ServiceAccount, pod: PodUser): boolean {
  return account.namespace !== UNKNOWN && account.name !== UNKNOWN && mayBe(account, pod);
}

/** `<namespace>/<name>` of the pod's ServiceAccount. */
function accountName({ namespace, serviceAccount }: PodUser): string {
  return `${String(namespace)}/${String(serviceAccount)}`;
}

function isClientId(value: Value): boolean {
  return value === UNKNOWN || (typeof value === "string" && GUID.test(value));
}

function wrongLabel({ templatePath }: PodUser, label: Value, remedy: string): Violation {
  return {
    property: `${templatePath}metadata.labels["${LABEL}"]`,
    allowed: 'the string "true"',
    found: shown(label),
    remedy,
  };
}

function badAnnotation(pod: PodUser, account: ServiceAccount): Violation {
  return {
    property: pod.serviceAccountPath,
    allowed: `a ServiceAccount whose annotation ${ANNOTATION} is the client id of the pod's identity, a GUID`,
    found: `${accountName(pod)}, where it is ${shown(account.clientId)}`,
    remedy: `Annotate '${account.resource.name}'; without that the pod starts without AZURE_CLIENT_ID.`,
  };
}

function foreignAccount(pod: PodUser): Violation {
  return {
    property: pod.serviceAccountPath,
    allowed: `a ServiceAccount of this stack, on the same cluster, that is annotated with ${ANNOTATION}`,
    found: `${accountName(pod)}, which is not one`,
    remedy: `Add it, or, if something else annotates it, list "${accountName(pod)}" under 'knownServiceAccounts' in the pack's configuration.`,
  };
}

function unreadableTemplate({ templatePath }: PodUser): Violation {
  return {
    property: `${templatePath}metadata.labels`,
    allowed: "readable as the labels of a pod template",
    found: "something else",
    remedy: "Write the template as Kubernetes documents it.",
  };
}
