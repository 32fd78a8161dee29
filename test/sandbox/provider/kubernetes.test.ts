import { readFileSync } from "node:fs";
import { CoreV1Api } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aksServerApplicationId } from "../../../sandbox/kubernetes/server-application";
import { createKubernetesProvider } from "../../../sandbox/provider/kubernetes";
import { type PropertyMap, Secret, unknownValue, unwrapSecrets } from "../../../sandbox/provider/values";
import { startTestSandbox, type TestSandbox } from "../harness";
import {
  addCluster,
  assignRole,
  clusterAdminRole,
  kubeConfig,
  type TestCluster,
  tokenFor,
} from "../kubernetes/cluster-fixture";
import { connectProvider, type ProviderClient, partialFailureOf, serveAndConnect } from "./provider-client";

let sandbox: TestSandbox;
let cluster: TestCluster;
let provider: Awaited<ReturnType<typeof serveAndConnect>>;
let client: ProviderClient;
let core: CoreV1Api;

/** As AKS gives it to users of a cluster with Entra. */
function kubeconfig({ fqdn }: TestCluster, namespace?: string): string {
  const ca = readFileSync(sandbox.caCertificatePath).toString("base64");
  const exec = {
    apiVersion: "client.authentication.k8s.io/v1beta1",
    command: "kubelogin",
    args: ["get-token", "--login", "devicecode", "--server-id", aksServerApplicationId],
    provideClusterInfo: false,
  };
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "c", cluster: { server: `https://${fqdn}:443`, "certificate-authority-data": ca } }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u", ...(namespace && { namespace }) } }],
    users: [{ name: "u", user: { exec } }],
    "current-context": "x",
  });
}

const scopes: string[] = [];

beforeAll(async () => {
  sandbox = await startTestSandbox();
  cluster = addCluster(sandbox, "provider");
  assignRole(sandbox, sandbox.context.account.deployer.objectId, clusterAdminRole, cluster.id);
  const credential = async (scope: string) => {
    scopes.push(scope);
    return tokenFor(sandbox);
  };
  const kubernetes = createKubernetesProvider({ proxyUrl: sandbox.proxyUrl, credential });
  provider = await serveAndConnect(kubernetes, { kubeconfig: kubeconfig(cluster) });
  client = provider.client;
  core = kubeConfig(sandbox, cluster, await tokenFor(sandbox)).makeApiClient(CoreV1Api);
});
afterAll(async () => {
  await provider.stop();
  await sandbox.stop();
});

const configMap = "kubernetes:core/v1:ConfigMap";
const deployment = "kubernetes:apps/v1:Deployment";
const service = "kubernetes:core/v1:Service";
const secret = "kubernetes:core/v1:Secret";

/** Creates as the engine does: what `check` made of the inputs. */
async function create(type: string, inputs: PropertyMap, more: { timeout?: number } = {}) {
  const checked = await client.check(type, "res", inputs);
  expect(checked.failures).toEqual([]);
  return { ...(await client.create(type, checked.inputs, more)), inputs: checked.inputs };
}

const deploymentInputs = (name: string, spec: PropertyMap = {}, metadata: PropertyMap = {}): PropertyMap => ({
  metadata: { name, ...metadata },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: "app", image: "mcr.microsoft.com/a:1" }], ...spec },
    },
  },
});

describe("check", () => {
  it("fills in API version, kind, namespace and a name that stays", async () => {
    const first = await client.check(configMap, "Settings", { data: { a: "1" } }, { seed: "s" });
    expect(first.inputs).toMatchObject({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { namespace: "default" },
    });
    const { name } = first.inputs.metadata as { name: string };
    expect(name).toMatch(/^settings-[0-9a-f]{8}$/);
    expect(await client.check(configMap, "Settings", { data: { a: "1" } }, { seed: "s" })).toEqual(first);
    const later = await client.check(configMap, "Settings", {}, { seed: "other", olds: first.inputs });
    expect(later.inputs.metadata).toMatchObject({ name });
  });

  it("gives no namespace to what is in none", async () => {
    const { inputs } = await client.check("kubernetes:core/v1:Namespace", "n", { metadata: { name: "n" } });
    expect(inputs.metadata).toEqual({ name: "n" });
  });

  it("keeps unknowns, and makes what is in a Secret secret", async () => {
    const given: PropertyMap = {
      metadata: { name: unknownValue, namespace: unknownValue },
      stringData: { k: "v" },
    };
    const { inputs } = await client.check(secret, "s", given);
    expect(inputs.metadata).toEqual(given.metadata);
    expect(inputs.stringData).toBeInstanceOf(Secret);
  });
});

