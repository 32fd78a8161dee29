import {
  type ApiException,
  AppsV1Api,
  CoreV1Api,
  KubernetesObjectApi,
  PatchStrategy,
  setHeaderOptions,
  VersionApi,
  Watch,
} from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestSandbox, type TestSandbox } from "../harness";
import {
  addCluster,
  assignRole,
  clusterAdminRole,
  kubeConfig,
  type TestCluster,
  tokenFor,
} from "./cluster-fixture";

let sandbox: TestSandbox;
let cluster: TestCluster;
let config: ReturnType<typeof kubeConfig>;
let core: CoreV1Api;
let apps: AppsV1Api;
let objects: KubernetesObjectApi;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  cluster = addCluster(sandbox, "api");
  assignRole(sandbox, sandbox.context.account.deployer.objectId, clusterAdminRole, cluster.id);
  config = kubeConfig(sandbox, cluster, await tokenFor(sandbox));
  core = config.makeApiClient(CoreV1Api);
  apps = config.makeApiClient(AppsV1Api);
  objects = KubernetesObjectApi.makeApiClient(config);
});
afterAll(() => sandbox.stop());

const namespace = "default";
const configMap = (name: string, data: Record<string, string> = {}) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace },
  data,
});

/** The Status with which the API refused. */
async function refusal(promise: Promise<unknown>) {
  const error = await promise.then(
    () => expect.fail("was not refused"),
    (reason: ApiException<string | object>) => reason,
  );
  return (typeof error.body === "string" ? JSON.parse(error.body) : error.body) as {
    kind: string;
    code: number;
    reason: string;
    message: string;
    details?: { causes?: { field: string }[] };
  };
}

const apply = (object: object, manager: string, force = false, dryRun?: string) =>
  objects.patch(object as never, undefined, dryRun, manager, force, PatchStrategy.ServerSideApply) as Promise<
    Record<string, never> & { metadata: Record<string, never>; data: Record<string, string> }
  >;

