import { AppsV1Api, BatchV1Api, CoreV1Api, type V1Container, type V1Pod } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { putResource, type ResourceBody } from "../../../sandbox/arm/resource";
import { createClock } from "../../../sandbox/core/clock";
import { noFaults } from "../../../sandbox/core/faults";
import { startTestSandbox, type TestSandbox } from "../harness";
import {
  addCluster,
  assignRole,
  clusterAdminRole,
  kubeConfig,
  type TestCluster,
  tokenFor,
} from "./cluster-fixture";

async function open(sandbox: TestSandbox, cluster: TestCluster) {
  assignRole(sandbox, sandbox.context.account.deployer.objectId, clusterAdminRole, cluster.id);
  const config = kubeConfig(sandbox, cluster, await tokenFor(sandbox));
  return {
    core: config.makeApiClient(CoreV1Api),
    apps: config.makeApiClient(AppsV1Api),
    batch: config.makeApiClient(BatchV1Api),
  };
}

const clientId = "11111111-2222-3333-4444-555555555555";
const namespace = "default";
const identityLabel = { "azure.workload.identity/use": "true" };
const container = (more: Partial<V1Container> = {}): V1Container => ({
  name: "app",
  image: "mcr.microsoft.com/a:1",
  ...more,
});

const deployment = (name: string, spec: object = {}, labels: Record<string, string> = {}) => ({
  metadata: { name },
  spec: {
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name, ...labels } },
      spec: { containers: [container()], ...spec },
    },
  },
});

const environment = (pod: V1Pod, index = 0) =>
  Object.fromEntries((pod.spec?.containers[index]?.env ?? []).map(({ name, value }) => [name, value]));

