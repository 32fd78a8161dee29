import { join } from "node:path";
import { CoreV1Api } from "@kubernetes/client-node";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listApplications } from "../../sandbox/entra/applications";
import { proxiedFetch } from "../sandbox/core/requests";
import { kubeConfig, type TestCluster, tokenFor } from "../sandbox/kubernetes/cluster-fixture";
import { type AppProcess, startApp } from "./app-process";
import { containerOf } from "./pod";
import {
  azureResources,
  destroyArgs,
  type StateResource,
  startProject,
  type TestProject,
  upArgs,
} from "./project";

const projectDirectory = join(__dirname, "../../examples/aks-workload-identity");

let project: TestProject;
let before: string[];
let outputs: Record<"address" | "clientId" | "clusterId" | "issuerUrl" | "principalId" | "vaultUri", string>;
let resources: StateResource[];
let cluster: TestCluster;
let ordersApi: AppProcess;
const apps: AppProcess[] = [];

const pulumi = (...args: string[]) => project.run("dev", args, { projectDirectory });
const ofType = (type: string) =>
  resources.filter((resource) => resource.type.startsWith(`azuread:index/${type}:`));

beforeAll(async () => {
  project = await startProject();
  before = azureResources(project.sandbox);
  const { exitCode, output } = await pulumi(...upArgs);
  expect(output).not.toMatch(/error:/);
  expect(exitCode).toBe(0);
  outputs = JSON.parse((await pulumi("stack", "output", "--json")).output);
  resources = JSON.parse((await pulumi("stack", "export")).output).deployment.resources;
  const { fqdn } = resources.find(({ id }) => id === outputs.clusterId)?.outputs ?? {};
  cluster = { id: outputs.clusterId, guid: "", fqdn, issuerUrl: outputs.issuerUrl };
  ordersApi = await run("orders-api.mjs", "orders-api");
}, 240_000);
afterAll(async () => {
  for (const app of apps) app.stop();
  await project?.stop();
});

/** Runs one of the example's applications with what a workload's pod has, and `more` in place of some of it. */
async function run(app: string, workload: string, more: Record<string, string> = {}): Promise<AppProcess> {
  const root = join(project.directory, "containers", workload);
  const { env } = await containerOf(project.sandbox, cluster, { namespace: "shop", workload, root });
  const started = await startApp(join(projectDirectory, "apps", app), {
    ...project.sandbox.networkEnv,
    ...env,
    ...more,
  });
  apps.push(started);
  return started;
}

async function ask(url: string, headers: Record<string, string> = {}) {
  const response = await fetch(url, { headers });
  return { status: response.status, body: await response.json() };
}

