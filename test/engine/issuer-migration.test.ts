import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listResources } from "../../sandbox/arm/resource";
import { type ArmWrite, mostAtOnce, recordArmWrites } from "./arm-writes";
import { killAll, processTree, untilDone } from "./interruption";
import { probePods } from "./pod-prober";
import { startProject, type TestProject, upArgs } from "./project";

const speed = 20;
const workloads = [
  { namespace: "shop", workload: "orders" },
  { namespace: "shop", workload: "mailer" },
  { namespace: "finance", workload: "billing" },
];
const trusts = [{ name: "pipeline", issuer: "https://issuer.example/", subject: "main" }];
const workload = (namespace: string, more: object = {}) => ({
  namespace,
  image: "/work:1.0.0",
  replicas: 1,
  ...more,
});

let project: TestProject;
let recording: ReturnType<typeof recordArmWrites>;

beforeAll(async () => {
  project = await startProject({ speed });
  project.configure("dev", (environment) => {
    environment.vaults = {};
    environment.storageAccounts = {};
    environment.sqlServers = {};
    environment.workloads = {
      orders: workload("shop", { trusts }),
      // One identity for both, in two namespaces.
      mailer: workload("shop", { identity: "team" }),
      billing: workload("finance", { identity: "team" }),
    };
  });
  const { exitCode, output } = await project.run("dev", upArgs);
  expect(output).not.toMatch(/error:/);
  expect(exitCode).toBe(0);
}, 240_000);
afterAll(async () => {
  recording?.stop();
  await project.stop();
});

const ofType = (type: string) =>
  listResources(project.sandbox.context.store, "/subscriptions/")
    .map(({ body }) => body)
    .filter((body) => body.type === type);
const clusters = () => ofType("Microsoft.ContainerService/managedClusters");
const credentials = () =>
  ofType("Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials");
const issuerOf = (body: { properties: any }) => body.properties.oidcIssuerProfile.issuerURL as string;

describe("a cluster that is made anew", { timeout: 240_000 }, () => {
  it("is shown in the preview as another one, to which everything moves, and nothing else changes", async () => {
    project.configure("dev", (environment) => {
      environment.cluster.nodeCount = 2;
    });
    // A change of the cluster that runs makes nothing of what is on it look changed.
    const inPlace = await project.run("dev", ["preview"]);
    expect(inPlace.output).toMatch(/1 to update\s+\d+ unchanged/);
    project.configure("dev", (environment) => {
      environment.cluster = { ...environment.cluster, nodeCount: 1, generation: 2 };
    });
    const anew = await project.run("dev", ["preview"]);
    expect(anew.output).toMatch(/ManagedCluster\s+main-g2\s+create/);
    expect(anew.output).toMatch(/ManagedCluster\s+main\s+delete/);
    expect(anew.output).not.toMatch(/(UserAssignedIdentity|Registry|ResourceGroup)\s+\S+\s+(replace|delete)/);
    expect(anew.exitCode).toBe(0);
  });

  it("takes the old one's place, and no pod loses its access before it has gone", async () => {
    const [old] = clusters();
    const before = credentials();
    expect(before.map(({ properties }) => properties.issuer).sort()).toEqual(
      [issuerOf(old!), issuerOf(old!), issuerOf(old!), "https://issuer.example/"].sort(),
    );
    const { fqdn } = old!.properties as { fqdn: string };
    recording = recordArmWrites(/^management\.azure\.com$|\.hcp\./);
    const oldCluster = { id: old!.id, guid: "", fqdn, issuerUrl: issuerOf(old!) };
    const { probes, ended } = await probePods(project.sandbox, oldCluster, workloads);

    // The first run dies when some of it is on the new cluster, and some is not yet.
    const running = await project.start("dev", upArgs);
    await untilDone(running, "created", 11);
    killAll(processTree(running.process.pid!));
    await running.ended;
    expect(clusters()).toHaveLength(2);
    expect(probes.every(({ refused }) => refused.length === 0)).toBe(true);

    const { exitCode, output } = await project.run("dev", upArgs);
    expect(output).not.toMatch(/error:/);
    expect(exitCode).toBe(0);
    await ended;
    recording.stop();
    for (const { workload: name, accepted, refused } of probes) {
      expect(refused, name).toEqual([]);
      expect(accepted, name).toBeGreaterThan(0);
    }
  });

  it("has the new credentials before its pods, and the old ones until after theirs", () => {
    const [made] = clusters();
    const newHost = (made!.properties as { fqdn: string }).fqdn;
    const { writes } = recording;
    const first = (isWanted: (write: ArmWrite) => boolean, what: string): ArmWrite => {
      const found = writes.find((write) => write.status < 300 && isWanted(write));
      if (!found) throw new Error(`no ${what} among\n${writes.map(({ path }) => path).join("\n")}`);
      return found;
    };
    const removedCluster = first(
      ({ method, path }) => method === "DELETE" && /\/managedclusters\/[^/]+$/.test(path),
      "deletion of the old cluster",
    );
    for (const { namespace, workload: name } of workloads) {
      const credential = new RegExp(`/federatedidentitycredentials/fc-${name}-[a-z2-7]{6}$`);
      const deployment = `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`;
      const written = first(
        ({ method, path }) => method === "PUT" && credential.test(path),
        "new credential",
      );
      const started = first(
        ({ method, host, path }) => method === "PATCH" && host === newHost && path === deployment,
        "new Deployment",
      );
      const stopped = first(
        ({ method, host, path }) => method === "DELETE" && host !== newHost && path === deployment,
        "deletion of the old Deployment",
      );
      const removed = first(
        ({ method, path }) => method === "DELETE" && credential.test(path),
        "deletion of the old credential",
      );
      expect(removed.path).not.toBe(written.path);
      const order = [written, started, stopped, removed, removedCluster];
      for (const [index, next] of order.slice(1).entries()) {
        expect(next.begin, `${name}: ${next.method} ${next.path}`).toBeGreaterThanOrEqual(order[index]!.end);
      }
    }
    for (const identity of ["id-orders-dev", "id-team-dev"]) {
      const ofIdentity = writes.filter(({ path }) =>
        path.includes(`/${identity}/federatedidentitycredentials/`),
      );
      expect(mostAtOnce(ofIdentity), identity).toBe(1);
      expect(ofIdentity.filter(({ status }) => status === 409)).toEqual([]);
    }
  });

  it("is the only one in the end, with one credential for each token that is taken", async () => {
    expect(clusters().map(({ name }) => name)).toEqual(["aks-main-g2-dev"]);
    const issuer = issuerOf(clusters()[0]!);
    expect(
      credentials()
        .map(({ properties }) => `${properties.issuer} ${properties.subject}`)
        .sort(),
    ).toEqual(
      [
        ...workloads.map((one) => `${issuer} system:serviceaccount:${one.namespace}:${one.workload}`),
        "https://issuer.example/ main",
      ].sort(),
    );
    const again = await project.run("dev", [...upArgs, "--expect-no-changes"]);
    expect(again.output).toMatch(/Resources:\s+\d+ unchanged/);
    expect(again.exitCode).toBe(0);
  });
});
