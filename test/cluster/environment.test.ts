import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { CoreV1Api, VersionApi } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runInspection } from "../../cli/inspection/run";
import { judge } from "../../cli/inspection/verdict";
import { ensureControlPlane } from "../../sandbox/control-plane/programs";
import { type AsDeployer, asDeployer } from "../engine/as-deployer";
import { type DeployedWorkloads, startWorkloads } from "../engine/deployed-workloads";
import { containerOf } from "../engine/pod";
import {
  destroyArgs,
  type PreparedProject,
  prepareProject,
  startProject,
  type TestProject,
  upArgs,
} from "../engine/project";
import { workloadNames } from "../engine/workload-attempts";
import { describeWorkloads } from "../engine/workload-tests";
import { kubeConfig, tokenFor } from "../sandbox/kubernetes/cluster-fixture";
import { eventually } from "./eventually";
import { allPrograms, controlPlaneProcesses } from "./processes";

let prepared: PreparedProject;
let project: TestProject;
let workloads: DeployedWorkloads;
let deployer: AsDeployer;
let path: string;

const start = async () => {
  const controlPlane = await ensureControlPlane(() => {});
  project = await startProject({ controlPlane }, { ...prepared, remove: () => {} });
  deployer = asDeployer(project.sandbox);
};
/** Whom a process with these variables is for Entra. */
const becoming = async (env: Record<string, string>) => {
  const client = workloads.clientWith(env);
  try {
    return await client.call("whoAmI");
  } finally {
    client.stop();
  }
};
const core = async (objectId?: string) =>
  kubeConfig(project.sandbox, workloads.cluster, await tokenFor(project.sandbox, objectId)).makeApiClient(
    CoreV1Api,
  );

beforeAll(async () => {
  prepared = await prepareProject();
  path = `${join(prepared.directory, "bin")}:${process.env.PATH}`;
  await start();
  const { exitCode, output } = await project.run("dev", upArgs);
  expect(output).not.toMatch(/error:/);
  expect(exitCode).toBe(0);
  workloads = await startWorkloads(project);
}, 240_000);

afterAll(async () => {
  workloads?.stop();
  await project?.stop();
  prepared?.remove();
});

describeWorkloads(() => workloads);