describe("on a cluster with workload identity", () => {
  let sandbox: TestSandbox;
  let cluster: TestCluster;
  let core: CoreV1Api;
  let apps: AppsV1Api;
  let batch: BatchV1Api;
  const podsOf = async (name: string) =>
    (await core.listNamespacedPod({ namespace, labelSelector: `app=${name}` })).items;

  beforeAll(async () => {
    sandbox = await startTestSandbox();
    cluster = addCluster(sandbox, "wi");
    ({ core, apps, batch } = await open(sandbox, cluster));
    const annotations = { "azure.workload.identity/client-id": clientId };
    await core.createNamespacedServiceAccount({
      namespace,
      body: { metadata: { name: "orders", annotations } },
    });
  });
  afterAll(() => sandbox.stop());

  it("a labelled pod gets the variables and the token", async () => {
    const body = deployment("orders", { serviceAccountName: "orders" }, identityLabel);
    await apps.createNamespacedDeployment({ namespace, body });
    const [pod] = await podsOf("orders");
    expect(environment(pod!)).toEqual({
      AZURE_CLIENT_ID: clientId,
      AZURE_TENANT_ID: sandbox.context.account.tenantId,
      AZURE_FEDERATED_TOKEN_FILE: "/var/run/secrets/azure/tokens/azure-identity-token",
      AZURE_AUTHORITY_HOST: "https://login.microsoftonline.com/",
    });
    const volume = pod!.spec!.volumes!.find(({ name }) => name === "azure-identity-token");
    expect(volume?.projected?.sources?.[0]?.serviceAccountToken).toMatchObject({
      audience: "api://AzureADTokenExchange",
      expirationSeconds: 3600,
      path: "azure-identity-token",
    });
    expect(pod!.spec!.containers[0]!.volumeMounts).toContainEqual(
      expect.objectContaining({
        name: "azure-identity-token",
        mountPath: "/var/run/secrets/azure/tokens",
        readOnly: true,
      }),
    );
  });

  it("a label on the Deployment alone does nothing", async () => {
    const unlabelled = deployment("plain", { serviceAccountName: "orders" });
    const body = { ...unlabelled, metadata: { name: "plain", labels: identityLabel } };
    await apps.createNamespacedDeployment({ namespace, body });
    expect(environment((await podsOf("plain"))[0]!)).toEqual({});
  });

  it("a pod whose account has no client id gets no AZURE_CLIENT_ID", async () => {
    await apps.createNamespacedDeployment({ namespace, body: deployment("anonymous", {}, identityLabel) });
    expect(Object.keys(environment((await podsOf("anonymous"))[0]!))).toEqual([
      "AZURE_TENANT_ID",
      "AZURE_FEDERATED_TOKEN_FILE",
      "AZURE_AUTHORITY_HOST",
    ]);
  });

  it("what a container sets itself is kept, and what is to be skipped is skipped", async () => {
    const containers = [
      container({ env: [{ name: "AZURE_CLIENT_ID", value: "own" }] }),
      container({ name: "side" }),
    ];
    const annotations = {
      "azure.workload.identity/skip-containers": "other; side",
      "azure.workload.identity/service-account-token-expiration": "7200",
    };
    const metadata = { name: "mixed", labels: identityLabel, annotations };
    const body = { metadata, spec: { serviceAccountName: "orders", containers } };
    const pod = await core.createNamespacedPod({ namespace, body });
    expect(environment(pod).AZURE_CLIENT_ID).toBe("own");
    expect(environment(pod, 1)).toEqual({});
    const sources = pod.spec?.volumes?.find(({ name }) => name === "azure-identity-token")?.projected
      ?.sources;
    expect(sources?.[0]?.serviceAccountToken?.expirationSeconds).toBe(7200);
  });

  it.each([["60"], ["86401"], ["soon"], ["4e3"], ["4000.0"], [" 4000"]])(
    "a token lifetime of '%s' is denied",
    async (seconds) => {
      const annotations = { "azure.workload.identity/service-account-token-expiration": seconds };
      const metadata = { name: "short", labels: identityLabel, annotations };
      const body = { metadata, spec: { containers: [container()] } };
      await expect(core.createNamespacedPod({ namespace, body })).rejects.toThrow(
        "mutation.azure-workload-identity.io",
      );
    },
  );

  it("a pod that has the token already gets no second volume, and Kubernetes' defaults for what it says", async () => {
    const serviceAccountToken = {
      path: "azure-identity-token",
      audience: "api://own",
      expirationSeconds: 4000,
    };
    const fieldRef = { fieldPath: "metadata.name" };
    const body = {
      metadata: { name: "own", labels: identityLabel },
      spec: {
        serviceAccountName: "orders",
        volumes: [{ name: "azure-identity-token", projected: { sources: [{ serviceAccountToken }] } }],
        containers: [container({ env: [{ name: "NAME", valueFrom: { fieldRef } }] })],
      },
    };
    const { spec } = await core.createNamespacedPod({ namespace, body });
    expect(spec?.volumes?.filter(({ name }) => !name.startsWith("kube-api-access-"))).toEqual([
      { name: "azure-identity-token", projected: { defaultMode: 420, sources: [{ serviceAccountToken }] } },
    ]);
    expect(spec?.containers[0]?.env?.[0]?.valueFrom?.fieldRef).toEqual({ apiVersion: "v1", ...fieldRef });
  });

  it("a Deployment whose ServiceAccount is missing says so, and goes on once it is there", async () => {
    await apps.createNamespacedDeployment({
      namespace,
      body: deployment("early", { serviceAccountName: "late" }),
    });
    const before = await apps.readNamespacedDeployment({ namespace, name: "early" });
    expect(before.status?.conditions).toContainEqual(
      expect.objectContaining({
        type: "ReplicaFailure",
        status: "True",
        message: expect.stringContaining('serviceaccount "late" not found'),
      }),
    );
    await core.createNamespacedServiceAccount({ namespace, body: { metadata: { name: "late" } } });
    const after = await apps.readNamespacedDeployment({ namespace, name: "early" });
    expect(after.status).toMatchObject({ availableReplicas: 1, observedGeneration: 1 });
    expect(after.status?.conditions?.map(({ type }) => type)).toEqual(["Available", "Progressing"]);
  });

  it("a Deployment rolls to a new template, scales, and takes all with it when deleted", async () => {
    const made = await apps.createNamespacedDeployment({ namespace, body: deployment("roll") });
    const [old] = await podsOf("roll");
    const live = await apps.readNamespacedDeployment({ namespace, name: "roll" });
    const spec = made.spec!;
    const template = {
      ...spec.template,
      spec: { containers: [container({ image: "mcr.microsoft.com/a:2" })] },
    };
    const body = { ...live, spec: { ...spec, replicas: 3, template } };
    await apps.replaceNamespacedDeployment({ namespace, name: "roll", body });
    const pods = await podsOf("roll");
    expect(pods.map((pod) => pod.spec?.containers[0]?.image)).toEqual(Array(3).fill("mcr.microsoft.com/a:2"));
    expect(pods.map(({ metadata }) => metadata?.uid)).not.toContain(old!.metadata?.uid);
    expect(pods.every(({ status }) => status?.phase === "Running" && status.podIP)).toBe(true);
    await apps.deleteNamespacedDeployment({ namespace, name: "roll" });
    expect(await podsOf("roll")).toEqual([]);
  });

  it("a load balancer gets an address and leads to the ready pods", async () => {
    await apps.createNamespacedDeployment({ namespace, body: deployment("web") });
    const spec = { type: "LoadBalancer", selector: { app: "web" }, ports: [{ port: 80, targetPort: 8080 }] };
    await core.createNamespacedService({ namespace, body: { metadata: { name: "web" }, spec } });
    const service = await core.readNamespacedService({ namespace, name: "web" });
    expect(service.spec?.clusterIP).toMatch(/^10\.0\./);
    expect(service.status?.loadBalancer?.ingress?.[0]?.ip).toMatch(/^(192\.0\.2|198\.51\.100|203\.0\.113)\./);
    const [pod] = await podsOf("web");
    const endpoints = await core.readNamespacedEndpoints({ namespace, name: "web" });
    expect(endpoints.subsets).toMatchObject([
      { addresses: [{ ip: pod!.status!.podIP }], ports: [{ port: 8080 }] },
    ]);
    await apps.deleteNamespacedDeployment({ namespace, name: "web" });
    expect((await core.readNamespacedEndpoints({ namespace, name: "web" })).subsets).toEqual([]);
  });

  it("a Job's pods do their work, a StatefulSet's have ordinals, a DaemonSet has one a node", async () => {
    const template = { spec: { restartPolicy: "Never", containers: [container()] } };
    await batch.createNamespacedJob({
      namespace,
      body: { metadata: { name: "once" }, spec: { completions: 2, template } },
    });
    const job = await batch.readNamespacedJob({ namespace, name: "once" });
    expect(job.status).toMatchObject({ succeeded: 2, conditions: [{ type: "Complete", status: "True" }] });
    const { spec } = deployment("db");
    const set = { metadata: { name: "db" }, spec: { ...spec, replicas: 2, serviceName: "db" } };
    await apps.createNamespacedStatefulSet({ namespace, body: set });
    expect((await podsOf("db")).map(({ metadata }) => metadata?.name)).toEqual(["db-0", "db-1"]);
    await apps.createNamespacedDaemonSet({ namespace, body: deployment("agent") });
    expect(new Set((await podsOf("agent")).map((pod) => pod.spec?.nodeName)).size).toBeGreaterThan(0);
    expect((await apps.readNamespacedDaemonSet({ namespace, name: "agent" })).status?.numberReady).toBe(2);
  });

  it("an image of a registry waits for AcrPull", async () => {
    const { subscriptionId } = sandbox.context.account;
    const id = `/subscriptions/${subscriptionId}/resourceGroups/rg/providers/Microsoft.ContainerRegistry/registries/shop`;
    const properties = { loginServer: "shop.azurecr.io" };
    const registry = { id, name: "shop", type: "Microsoft.ContainerRegistry/registries", properties };
    putResource(sandbox.context.store, { body: registry as ResourceBody });
    const containers = [container({ image: "shop.azurecr.io/web:1" })];
    await apps.createNamespacedDeployment({ namespace, body: deployment("private", { containers }) });
    const [pod] = await podsOf("private");
    expect(pod?.status?.containerStatuses?.[0]?.state?.waiting?.reason).toBe("ImagePullBackOff");
  });
});

