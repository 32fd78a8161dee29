import { setTimeout as sleep } from "node:timers/promises";
import { CoreV1Api } from "@kubernetes/client-node";
import type { RunningSandbox } from "../../sandbox/core/sandbox";
import { proxiedFetch } from "../sandbox/core/requests";
import { kubeConfig, type TestCluster, tokenFor } from "../sandbox/kubernetes/cluster-fixture";

/** What was seen while a workload's pods were there. */
export interface Probe {
  workload: string;
  /** How often Entra gave a token. */
  accepted: number;
  /** What Entra said to a pod that was still there when it had said so. */
  refused: string[];
}

const audience = "api://AzureADTokenExchange";

/**
 * Goes on exchanging new tokens of workloads' ServiceAccounts, each bound to one of the pods, until there are no such
 * pods any more.
 */
export async function probePods(
  sandbox: RunningSandbox,
  cluster: TestCluster,
  workloads: { namespace: string; workload: string }[],
): Promise<{ readonly probes: Probe[]; readonly ended: Promise<unknown> }> {
  const api = kubeConfig(sandbox, cluster, await tokenFor(sandbox)).makeApiClient(CoreV1Api);
  const fetch = proxiedFetch(sandbox);
  const { tenantId } = sandbox.context.account;

  async function exchange(clientId: string, assertion: string): Promise<string | undefined> {
    const response = await fetch(`https://login.microsoftonline.com/${tenantId}/oauth2/v2.0/token`, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({
        grant_type: "client_credentials",
        client_id: clientId,
        scope: "https://vault.azure.net/.default",
        client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        client_assertion: assertion,
      }).toString(),
    });
    return response.ok ? undefined : await response.text();
  }

  async function probe(namespace: string, outcome: Probe): Promise<void> {
    const labelSelector = `app.kubernetes.io/name=${outcome.workload}`;
    const running = async () =>
      (await api.listNamespacedPod({ namespace, labelSelector })).items.find(
        ({ status }) => status?.phase === "Running",
      );
    for (let pod = await running(); pod; pod = await running()) {
      const name = pod.metadata?.name as string;
      const { status } = await api.createNamespacedServiceAccountToken({
        namespace,
        name: pod.spec?.serviceAccountName as string,
        body: {
          spec: { audiences: [audience], boundObjectRef: { kind: "Pod", apiVersion: "v1", name } },
        },
      });
      const env = pod.spec?.containers[0]?.env ?? [];
      const clientId = env.find((variable) => variable.name === "AZURE_CLIENT_ID")?.value as string;
      const refusal = await exchange(clientId, status?.token as string);
      if (refusal === undefined) outcome.accepted++;
      else if (await running()) outcome.refused.push(refusal);
      await sleep(50);
    }
  }

  const probes = workloads.map(({ workload }) => ({ workload, accepted: 0, refused: [] }));
  const gone = (error: { code?: number }): void => {
    // What a pod, a ServiceAccount or the API itself answers that went between two requests.
    if (error.code !== 404 && error.code !== 403) throw error;
  };
  const ended = Promise.all(
    workloads.map(({ namespace }, index) => probe(namespace, probes[index] as Probe).catch(gone)),
  );
  ended.catch(() => {});
  return { probes, ended };
}