// The life of the example; each test goes on from the one before.
describe("the example aks-workload-identity", { timeout: 240_000 }, () => {
  it("has an application with its principal, what callers are given, and whom it trusts", () => {
    const [application] = ofType("applicationRegistration");
    const applicationId = application?.id;
    expect(application?.outputs).toMatchObject({
      displayName: "orders-api-dev",
      clientId: outputs.clientId,
      signInAudience: "AzureADMyOrg",
      requestedAccessTokenVersion: 2,
    });
    expect(ofType("servicePrincipal").map((one) => one.outputs)).toMatchObject([
      { clientId: outputs.clientId, objectId: outputs.principalId, appRoleAssignmentRequired: true },
    ]);
    expect(ofType("applicationIdentifierUri").map((one) => one.outputs)).toEqual([
      { applicationId, identifierUri: `api://${outputs.clientId}` },
    ]);
    expect(ofType("applicationAppRole").map((one) => one.outputs)).toMatchObject([
      { applicationId, value: "Orders.Read", allowedMemberTypes: ["Application"] },
    ]);
    expect(ofType("applicationPermissionScope").map((one) => one.outputs)).toMatchObject([
      { applicationId, value: "Orders.Read.Own", type: "Admin" },
    ]);
    expect(ofType("applicationFederatedIdentityCredential").map((one) => one.outputs)).toMatchObject([
      {
        applicationId,
        issuer: outputs.issuerUrl,
        subject: "system:serviceaccount:shop:orders-api",
        audiences: ["api://AzureADTokenExchange"],
      },
    ]);
    expect(ofType("appRoleAssignment").map((one) => one.outputs)).toMatchObject([
      { principalDisplayName: "id-web-dev", resourceObjectId: outputs.principalId },
    ]);
    const [stored] = listApplications(project.sandbox.context.store).filter(
      ({ appId }) => appId === outputs.clientId,
    );
    expect(stored?.secrets).toEqual([]);
    expect(outputs.address).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
  });

  it("has pods that go before what they need goes", () => {
    const deployment = resources.find(({ urn }) => urn.endsWith(":Deployment::orders-api"));
    const needed = [
      ":FederatedIdentityCredential::orders-api",
      ":ApplicationFederatedIdentityCredential::orders-api-shop_orders-api",
      ":ServiceAccount::orders-api",
      ":Namespace::shop",
    ];
    for (const ending of needed) {
      expect(deployment?.dependencies).toContainEqual(expect.stringMatching(new RegExp(`${ending}$`)));
    }
  });

  it("has a web app that reads its secret, and gets the orders from the API", async () => {
    const web = await run("web.mjs", "web", { ORDERS_URL: ordersApi.url });
    expect(await ask(`${web.url}/greeting`)).toEqual({ status: 200, body: { characters: 32 } });
    const identity = resources.find(({ urn }) => urn.endsWith(":UserAssignedIdentity::web"));
    expect(await ask(`${web.url}/orders`)).toEqual({
      status: 200,
      body: { orders: ["4711"], caller: identity?.outputs.clientId },
    });
  });

  it("has an API that takes no other token", async () => {
    expect(await ask(ordersApi.url)).toMatchObject({ status: 401 });
    const forVault = await run("web.mjs", "web", {
      ORDERS_URL: ordersApi.url,
      ORDERS_SCOPE: "https://vault.azure.net/.default",
    });
    expect(await ask(`${forVault.url}/orders`)).toMatchObject({ status: 401 });
  });

  it("gives nothing to a workload without the role", async () => {
    const stranger = await run("web.mjs", "orders-api", {
      VAULT_URI: outputs.vaultUri,
      ORDERS_URL: ordersApi.url,
      ORDERS_SCOPE: `api://${outputs.clientId}/.default`,
    });
    expect(await ask(`${stranger.url}/orders`)).toEqual({
      status: 502,
      body: { error: expect.stringMatching(/AADSTS501051: Application/) },
    });
    expect(await ask(`${stranger.url}/greeting`)).toMatchObject({ status: 502 });
  });

  it("has an application that the API's own pods can become", async () => {
    const kubernetes = kubeConfig(project.sandbox, cluster, await tokenFor(project.sandbox)).makeApiClient(
      CoreV1Api,
    );
    const { status } = await kubernetes.createNamespacedServiceAccountToken({
      namespace: "shop",
      name: "orders-api",
      body: { spec: { audiences: ["api://AzureADTokenExchange"] } },
    });
    const { tenantId } = project.sandbox.context.account;
    const response = await proxiedFetch(project.sandbox)(
      `https://login.microsoftonline.com/${tenantId}/oauth2/v2.0/token`,
      {
        method: "POST",
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: new URLSearchParams({
          grant_type: "client_credentials",
          client_id: outputs.clientId,
          scope: "https://vault.azure.net/.default",
          client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
          client_assertion: status?.token ?? "",
        }).toString(),
      },
    );
    const { access_token: token } = (await response.json()) as { access_token: string };
    expect(decodeJwt(token)).toMatchObject({ oid: outputs.principalId, appid: outputs.clientId });
  });

  it("is unchanged by a second up, and by a look at what is there", async () => {
    const again = await pulumi(...upArgs, "--expect-no-changes");
    expect(again.output).toMatch(/Resources:\s+\d+ unchanged/);
    expect(again.exitCode).toBe(0);
    const refreshed = await pulumi("refresh", "--yes", "--skip-preview");
    expect(refreshed.output).not.toMatch(/azuread.*(updated|deleted)/);
    expect(refreshed.exitCode).toBe(0);
    const after = await pulumi("preview", "--expect-no-changes");
    expect(after.exitCode, after.output).toBe(0);
  });

  it("goes whole", async () => {
    const { exitCode, output } = await pulumi(...destroyArgs);
    expect(output).not.toMatch(/error:/);
    expect(exitCode).toBe(0);
    const { store, directory } = project.sandbox.context;
    const left = azureResources(project.sandbox).filter((id) => !/\/deletedvaults\//i.test(id));
    expect(left).toEqual(before);
    expect(listApplications(store).map(({ displayName }) => displayName)).toEqual(["deployer"]);
    expect(store.list("appRoleAssignments")).toEqual([]);
    expect(directory.byObjectId(outputs.principalId)).toBeUndefined();
  });
});