describe("a pod", () => {
  it.each(workloadNames)("of %s was mutated by the real webhook", (name) => {
    const { pod } = workloads.containers[name];
    const [container] = pod.spec?.containers ?? [];
    expect(container?.env).toEqual([
      { name: "AZURE_CLIENT_ID", value: workloads.outputs.workloads[name].clientId },
      { name: "AZURE_TENANT_ID", value: project.sandbox.context.account.tenantId },
      { name: "AZURE_FEDERATED_TOKEN_FILE", value: "/var/run/secrets/azure/tokens/azure-identity-token" },
      { name: "AZURE_AUTHORITY_HOST", value: "https://login.microsoftonline.com/" },
    ]);
    const { projected } = pod.spec?.volumes?.find((volume) => volume.name === "azure-identity-token") ?? {};
    expect(projected?.sources).toEqual([
      {
        serviceAccountToken: {
          audience: "api://AzureADTokenExchange",
          expirationSeconds: 3600,
          path: "azure-identity-token",
        },
      },
    ]);
    const token = readFileSync(workloads.containers[name].env.AZURE_FEDERATED_TOKEN_FILE as string, "utf8");
    const claims = JSON.parse(Buffer.from(token.split(".")[1] as string, "base64url").toString("utf8"));
    expect(claims).toMatchObject({
      iss: workloads.cluster.issuerUrl,
      sub: `system:serviceaccount:shop:${name}`,
      aud: ["api://AzureADTokenExchange"],
      "kubernetes.io": { pod: { name: pod.metadata?.name, uid: pod.metadata?.uid } },
    });
    expect(claims.exp - claims.iat).toBe(3600);
  });

  it("without the label is left as it is", async () => {
    const api = await core();
    const { spec } = await api.createNamespacedPod({
      namespace: "shop",
      body: {
        metadata: { name: "unlabelled" },
        spec: { serviceAccountName: "orders", containers: [{ name: "main", image: "docker.io/busybox" }] },
      },
    });
    expect(spec?.containers[0]?.env).toBeUndefined();
    expect(spec?.volumes?.map(({ name }) => name)).toEqual([expect.stringMatching(/^kube-api-access-/)]);
    await api.deleteNamespacedPod({ namespace: "shop", name: "unlabelled", gracePeriodSeconds: 0 });
  });

  it("of a ServiceAccount without annotation is nobody", async () => {
    const api = await core();
    await api.createNamespacedServiceAccount({ namespace: "shop", body: { metadata: { name: "plain" } } });
    const labels = { "azure.workload.identity/use": "true", "app.kubernetes.io/name": "plain" };
    await api.createNamespacedPod({
      namespace: "shop",
      body: {
        metadata: { name: "plain", labels },
        spec: { serviceAccountName: "plain", containers: [{ name: "main", image: "docker.io/busybox" }] },
      },
    });
    const root = join(project.directory, "containers", "plain");
    const args = { namespace: "shop", workload: "plain", root };
    const { env } = await eventually(() => containerOf(project.sandbox, workloads.cluster, args));
    expect(env.AZURE_CLIENT_ID ?? "").toBe("");
    expect(env.AZURE_TENANT_ID).toBe(project.sandbox.context.account.tenantId);
    await expect(becoming(env)).rejects.toThrow("ChainedTokenCredential authentication failed");
    const { clientId } = workloads.outputs.workloads.orders;
    await expect(becoming({ ...env, AZURE_CLIENT_ID: clientId })).rejects.toThrow(
      "AADSTS700213: No matching federated identity record found for presented assertion subject " +
        "'system:serviceaccount:shop:plain'.",
    );
    await api.deleteNamespacedPod({ namespace: "shop", name: "plain" });
  });

  it("whose token is for another audience is refused", async () => {
    const { env } = workloads.containers.orders;
    const { status } = await (await core()).createNamespacedServiceAccountToken({
      namespace: "shop",
      name: "orders",
      body: { spec: { audiences: ["api://elsewhere"] } },
    });
    const file = join(project.directory, "containers", "elsewhere");
    writeFileSync(file, status?.token as string, { mode: 0o600 });
    await expect(becoming({ ...env, AZURE_FEDERATED_TOKEN_FILE: file })).rejects.toThrow("AADSTS700212");
  });
});

describe("the API server", () => {
  it("is the real one", async () => {
    const version = kubeConfig(
      project.sandbox,
      workloads.cluster,
      await tokenFor(project.sandbox),
    ).makeApiClient(VersionApi);
    expect((await version.getCode()).gitVersion).toBe("v1.34.2");
  });

  it("forbids what Azure has given no role for", async () => {
    const { principalId } = workloads.outputs.workloads.mailer;
    const failure = await (await core(principalId)).listNamespacedSecret({ namespace: "shop" }).then(
      () => undefined,
      (error: { code: number; body: string }) => error,
    );
    expect(failure?.code).toBe(403);
    expect(JSON.parse(failure?.body ?? "{}")).toMatchObject({
      reason: "Forbidden",
      message:
        `secrets is forbidden: User "${principalId}" cannot list resource "secrets" in API group "" ` +
        'in the namespace "shop": User does not have access to the resource in Azure. ' +
        "Update role assignment to allow access.",
    });
  });

  it("lets a ServiceAccount of its own in, and no further than its bindings go", async () => {
    const { status } = await (await core()).createNamespacedServiceAccountToken({
      namespace: "shop",
      name: "orders",
      body: { spec: { audiences: [] } },
    });
    const config = kubeConfig(project.sandbox, workloads.cluster, status?.token as string);
    await expect(
      config.makeApiClient(CoreV1Api).listNamespacedPod({ namespace: "shop" }),
    ).rejects.toMatchObject({
      code: 403,
      body: expect.stringContaining(
        'User \\"system:serviceaccount:shop:orders\\" cannot list resource \\"pods\\" in API group \\"\\" ' +
          'in the namespace \\"shop\\": Azure does not have opinion for this user.',
      ),
    });
  });
});

