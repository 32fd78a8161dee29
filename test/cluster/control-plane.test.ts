import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { CoreV1Api, type V1Pod, VersionApi, Watch } from "@kubernetes/client-node";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { getResource, putResource, type ResourceBody } from "../../sandbox/arm/resource";
import { ensureControlPlane } from "../../sandbox/control-plane/programs";
import { startTestSandbox, type TestSandbox } from "../sandbox/harness";
import {
  addCluster,
  assignRole,
  clusterAdminRole,
  kubeConfig,
  type TestCluster,
  tokenFor,
} from "../sandbox/kubernetes/cluster-fixture";
import { eventually } from "./eventually";
import { allPrograms, controlPlaneProcesses, killProgram } from "./processes";

const acrPull = "7f951dda-4ed3-4680-a7ca-43fe172d538d";
const kubelet = "aaaaaaaa-0000-4000-8000-000000000001";

let sandbox: TestSandbox;
let cluster: TestCluster;
let api: CoreV1Api;

beforeAll(async () => {
  sandbox = await startTestSandbox({ controlPlane: await ensureControlPlane(() => {}) });
  cluster = addCluster(sandbox, "main", { identityProfile: { kubeletidentity: { objectId: kubelet } } });
  assignRole(sandbox, sandbox.context.account.deployer.objectId, clusterAdminRole, cluster.id);
  api = (await config()).makeApiClient(CoreV1Api);
  await eventually(() => api.readNamespacedServiceAccount({ namespace: "default", name: "default" }));
});
afterAll(() => sandbox?.stop());

const config = async () => kubeConfig(sandbox, cluster, await tokenFor(sandbox));
const namespace = "default";
const pod = (name: string, image = "mcr.microsoft.com/a:1"): V1Pod => ({
  metadata: { name },
  spec: { containers: [{ name: "main", image }] },
});
/** Changes the cluster as ARM would have. */
function change(properties: Record<string, unknown>): void {
  const stored = getResource(sandbox.context.store, cluster.id)!;
  const body = { ...stored.body, properties: { ...stored.body.properties, ...properties } };
  putResource(sandbox.context.store, { ...stored, body });
}

it("is Kubernetes itself, under the cluster's name", async () => {
  const { gitVersion } = await (await config()).makeApiClient(VersionApi).getCode();
  expect(gitVersion).toBe("v1.34.2");
  expect(controlPlaneProcesses(sandbox.directory)).toEqual(allPrograms);
});

it("passes a watch on as it happens", async () => {
  const seen: string[] = [];
  const watch = new Watch(await config());
  const request = await watch.watch(
    `/api/v1/namespaces/${namespace}/configmaps`,
    {},
    (type, object: { metadata: { name: string } }) => seen.push(`${type} ${object.metadata.name}`),
    () => {},
  );
  await api.createNamespacedConfigMap({ namespace, body: { metadata: { name: "seen" } } });
  await eventually(() => expect(seen).toContain("ADDED seen"));
  await api.deleteNamespacedConfigMap({ namespace, name: "seen" });
  await eventually(() => expect(seen).toContain("DELETED seen"));
  request.abort();
});

it("has as many nodes as ARM says, all ready", async () => {
  const ready = async () => {
    const { items } = await api.listNode();
    const conditions = items.map(
      ({ status }) => status?.conditions?.find(({ type }) => type === "Ready")?.status,
    );
    return [conditions, items.flatMap(({ spec }) => spec?.taints ?? [])];
  };
  await eventually(async () => expect(await ready()).toEqual([["True", "True"], []]));
  change({ agentPoolProfiles: [{ name: "system", count: 3 }] });
  await eventually(async () => expect(await ready()).toEqual([["True", "True", "True"], []]));
  change({ agentPoolProfiles: [{ name: "system", count: 1 }] });
  await eventually(async () => expect(await ready()).toEqual([["True"], []]));
});

it("runs pods whose images the kubelet's identity may pull, and no others", async () => {
  const { subscriptionId } = sandbox.context.account;
  const id = `/subscriptions/${subscriptionId}/resourceGroups/rg/providers/Microsoft.ContainerRegistry/registries/shop`;
  const registry = { id, name: "shop", type: "Microsoft.ContainerRegistry/registries", properties: {} };
  putResource(sandbox.context.store, { body: registry as ResourceBody });
  await api.createNamespacedPod({ namespace, body: pod("attached", "shop.azurecr.io/web:1") });
  const statusOf = async (name: string) => (await api.readNamespacedPod({ namespace, name })).status;
  await eventually(async () => {
    const waiting = (await statusOf("attached"))?.containerStatuses?.[0]?.state?.waiting;
    expect(waiting?.reason).toBe("ImagePullBackOff");
    expect(waiting?.message).toContain("401 Unauthorized");
  });
  assignRole(sandbox, kubelet, acrPull, id);
  await api.deleteNamespacedPod({ namespace, name: "attached" });
  await eventually(() => expect(statusOf("attached")).rejects.toMatchObject({ code: 404 }));
  await api.createNamespacedPod({ namespace, body: pod("attached", "shop.azurecr.io/web:1") });
  await eventually(async () => expect(await statusOf("attached")).toMatchObject({ phase: "Running" }));
});

it("gives a Service of type LoadBalancer an address", async () => {
  const spec = { type: "LoadBalancer", ports: [{ port: 80 }], selector: { app: "web" } };
  await api.createNamespacedService({ namespace, body: { metadata: { name: "web" }, spec } });
  await eventually(async () => {
    const { status } = await api.readNamespacedService({ namespace, name: "web" });
    expect(status?.loadBalancer?.ingress?.[0]?.ip).toMatch(/^(192\.0\.2|198\.51\.100|203\.0\.113)\.\d+$/);
  });
});

it("keeps its files to its user", () => {
  const root = join(sandbox.directory, "control-planes");
  const files = readdirSync(root, { recursive: true, encoding: "utf8" });
  expect(files).toContain(join(cluster.guid, "service-account.key"));
  const open = files.filter((file) => statSync(join(root, file)).mode & 0o077);
  expect(open).toEqual([]);
});

it("is started again when one of its programs dies, with what it held", async () => {
  await api.createNamespacedConfigMap({ namespace, body: { metadata: { name: "kept" } } });
  const told = vi.spyOn(console, "error").mockImplementation(() => {});
  killProgram(sandbox.directory, "etcd");
  await eventually(() => expect(controlPlaneProcesses(sandbox.directory)).not.toContain("etcd"));
  await eventually(async () => {
    expect(controlPlaneProcesses(sandbox.directory)).toEqual(allPrograms);
    await api.readNamespacedConfigMap({ namespace, name: "kept" });
  });
  expect(told.mock.calls.flat().join()).toContain(
    "The control plane of main failed and is started again: etcd",
  );
  told.mockRestore();
});

it("calls no webhook once workload identity is off", async () => {
  change({ securityProfile: { workloadIdentity: { enabled: false } } });
  await eventually(async () => {
    expect(controlPlaneProcesses(sandbox.directory)).toEqual(allPrograms.slice(1));
    const labels = { "azure.workload.identity/use": "true" };
    const body = { ...pod("after"), metadata: { name: "after", labels } };
    const { spec } = await api.createNamespacedPod({ namespace, body });
    expect(spec?.containers[0]?.env).toBeUndefined();
  });
});