describe("objects", () => {
  it("are created with what the server fills in", async () => {
    const created = await core.createNamespacedConfigMap({ namespace, body: configMap("made", { a: "1" }) });
    expect(created.metadata).toMatchObject({ name: "made", namespace });
    expect(created.metadata?.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(Number(created.metadata?.resourceVersion)).toBeGreaterThan(0);
    expect(created.metadata?.creationTimestamp).toBeInstanceOf(Date);
    const again = await refusal(core.createNamespacedConfigMap({ namespace, body: configMap("made") }));
    expect(again).toMatchObject({ kind: "Status", code: 409, reason: "AlreadyExists" });
    expect(again.message).toBe('configmaps "made" already exists');
  });

  it("get a name from generateName", async () => {
    const body = { metadata: { generateName: "part-" } };
    const created = await core.createNamespacedConfigMap({ namespace, body });
    expect(created.metadata?.name).toMatch(/^part-[a-z0-9]{5}$/);
  });

  it("are replaced only over the version that was read", async () => {
    const first = await core.createNamespacedConfigMap({
      namespace,
      body: configMap("versioned", { a: "1" }),
    });
    await core.replaceNamespacedConfigMap({
      namespace,
      name: "versioned",
      body: { ...first, data: { a: "2" } },
    });
    const stale = { namespace, name: "versioned", body: { ...first, data: { a: "3" } } };
    expect(await refusal(core.replaceNamespacedConfigMap(stale))).toMatchObject({
      code: 409,
      reason: "Conflict",
    });
    expect((await core.readNamespacedConfigMap({ namespace, name: "versioned" })).data).toEqual({ a: "2" });
  });

  it("keep their version when nothing changes", async () => {
    const first = await core.createNamespacedConfigMap({ namespace, body: configMap("still", { a: "1" }) });
    const second = await core.replaceNamespacedConfigMap({ namespace, name: "still", body: first });
    expect(second.metadata?.resourceVersion).toBe(first.metadata?.resourceVersion);
  });

  it("are refused with every cause at once", async () => {
    const body = {
      metadata: { name: "Bad_Name", labels: { "-x": "y" } },
      spec: { ports: [{ port: 70_000 }], type: "Sideways" },
    };
    const refused = await refusal(core.createNamespacedService({ namespace, body }));
    expect(refused).toMatchObject({ code: 422, reason: "Invalid" });
    expect(refused.details?.causes?.map(({ field }) => field)).toEqual(
      expect.arrayContaining(["metadata.name", "metadata.labels", "spec.ports[0].port", "spec.type"]),
    );
  });

  it.each([
    ["of a missing object", () => core.readNamespacedSecret({ namespace, name: "none" }), 404, "NotFound"],
    [
      "into a missing namespace",
      () => core.createNamespacedConfigMap({ namespace: "nowhere", body: { metadata: { name: "x" } } }),
      404,
      "NotFound",
    ],
    ["of a protected namespace", () => core.deleteNamespace({ name: "kube-system" }), 403, "Forbidden"],
    ["of a node", () => core.createNode({ body: { metadata: { name: "n" } } }), 405, "MethodNotAllowed"],
    ["of a log", () => core.readNamespacedPodLog({ namespace, name: "x" }), 501, "NotImplemented"],
  ])("answer Kubernetes' Status to a request %s", async (_what, request, code, reason) => {
    expect(await refusal(request())).toMatchObject({ kind: "Status", code, reason });
  });

  it("are selected by labels and fields, and listed in pages", async () => {
    for (const [name, tier] of [
      ["sel-a", "web"],
      ["sel-b", "web"],
      ["sel-c", "db"],
    ] as const) {
      const body = { ...configMap(name), metadata: { name, labels: { tier, suite: "select" } } };
      await core.createNamespacedConfigMap({ namespace, body });
    }
    const names = async (query: { labelSelector?: string; fieldSelector?: string }) =>
      (await core.listNamespacedConfigMap({ namespace, ...query })).items.map(
        ({ metadata }) => metadata?.name,
      );
    expect(await names({ labelSelector: "suite=select,tier in (web)" })).toEqual(["sel-a", "sel-b"]);
    expect(await names({ labelSelector: "suite=select,tier!=web" })).toEqual(["sel-c"]);
    expect(await names({ fieldSelector: "metadata.name=sel-b" })).toEqual(["sel-b"]);
    const labelSelector = "suite=select";
    const first = await core.listNamespacedConfigMap({ namespace, labelSelector, limit: 2 });
    const _continue = first.metadata?._continue ?? "";
    const rest = await core.listNamespacedConfigMap({ namespace, labelSelector, limit: 2, _continue });
    expect([...first.items, ...rest.items].map(({ metadata }) => metadata?.name)).toEqual([
      "sel-a",
      "sel-b",
      "sel-c",
    ]);
  });

  it("hide what is in a Secret in its error", async () => {
    const body = { metadata: { name: "leak" }, data: { key: "not base64: hunter2" } };
    const refused = await refusal(core.createNamespacedSecret({ namespace, body }));
    expect(refused.code).toBe(422);
    expect(JSON.stringify(refused)).not.toContain("hunter2");
  });
});

describe("server-side apply", () => {
  it("creates, merges, and removes what is applied no longer", async () => {
    await apply(configMap("applied", { mine: "1", gone: "1" }), "a");
    await apply(configMap("applied", { theirs: "1" }), "b");
    const last = await apply(configMap("applied", { mine: "2" }), "a");
    expect(last.data).toEqual({ mine: "2", theirs: "1" });
  });

  it("refuses to take another manager's field, unless forced", async () => {
    await apply(configMap("owned", { key: "a" }), "a");
    const refused = await refusal(apply(configMap("owned", { key: "b" }), "b"));
    expect(refused).toMatchObject({ code: 409, reason: "Conflict" });
    expect(refused.message).toBe('Apply failed with 1 conflict: conflict with "a": .data.key');
    expect((await apply(configMap("owned", { key: "b" }), "b", true)).data).toEqual({ key: "b" });
  });

  it("leaves nothing behind in a dry run", async () => {
    const dry = await apply(configMap("dry", { a: "1" }), "a", false, "All");
    expect(dry.data).toEqual({ a: "1" });
    expect(await refusal(core.readNamespacedConfigMap({ namespace, name: "dry" }))).toMatchObject({
      code: 404,
    });
  });
});

describe("patches", () => {
  it.each([
    [PatchStrategy.MergePatch, { data: { a: null, c: "3" } }, { b: "2", c: "3" }],
    [PatchStrategy.StrategicMergePatch, { data: { a: null, c: "3" } }, { b: "2", c: "3" }],
    [
      PatchStrategy.JsonPatch,
      [
        { op: "replace", path: "/data/a", value: "9" },
        { op: "remove", path: "/data/b" },
      ],
      { a: "9" },
    ],
  ])("of type %s", async (strategy, body, expected) => {
    const name = `patched-${strategy.slice("application/".length).replace("+", "-")}`;
    await core.createNamespacedConfigMap({ namespace, body: configMap(name, { a: "1", b: "2" }) });
    const options = setHeaderOptions("Content-Type", strategy);
    const patched = await core.patchNamespacedConfigMap({ namespace, name, body }, options);
    expect(patched.data).toEqual(expected);
  });
});

describe("watches", () => {
  it("tell of what was there and of what happens", async () => {
    const seen: string[] = [];
    const watch = new Watch(config);
    await core.createNamespacedConfigMap({
      namespace,
      body: { metadata: { name: "w0", labels: { w: "1" } } },
    });
    let finished!: () => void;
    const done = new Promise<void>((resolve) => {
      finished = resolve;
    });
    const controller = await watch.watch(
      `/api/v1/namespaces/${namespace}/configmaps`,
      { labelSelector: "w=1" },
      (type, { metadata }: { metadata: { name: string } }) => {
        seen.push(`${type} ${metadata.name}`);
        if (type === "DELETED") finished();
      },
      () => {},
    );
    await core.createNamespacedConfigMap({
      namespace,
      body: { metadata: { name: "w1", labels: { w: "1" } } },
    });
    await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: "other" } } });
    await core.deleteNamespacedConfigMap({ namespace, name: "w1" });
    await done;
    controller.abort();
    expect(seen).toEqual(["ADDED w0", "ADDED w1", "DELETED w1"]);
  });
});