describe("diff", () => {
  const cases: [string, string, PropertyMap, PropertyMap, string[], boolean][] = [
    [
      "a label",
      deployment,
      { metadata: { name: "a" } },
      { metadata: { name: "a", labels: { x: "y" } } },
      [],
      false,
    ],
    ["a name", deployment, { metadata: { name: "a" } }, { metadata: { name: "b" } }, ["metadata"], false],
    [
      "a namespace",
      deployment,
      { metadata: { name: "a", namespace: "n" } },
      { metadata: { name: "a", namespace: "m" } },
      ["metadata"],
      false,
    ],
    [
      "a selector",
      deployment,
      { metadata: { name: "a" }, spec: { selector: { matchLabels: { x: "1" } } } },
      { metadata: { name: "a" }, spec: { selector: { matchLabels: { x: "2" } } } },
      ["spec"],
      true,
    ],
    [
      "a cluster IP",
      service,
      { metadata: { name: "a" }, spec: { clusterIP: "None" } },
      { metadata: { name: "a" }, spec: {} },
      ["spec"],
      true,
    ],
    ["replicas", deployment, { spec: { replicas: 1 } }, { spec: { replicas: 2 } }, [], false],
  ];
  it.each(cases)("of %s", async (_what, type, oldInputs, inputs, replaces, deleteBeforeReplace) => {
    const result = await client.diff(type, { oldInputs, inputs });
    expect(Object.keys(result.changes)).not.toEqual([]);
    expect(result).toMatchObject({ replaces, deleteBeforeReplace });
  });

  describe("of the provider's own inputs", () => {
    const config = (server: string, more: object = {}, context = "x") =>
      JSON.stringify({
        clusters: [
          { name: "c", cluster: { server, ...more } },
          { name: "d", cluster: { server: "https://d" } },
        ],
        contexts: [
          { name: "x", context: { cluster: "c" } },
          { name: "y", context: { cluster: "d" } },
        ],
        "current-context": context,
      });
    const before = config("https://c");
    const identified = (clusterIdentifier: string, kubeconfig: string) => ({ clusterIdentifier, kubeconfig });
    it.each<[string, PropertyMap, PropertyMap, string[]]>([
      ["another server", { kubeconfig: before }, { kubeconfig: config("https://e") }, ["kubeconfig"]],
      [
        "another authority",
        { kubeconfig: before },
        { kubeconfig: config("https://c", { "certificate-authority-data": "YQ==" }) },
        ["kubeconfig"],
      ],
      ["another user", { kubeconfig: before }, { kubeconfig: `${before} ` }, []],
      ["another context", { kubeconfig: before }, { kubeconfig: before, context: "y" }, ["context"]],
      ["another cluster", { kubeconfig: before }, { kubeconfig: before, cluster: "d" }, ["cluster"]],
      ["no such cluster", { kubeconfig: before }, { kubeconfig: before, cluster: "z" }, []],
      ["a kubeconfig to be made", { kubeconfig: before }, { kubeconfig: unknownValue }, ["kubeconfig"]],
      ["a kubeconfig in place of the user's own", {}, { kubeconfig: before }, []],
      ["the same by its identifier", identified("1", before), identified("1", config("https://e")), []],
      [
        "another by its identifier",
        identified("1", before),
        identified("2", config("https://e")),
        ["clusterIdentifier", "kubeconfig"],
      ],
      ["an identifier", { kubeconfig: before }, identified("1", before), []],
    ])("%s", async (_what, oldInputs, inputs, replaces) => {
      const result = await client.diff("pulumi:providers:kubernetes", { oldInputs, inputs });
      expect(Object.keys(result.changes)).not.toEqual([]);
      expect(result.replaces.sort()).toEqual(replaces);
      expect(result.deleteBeforeReplace).toBe(false);
    });
  });

  it("leaves an automatic name free to be another", async () => {
    const annotations = { "pulumi.com/autonamed": "true" };
    const inputs = (data: PropertyMap): PropertyMap => ({ metadata: { name: "a-1", annotations }, data });
    const result = await client.diff(configMap, {
      oldInputs: inputs({ a: "1" }),
      inputs: inputs({ a: "2" }),
    });
    expect(result).toMatchObject({ replaces: ["data"], deleteBeforeReplace: false });
  });
});