it("without workload identity on the cluster, no webhook looks at pods", async () => {
  const sandbox = await startTestSandbox();
  const cluster = addCluster(sandbox, "bare", { securityProfile: { workloadIdentity: { enabled: false } } });
  const { core } = await open(sandbox, cluster);
  const body = { metadata: { name: "p", labels: identityLabel }, spec: { containers: [container()] } };
  expect(environment(await core.createNamespacedPod({ namespace, body }))).toEqual({});
  await sandbox.stop();
});

it("pods and load balancers take their time when the sandbox's operations do", async () => {
  const clock = createClock(1);
  const sandbox = await startTestSandbox({ clock, faults: { ...noFaults, operationTimeFactor: 1 } });
  const { apps, core } = await open(sandbox, addCluster(sandbox, "slow"));
  await apps.createNamespacedDeployment({ namespace, body: deployment("slow") });
  const spec = { type: "LoadBalancer", selector: { app: "slow" }, ports: [{ port: 80 }] };
  await core.createNamespacedService({ namespace, body: { metadata: { name: "slow" }, spec } });
  const available = async () =>
    (await apps.readNamespacedDeployment({ namespace, name: "slow" })).status?.availableReplicas;
  const ingress = async () =>
    (await core.readNamespacedService({ namespace, name: "slow" })).status?.loadBalancer?.ingress;
  expect([await available(), await ingress()]).toEqual([undefined, undefined]);
  clock.advance(5000);
  await expect.poll(available).toBe(1);
  expect(await ingress()).toBeUndefined();
  clock.advance(10_000);
  await expect.poll(ingress).toHaveLength(1);
  await sandbox.stop();
});