describe("verify", () => {
  const inspect = async () =>
    judge(
      await runInspection(
        { resources: await project.state("dev"), become: "all" },
        { ...project.sandbox.env, PATH: path },
      ),
    );
  const label = (onDeployment: string | null, onTemplate: string | null) =>
    deployer.patch(workloads.cluster.fqdn, "/apis/apps/v1/namespaces/shop/deployments/orders", {
      metadata: { labels: { "azure.workload.identity/use": onDeployment } },
      spec: { template: { metadata: { labels: { "azure.workload.identity/use": onTemplate } } } },
    });
  const mistakes = ({ errors }: Awaited<ReturnType<typeof inspect>>) =>
    errors.map(({ workload, mistake }) => [workload, mistake]);

  it("finds nothing wrong", async () => {
    expect(await inspect()).toMatchObject({ ok: true, errors: [], surprises: [], broken: 0 });
  });

  it("names a label that is on the Deployment and not on its pods", async () => {
    await label("true", null);
    const report = await inspect();
    await label(null, "true");
    expect(report.ok).toBe(false);
    expect(mistakes(report)).toEqual([["orders", "pod-label-missing"]]);
    expect(await eventually(green)).toBe(true);
  });

  it("names a credential that is gone", async () => {
    const type = "azure-native:managedidentity:FederatedIdentityCredential";
    const state = await project.state("dev");
    const credential = state.find(({ type: t, urn }) => t === type && urn.endsWith("::orders"));
    const { issuer, subject, audiences } = credential?.inputs ?? {};
    await deployer.arm("DELETE", credential?.id as string, "2023-01-31");
    const report = await inspect();
    await deployer.arm("PUT", credential?.id as string, "2023-01-31", {
      properties: { issuer, subject, audiences },
    });
    expect(report).toMatchObject({ ok: false, broken: 1 });
    expect(mistakes(report)).toEqual([["orders", "credential-missing"]]);
    expect(await eventually(green)).toBe(true);
  });

  const green = async () => {
    const { ok, errors } = await inspect();
    if (!ok) throw new Error(JSON.stringify(errors));
    return ok;
  };
});

describe("the environment", { timeout: 240_000 }, () => {
  const podIds = async () =>
    (await (await core()).listNamespacedPod({ namespace: "shop" })).items
      .map(({ metadata }) => metadata?.uid)
      .sort();
  const keys = async () => {
    const answer = await project.sandbox.context.network.fetch(
      `${workloads.cluster.issuerUrl}openid/v1/jwks`,
    );
    return answer.json();
  };
  const unchanged = /\n {4}\d+ unchanged/;

  it("is unchanged by a second up", async () => {
    const { exitCode, output } = await project.run("dev", upArgs);
    expect(output).toMatch(unchanged);
    expect(output).not.toMatch(/(created|updated|replaced|deleted)/);
    expect(exitCode).toBe(0);
  });

  it("leaves no token in the logs of its control plane", () => {
    const root = join(prepared.sandboxDirectory, "control-planes");
    const logs = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((file) =>
      file.endsWith(".log"),
    );
    expect(logs.map((file) => basename(file, ".log")).sort()).toEqual(allPrograms);
    for (const file of logs) expect(readFileSync(join(root, file), "utf8")).not.toMatch(/eyJ[\w-]{10,}\./);
  });

  it("outlives the sandbox", async () => {
    const before = [await podIds(), await keys()];
    await project.stop();
    expect(controlPlaneProcesses(prepared.sandboxDirectory)).toEqual([]);
    await start();
    expect([await podIds(), await keys()]).toEqual(before);
    const { exitCode, output } = await project.run("dev", upArgs);
    expect(output).not.toMatch(/(created|updated|replaced|deleted)/);
    expect(exitCode).toBe(0);
  });

  it("leaves no process behind when it is destroyed", async () => {
    expect(controlPlaneProcesses(prepared.sandboxDirectory)).toEqual(allPrograms);
    const { exitCode, output } = await project.run("dev", destroyArgs);
    expect(output).not.toMatch(/error:/);
    expect(exitCode).toBe(0);
    await eventually(() => {
      expect(controlPlaneProcesses(prepared.sandboxDirectory)).toEqual([]);
      expect(readdirSync(join(prepared.sandboxDirectory, "control-planes"))).toEqual([]);
    });
  });
});