describe("create", () => {
  it("makes the object, and asks for a token of the AKS server application", async () => {
    const made = await create(configMap, { metadata: { name: "made" }, data: { a: "1" } });
    expect(made.id).toBe("default/made");
    expect(made.outputs).toMatchObject({ kind: "ConfigMap", data: { a: "1" }, __initialApiVersion: "v1" });
    expect((made.outputs.metadata as PropertyMap).managedFields).toBeUndefined();
    expect((await core.readNamespacedConfigMap({ namespace: "default", name: "made" })).data).toEqual({
      a: "1",
    });
    expect(new Set(scopes)).toEqual(new Set([`${aksServerApplicationId}/.default`]));
  });

  it("makes nothing in a preview", async () => {
    const { inputs } = await client.check(configMap, "p", { metadata: { name: "preview" } });
    expect(await client.create(configMap, inputs, { preview: true })).toEqual({ id: "", outputs: inputs });
    await expect(core.readNamespacedConfigMap({ namespace: "default", name: "preview" })).rejects.toThrow(
      "404",
    );
  });

  it("takes up what an interrupted run has left", async () => {
    const inputs = { metadata: { name: "twice" }, data: { a: "1" } };
    await create(configMap, inputs);
    expect((await create(configMap, inputs)).id).toBe("default/twice");
  });

  it("keeps what is in a Secret secret", async () => {
    const made = await create(secret, { metadata: { name: "s" }, stringData: { k: "v" } });
    expect(made.outputs.data).toBeInstanceOf(Secret);
    expect(unwrapSecrets(made.outputs.data!)).toEqual({ k: Buffer.from("v").toString("base64") });
    expect(JSON.stringify(made.outputs)).not.toMatch(/"v"|dg==/);
  });

  it("waits for a Deployment's pods and a Service's address", async () => {
    const [pods, front] = await Promise.all([
      create(deployment, deploymentInputs("web")),
      create(service, {
        metadata: { name: "web" },
        spec: { type: "LoadBalancer", selector: { app: "web" }, ports: [{ port: 80, targetPort: 8080 }] },
      }),
    ]);
    expect(pods.outputs.status).toMatchObject({ availableReplicas: 2 });
    expect(front.outputs.status).toMatchObject({ loadBalancer: { ingress: [{ ip: expect.any(String) }] } });
  });

  it("records a Deployment that does not become ready, and says why", async () => {
    const inputs = deploymentInputs("stuck", { serviceAccountName: "nobody" });
    const error = await create(deployment, inputs, { timeout: 1 }).then(
      () => expect.fail("was not refused"),
      (reason: unknown) => reason,
    );
    const failure = partialFailureOf(error);
    expect(failure).toMatchObject({ id: "default/stuck", outputs: { kind: "Deployment" } });
    expect(failure?.reasons[0]).toContain('serviceaccount "nobody" not found');
  });

  it("does not wait when told so", async () => {
    const annotations = { "pulumi.com/skipAwait": "true" };
    const inputs = deploymentInputs("unawaited", { serviceAccountName: "nobody" }, { annotations });
    expect((await create(deployment, inputs)).id).toBe("default/unawaited");
  });

  it("repeats what the API server says is wrong", async () => {
    const inputs = { metadata: { name: "bad" }, spec: { ports: [{ port: 0 }] } };
    await expect(create(service, inputs)).rejects.toThrow(
      /Service "default\/bad" was refused by the Kubernetes API server: .*must be between 1 and 65535/,
    );
  });

  it("takes over another manager's field only when told so", async () => {
    const owned = { metadata: { name: "owned" }, data: { a: "theirs" } };
    await core.createNamespacedConfigMap({ namespace: "default", body: owned, fieldManager: "someone" });
    const mine = (metadata: PropertyMap) =>
      create(configMap, { metadata: { name: "owned", ...metadata }, data: { a: "mine" } });
    await expect(mine({})).rejects.toThrow("pulumi.com/patchForce");
    const forced = await mine({ annotations: { "pulumi.com/patchForce": "true" } });
    expect(forced.outputs.data).toEqual({ a: "mine" });
  });
});

