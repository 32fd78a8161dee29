import { rmSync } from "node:fs";
import { join } from "node:path";
import { CoreV1Api } from "@kubernetes/client-node";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startSandbox } from "../../../sandbox/core/sandbox";
import { installKubelogin } from "../../../sandbox/kubernetes/kubelogin-shim";
import { startTestSandbox, type TestSandbox, temporaryDirectory } from "../harness";
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
let token: string;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  cluster = addCluster(sandbox, "robust");
  assignRole(sandbox, sandbox.context.account.deployer.objectId, clusterAdminRole, cluster.id);
  token = await tokenFor(sandbox);
});
afterAll(() => sandbox.stop());

const send = (path: string, init: Parameters<typeof sandbox.context.network.fetch>[1] = {}) =>
  sandbox.context.network.fetch(`https://${cluster.fqdn}${path}`, {
    ...init,
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      ...(init.headers as object),
    },
  });

const kinds = ["configmaps", "pods", "services", "secrets", "serviceaccounts"];
const types = [
  "application/json",
  "application/yaml",
  "application/apply-patch+yaml",
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
  "application/vnd.kubernetes.protobuf",
];

it("answers whatever comes with a Status, and goes on", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("POST", "PUT", "PATCH", "DELETE"),
      fc.constantFrom(
        ...kinds.map((kind) => `/api/v1/namespaces/default/${kind}`),
        "/apis/apps/v1/namespaces/default/deployments",
      ),
      fc.option(fc.constantFrom("/a", "/a/status", "/a/token", "/a/scale", "/%ff", "/..%2f")),
      fc.constantFrom(...types),
      fc.oneof(
        fc.json(),
        fc.string(),
        fc
          .record({
            metadata: fc.oneof(
              fc.jsonValue(),
              fc.record({
                name: fc.jsonValue(),
                labels: fc.jsonValue(),
                finalizers: fc.jsonValue(),
                ownerReferences: fc.jsonValue(),
              }),
            ),
            spec: fc.oneof(
              fc.jsonValue(),
              fc.record({
                template: fc.jsonValue(),
                selector: fc.jsonValue(),
                ports: fc.jsonValue(),
                containers: fc.jsonValue(),
              }),
            ),
            data: fc.jsonValue(),
          })
          .map((value) => JSON.stringify(value)),
      ),
      async (method, path, name, type, body) => {
        const url = `${path}${name ?? ""}?fieldManager=fuzz`;
        const answer = await send(url, { method, body, headers: { "content-type": type } });
        expect([url, method, type, body, await answer.text(), answer.status][5]).not.toBe(500);
      },
    ),
    { numRuns: 200 },
  );
  expect((await send("/version")).status).toBe(200);
}, 60_000);

it("refuses a body that is too large, and names it", async () => {
  const answer = await send("/api/v1/namespaces/default/configmaps", {
    method: "POST",
    body: "x".repeat(4 * 1024 * 1024),
  });
  expect(await answer.json()).toMatchObject({ kind: "Status", code: 413, reason: "RequestEntityTooLarge" });
});

it("answers to nobody without a token, whatever the path", async () => {
  for (const path of ["/", "/version", "/api", "/openapi/v3", "/api/v1/secrets", "/metrics"]) {
    expect((await send(path, { headers: { authorization: "" } })).status).toBe(401);
  }
});

it("forgets nothing when it starts again", async () => {
  const directory = temporaryDirectory();
  const first = await startSandbox({ directory });
  const kept = addCluster(first, "kept");
  assignRole(first, first.context.account.deployer.objectId, clusterAdminRole, kept.id);
  const core = kubeConfig(first, kept, await tokenFor(first)).makeApiClient(CoreV1Api);
  const body = { metadata: { name: "lasting" }, data: { a: "1" } };
  const made = await core.createNamespacedConfigMap({ namespace: "default", body });
  const old = await core.createNamespacedServiceAccountToken({
    namespace: "default",
    name: "default",
    body: { spec: { audiences: [] } },
  });
  await first.close();
  const second = await startSandbox({ directory });
  const again = kubeConfig(second, kept, await tokenFor(second)).makeApiClient(CoreV1Api);
  expect(await again.readNamespacedConfigMap({ namespace: "default", name: "lasting" })).toEqual(made);
  const asAccount = kubeConfig(second, kept, old.status!.token).makeApiClient(CoreV1Api);
  await expect(asAccount.listNamespacedPod({ namespace: "default" })).rejects.toMatchObject({ code: 403 });
  await second.close();
  rmSync(directory, { recursive: true, force: true });
});

it("lets clients in by kubelogin, as AKS' kubeconfigs have it", async () => {
  const directory = temporaryDirectory();
  const command = await installKubelogin(join(directory, "bin"));
  const config = kubeConfig(sandbox, cluster, "");
  const env = Object.entries(sandbox.env).map(([name, value]) => ({ name, value }));
  const args = ["get-token", "--login", "devicecode", "--server-id", "6dae42f8-4368-4678-94ff-3960e28e3630"];
  const exec = { apiVersion: "client.authentication.k8s.io/v1beta1", command, args, env };
  config.users = [{ name: "u", exec }];
  const { items } = await config.makeApiClient(CoreV1Api).listNamespace();
  expect(items.map(({ metadata }) => metadata?.name)).toContain("kube-system");
  rmSync(directory, { recursive: true, force: true });
}, 30_000);