describe("namespaces", () => {
  const namespaceNames = async () => (await core.listNamespace()).items.map(({ metadata }) => metadata?.name);

  it("go at once when nothing is in them", async () => {
    await core.createNamespace({ body: { metadata: { name: "empty" } } });
    await core.deleteNamespace({ name: "empty" });
    expect(await namespaceNames()).not.toContain("empty");
  });

  it("come with a ServiceAccount, and go with all that is in them", async () => {
    await core.createNamespace({ body: { metadata: { name: "team" } } });
    expect(
      (await core.readNamespacedServiceAccount({ namespace: "team", name: "default" })).metadata?.uid,
    ).toBeTruthy();
    await core.createNamespacedSecret({
      namespace: "team",
      body: { metadata: { name: "s" }, stringData: { k: "v" } },
    });
    await core.deleteNamespace({ name: "team" });
    expect((await core.readNamespace({ name: "team" })).status?.phase).toBe("Terminating");
    await expect.poll(namespaceNames, { timeout: 5000 }).not.toContain("team");
    await core.createNamespace({ body: { metadata: { name: "team" } } });
    expect((await core.listNamespacedSecret({ namespace: "team" })).items).toEqual([]);
  });

  it("wait for finalizers", async () => {
    await core.createNamespace({ body: { metadata: { name: "held" } } });
    const metadata = { name: "holder", finalizers: ["example.com/hold"] };
    await core.createNamespacedConfigMap({ namespace: "held", body: { metadata } });
    await core.deleteNamespace({ name: "held" });
    expect((await core.readNamespace({ name: "held" })).status?.phase).toBe("Terminating");
    const late = core.createNamespacedConfigMap({ namespace: "held", body: { metadata: { name: "late" } } });
    expect(await refusal(late)).toMatchObject({ code: 403 });
    const holder = await core.readNamespacedConfigMap({ namespace: "held", name: "holder" });
    await core.replaceNamespacedConfigMap({
      namespace: "held",
      name: "holder",
      body: { ...holder, metadata: { ...holder.metadata, finalizers: [] } },
    });
    await expect.poll(namespaceNames, { timeout: 5000 }).not.toContain("held");
  });
});

it("says which version it is", async () => {
  expect((await config.makeApiClient(VersionApi).getCode()).gitVersion).toBe("v1.33.2");
});

it("has a selector that cannot change", async () => {
  const template = {
    metadata: { labels: { app: "s" } },
    spec: { containers: [{ name: "c", image: "i:1" }] },
  };
  const body = { metadata: { name: "sel" }, spec: { selector: { matchLabels: { app: "s" } }, template } };
  const made = await apps.createNamespacedDeployment({ namespace, body });
  const live = await apps.readNamespacedDeployment({ namespace, name: "sel" });
  const labels = { app: "s", more: "1" };
  const spec = {
    ...made.spec!,
    selector: { matchLabels: labels },
    template: { ...template, metadata: { labels } },
  };
  const changed = apps.replaceNamespacedDeployment({ namespace, name: "sel", body: { ...live, spec } });
  expect((await refusal(changed)).details?.causes).toMatchObject([{ field: "spec.selector" }]);
});