describe("after creation", () => {
  it("an update changes, adds and removes", async () => {
    const metadata = { name: "updated" };
    const made = await create(configMap, { metadata: { ...metadata, labels: { a: "1", b: "1" } } });
    const { inputs } = await client.check(configMap, "res", {
      metadata: { ...metadata, labels: { a: "2" } },
    });
    const args = { id: made.id, oldInputs: made.inputs, outputs: made.outputs, inputs };
    const preview = await client.update(configMap, { ...args, preview: true });
    expect(preview.metadata).toMatchObject({ labels: { a: "2" }, uid: expect.any(String) });
    const updated = await client.update(configMap, args);
    expect((updated.metadata as PropertyMap).labels).toEqual({ a: "2" });
  });

  it("a refresh shows drift where the program has a say, and only there", async () => {
    const made = await create(deployment, deploymentInputs("drift"));
    const state = { inputs: made.inputs, outputs: made.outputs };
    expect((await client.read(deployment, made.id, state))?.inputs).toEqual(made.inputs);
    const changed = await create(deployment, {
      ...deploymentInputs("drift"),
      spec: { ...(deploymentInputs("drift").spec as PropertyMap), replicas: 1 },
    });
    expect(changed.outputs.status).toMatchObject({ replicas: 1 });
    const read = await client.read(deployment, made.id, state);
    expect(read?.inputs.spec).toMatchObject({ replicas: 1 });
    const difference = await client.diff(deployment, { oldInputs: read!.inputs, inputs: made.inputs });
    expect(difference).toMatchObject({ changes: { "spec.replicas": "UPDATE" }, replaces: [] });
  });

  it("an import fills in the inputs", async () => {
    await create(configMap, { metadata: { name: "found", labels: { a: "1" } }, data: { k: "v" } });
    const read = await client.read(configMap, "default/found");
    expect(read?.inputs).toEqual({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "found", namespace: "default", labels: { a: "1" } },
      data: { k: "v" },
    });
  });

  it("what is gone is gone, whoever deleted it", async () => {
    const made = await create(configMap, { metadata: { name: "short-lived" } });
    const state = { inputs: made.inputs, outputs: made.outputs };
    await client.delete(configMap, made.id, state);
    expect(await client.read(configMap, made.id, state)).toBeUndefined();
    await client.delete(configMap, made.id, state);
  });
});

it("handles custom resources of definitions made in the same run", async () => {
  const definition = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition";
  const names = { kind: "Widget", plural: "widgets", singular: "widget" };
  await create(definition, {
    metadata: { name: "widgets.example.com" },
    spec: {
      group: "example.com",
      scope: "Namespaced",
      names,
      versions: [{ name: "v1", served: true, storage: true }],
    },
  });
  const type = "kubernetes:example.com/v1:Widget";
  const made = await create(type, { metadata: { name: "w" }, spec: { size: 3 } });
  expect(made.id).toBe("default/w");
  expect((await client.read(type, "default/w"))?.inputs.spec).toEqual({ size: 3 });
});

it("keeps the provider resources of a program apart, each with its namespace", async () => {
  await core.createNamespace({ body: { metadata: { name: "team" } } });
  const other = connectProvider(provider.port);
  await other.configure({ kubeconfig: kubeconfig(cluster, "team") });
  const inputs = { metadata: { name: "same" } };
  const checked = await other.check(configMap, "res", inputs);
  expect((await other.create(configMap, checked.inputs)).id).toBe("team/same");
  expect((await create(configMap, inputs)).id).toBe("default/same");
  other.close();
});

it("goes through a preview without its cluster, and says what is missing otherwise", async () => {
  const early = connectProvider(provider.port);
  await early.configure({ kubeconfig: unknownValue });
  const { inputs } = await early.check(deployment, "res", deploymentInputs("early"));
  expect(await early.create(deployment, inputs, { preview: true })).toEqual({ id: "", outputs: inputs });
  await expect(early.create(deployment, inputs)).rejects.toThrow("The kubeconfig is not known yet.");
  early.close();
});

it("names a cluster that it cannot reach", async () => {
  const lost = connectProvider(provider.port);
  const server = "https://127.0.0.1:1";
  const user = { name: "u", user: { token: "hunter2" } };
  const config = {
    clusters: [{ name: "c", cluster: { server } }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
    users: [user],
    "current-context": "x",
  };
  await lost.configure({ kubeconfig: JSON.stringify(config) });
  const reading = lost.read(configMap, "default/x");
  await lost.cancel();
  await expect(reading).rejects.toThrow(/cancelled|unreachable/);
  await lost.configure({ kubeconfig: "{ not: [a kubeconfig" });
  await expect(lost.read(configMap, "default/x")).rejects.toThrow("The kubeconfig cannot be read");
  lost.close();
});
