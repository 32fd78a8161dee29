import { rmSync } from "node:fs";
import { join } from "node:path";
import { AppsV1Api, type KubeConfig } from "@kubernetes/client-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { listResources } from "../../../sandbox/arm/resource";
import { type Engine, ensureEngine } from "../../../sandbox/engine/engine";
import { capturePulumi, type Environment } from "../../../sandbox/engine/run";
import { prepareStack } from "../../../sandbox/engine/stack-config";
import { attachProviders } from "../../../sandbox/provider/attach";
import { startTestSandbox, type TestSandbox, temporaryDirectory } from "../harness";
import { kubeConfig, tokenFor } from "../kubernetes/cluster-fixture";

const program = join(__dirname, "kubernetes-program");
const stack = "dev";
const minutes = 60_000;

let sandbox: TestSandbox;
let engine: Engine;
let env: Environment;
let stop: () => Promise<void>;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  const providers = await attachProviders(sandbox);
  const home = temporaryDirectory();
  engine = await ensureEngine({ report: () => {}, home });
  const attached = { ...sandbox.env, PULUMI_DEBUG_PROVIDERS: providers.debugProviders };
  ({ env } = await prepareStack({ engine, projectDirectory: program, stack, env: attached }));
  await pulumi("config", "set", "azure-native:location", "westeurope");
  stop = async () => {
    await providers.close();
    await sandbox.stop();
    rmSync(home, { recursive: true, force: true });
  };
}, 10 * minutes);
afterAll(() => stop());

const pulumi = (...args: string[]) =>
  capturePulumi({ engine, cwd: program, env, args: [...args, "--stack", stack] });

/** How many resources an update did what with. */
async function changesOf(command: "up" | "preview" | "destroy" | "refresh") {
  const skip = command === "preview" ? [] : ["--yes", "--skip-preview"];
  const output = await pulumi(command, ...skip, "--json");
  const summary = [...output.matchAll(/"(?:changeSummary|resourceChanges)":\s*(\{[^}]*\})/g)].at(-1)?.[1];
  return JSON.parse(summary ?? "{}") as Record<string, number>;
}

async function appsOfCluster(): Promise<AppsV1Api> {
  const cluster = listResources(sandbox.context.store, "/subscriptions/").find(
    ({ body }) => body.type === "Microsoft.ContainerService/managedClusters",
  )!;
  const fqdn = String(cluster.body.properties.fqdn);
  const config: KubeConfig = kubeConfig(
    sandbox,
    { id: cluster.body.id, guid: "", fqdn, issuerUrl: "" },
    await tokenFor(sandbox),
  );
  return config.makeApiClient(AppsV1Api);
}

test(
  "the engine makes a cluster and what is on it, keeps it, follows drift, and takes it down",
  async () => {
    expect(await changesOf("preview")).toEqual({ create: 11 });
    expect(await changesOf("up")).toEqual({ create: 11 });
    expect(await changesOf("preview")).toEqual({ same: 11 });
    const outputs = JSON.parse(await pulumi("stack", "output", "--json"));
    expect(outputs).toEqual({
      address: expect.stringMatching(/^\d+\.\d+\.\d+\.\d+$/),
      settingsName: expect.stringMatching(/^settings-[0-9a-f]{8}$/),
    });
    const state = await pulumi("stack", "export");
    expect(state).not.toContain("open sesame");
    expect(state).not.toContain(Buffer.from("open sesame").toString("base64"));
    expect(state).not.toContain("eyJ");

    await pulumi("config", "set", "replicas", "2");
    expect(await changesOf("up")).toEqual({ same: 10, update: 1 });
    const apps = await appsOfCluster();
    const body = [{ op: "replace", path: "/spec/replicas", value: 5 }];
    await apps.patchNamespacedDeployment({ namespace: "shop", name: "orders", body });
    expect(await changesOf("refresh")).toEqual({ same: 10, update: 1 });
    expect(await changesOf("preview")).toEqual({ same: 10, update: 1 });
    await apps.deleteNamespacedDeployment({ namespace: "shop", name: "orders" });
    expect(await changesOf("refresh")).toEqual({ same: 10, delete: 1 });
    expect(await changesOf("up")).toEqual({ same: 10, create: 1 });
    expect(await changesOf("destroy")).toEqual({ delete: 11 });
    expect(sandbox.context.store.list("kubernetes")).toEqual([]);
  },
  5 * minutes,
);
