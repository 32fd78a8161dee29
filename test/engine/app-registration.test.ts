import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CoreV1Api } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listApplications } from "../../sandbox/entra/applications";
import { proxiedFetch } from "../sandbox/core/requests";
import { type Client, startClient } from "../sandbox/harness";
import { kubeConfig, type TestCluster, tokenFor } from "../sandbox/kubernetes/cluster-fixture";
import { containerOf } from "./pod";
import { destroyArgs, type StateResource, startProject, type TestProject, upArgs } from "./project";
import { type ProtectedApi, startProtectedApi } from "./protected-api";

const inProgram = { projectDirectory: join(__dirname, "app-registration-program") };
type Caller = Client<typeof import("./api-caller")>;

let project: TestProject;
let outputs: Record<
  | "clientId"
  | "clusterId"
  | "defaultScope"
  | "identifierUri"
  | "principalId"
  | "tenantId"
  | "tokenAudience"
  | "tokenIssuer",
  string
>;
let resources: StateResource[];
let cluster: TestCluster;
let api: ProtectedApi;
const callers: Caller[] = [];

const pulumi = (...args: string[]) => project.run("dev", args, inProgram);
const ofType = (type: string) =>
  resources.filter((resource) => resource.type.startsWith(`azuread:index/${type}:`));

beforeAll(async () => {
  project = await startProject();
  const { exitCode, output } = await pulumi(...upArgs);
  expect(output).not.toMatch(/error:/);
  expect(exitCode).toBe(0);
  outputs = JSON.parse((await pulumi("stack", "output", "--json")).output);
  resources = JSON.parse((await pulumi("stack", "export")).output).deployment.resources;
  const found = resources.find(({ id }) => id === outputs.clusterId);
  const { fqdn, oidcIssuerProfile } = found?.outputs ?? {};
  cluster = { id: outputs.clusterId, guid: "", fqdn, issuerUrl: oidcIssuerProfile.issuerURL };
  const { tokenIssuer: issuer, tokenAudience: audience } = outputs;
  api = await startProtectedApi({
    issuer,
    audience,
    role: "Orders.Read",
    fetch: proxiedFetch(project.sandbox),
  });
}, 240_000);
afterAll(async () => {
  for (const caller of callers) caller.stop();
  api?.stop();
  await project?.stop();
});

function startCaller(env: Record<string, string>): Caller {
  const caller: Caller = startClient(join(__dirname, "api-caller.ts"), {
    ...env,
    ...project.sandbox.networkEnv,
  });
  callers.push(caller);
  return caller;
}

/** The web app's process, with what its pod was given. */
async function podOf(workload: string): Promise<Caller> {
  const root = join(project.directory, "containers", workload);
  const { env } = await containerOf(project.sandbox, cluster, { namespace: "shop", workload, root });
  return startCaller(env);
}

describe("an app registration on the real engine", { timeout: 240_000 }, () => {
  it("is an application, its principal, what callers are given, and whom it trusts", () => {
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
        issuer: cluster.issuerUrl,
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
    expect(outputs.defaultScope).toBe(`api://${outputs.clientId}/.default`);
  });

  it("lets a web app with the role call the API", async () => {
    const web = await podOf("web");
    const { appid } = await web.call("whoAmI");
    expect(await web.call("callApi", api.url, outputs.defaultScope)).toEqual({
      status: 200,
      body: { caller: appid },
    });
    // A token for another of Azure's doors opens none here.
    expect(await web.call("callApi", api.url, "https://vault.azure.net/.default")).toMatchObject({
      status: 401,
    });
  });

  it("gives no token to a workload without the role", async () => {
    const stranger = await podOf("stranger");
    await expect(stranger.call("callApi", api.url, outputs.defaultScope)).rejects.toThrow(
      /AADSTS501051: Application/,
    );
  });

  it("is what the API's own pods become", async () => {
    const kubernetes = kubeConfig(project.sandbox, cluster, await tokenFor(project.sandbox)).makeApiClient(
      CoreV1Api,
    );
    const account = { namespace: "shop", name: "orders-api" };
    const { metadata } = await kubernetes.readNamespacedServiceAccount(account);
    const { status } = await kubernetes.createNamespacedServiceAccountToken({
      ...account,
      body: { spec: { audiences: ["api://AzureADTokenExchange"] } },
    });
    const directory = join(project.directory, "containers");
    mkdirSync(directory, { recursive: true });
    const file = join(directory, "orders-api-token");
    writeFileSync(file, status?.token ?? "", { mode: 0o600 });
    const pod = startCaller({
      AZURE_AUTHORITY_HOST: "https://login.microsoftonline.com/",
      AZURE_CLIENT_ID: metadata?.annotations?.["azure.workload.identity/client-id"] ?? "",
      AZURE_TENANT_ID: metadata?.annotations?.["azure.workload.identity/tenant-id"] ?? "",
      AZURE_FEDERATED_TOKEN_FILE: file,
    });
    expect(await pod.call("whoAmI")).toEqual({ oid: outputs.principalId, appid: outputs.clientId });
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
    expect(listApplications(store).map(({ displayName }) => displayName)).toEqual(["deployer"]);
    expect(store.list("appRoleAssignments")).toEqual([]);
    expect(directory.byObjectId(outputs.principalId)).toBeUndefined();
  });
});
