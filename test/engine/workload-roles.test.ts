import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ClientFailure, startClient } from "../sandbox/harness";
import type { TestCluster } from "../sandbox/kubernetes/cluster-fixture";
import { type Container, containerOf } from "./pod";
import { startProject, type TestProject, upArgs } from "./project";
import { attempts, type Outputs, type WorkloadClient, type WorkloadName } from "./workload-attempts";

const names: WorkloadName[] = ["orders", "mailer"];
const module = join(__dirname, "workload-client.ts");

let project: TestProject;
let outputs: Outputs;
const containers = {} as Record<WorkloadName, Container>;
const clients = {} as Record<WorkloadName, WorkloadClient>;
let deployer: WorkloadClient;

/** A process with a container's variables, and the way to the sandbox in place of the one to Azure. */
const clientWith = (env: Record<string, string>): WorkloadClient =>
  startClient(module, { ...env, ...project.sandbox.networkEnv });
const run = (statement: string) =>
  deployer.call("sql", outputs.sqlServers.shop.fullyQualifiedDomainName, "orders", statement);

beforeAll(async () => {
  project = await startProject();
  const { exitCode, output } = await project.run("dev", upArgs);
  expect(output).not.toMatch(/error:/);
  expect(exitCode).toBe(0);
  outputs = JSON.parse((await project.run("dev", ["stack", "output", "--json"])).output);
  const clusterType = "azure-native:containerservice:ManagedCluster";
  const found = (await project.state("dev")).find(({ type }) => type === clusterType)!;
  const { fqdn, oidcIssuerProfile } = found.outputs;
  const cluster: TestCluster = { id: found.id!, guid: "", fqdn, issuerUrl: oidcIssuerProfile.issuerURL };
  for (const workload of names) {
    const root = join(project.directory, "containers", workload);
    const args = { namespace: "shop", workload, root };
    containers[workload] = await containerOf(project.sandbox, cluster, args);
    clients[workload] = clientWith(containers[workload].env);
  }
  deployer = startClient(module, project.sandbox.env);
  await run("CREATE TABLE dbo.items (id int PRIMARY KEY)");
  await run("INSERT INTO dbo.items (id) VALUES (1)");
  const { docs, lake } = outputs.storageAccounts;
  await clients.orders.call("writeBlob", docs.blobEndpoint, "invoices", "0.txt", "there before");
  await clients.orders.call("writeBlob", lake.blobEndpoint, "events", "0.txt", "there before");
}, 240_000);

afterAll(async () => {
  for (const client of [...Object.values(clients), deployer]) client?.stop();
  await project?.stop();
});

describe.each(names)("workload %s, with its pod's environment alone,", (name) => {
  it("has the variables and the token that its pod was given, and nothing else", () => {
    const { env, pod } = containers[name];
    expect(Object.keys(env).sort()).toEqual([
      "AZURE_AUTHORITY_HOST",
      "AZURE_CLIENT_ID",
      "AZURE_FEDERATED_TOKEN_FILE",
      "AZURE_TENANT_ID",
    ]);
    expect(env.AZURE_CLIENT_ID).toBe(outputs.workloads[name].clientId);
    expect(pod.spec?.serviceAccountName).toBe(name);
  });

  it("is its identity", async () => {
    expect(await clients[name].call("whoAmI")).toMatchObject({
      appid: outputs.workloads[name].clientId,
      oid: outputs.workloads[name].principalId,
      mirid: expect.stringMatching(new RegExp(`/userAssignedIdentities/id-${name}-dev$`)),
    });
  });

  it.each(attempts.filter(({ who }) => who.includes(name)))("may $what", async ({ how, gives }) => {
    const result = await how(clients[name], outputs);
    if (gives !== undefined) expect(result).toEqual(gives);
  });

  it.each(attempts.filter(({ who }) => !who.includes(name)))("may not $what", async ({ how, refusal }) => {
    const { message, ...expected } = refusal;
    const failure = await how(clients[name], outputs).then(
      (result) => new Error(`It was let in: ${JSON.stringify(result)}`),
      (error: ClientFailure) => error,
    );
    expect(failure.message).toMatch(message);
    expect(failure).toMatchObject(expected);
  });

  it("cannot become the other with its own token", async () => {
    const other = name === "orders" ? "mailer" : "orders";
    const impostor = clientWith({
      ...containers[name].env,
      AZURE_CLIENT_ID: outputs.workloads[other].clientId,
    });
    try {
      await expect(impostor.call("whoAmI")).rejects.toThrow(
        `AADSTS700213: No matching federated identity record found for presented assertion subject 'system:serviceaccount:shop:${name}'.`,
      );
    } finally {
      impostor.stop();
    }
  });
});

// Each goes on from the one before; they change what the workloads above may do.
describe("the users in a database", { timeout: 240_000 }, () => {
  const may = async (name: WorkloadName, sql: string) =>
    clients[name].call("sql", outputs.sqlServers.shop.fullyQualifiedDomainName, "orders", sql).then(
      () => "may",
      (error: ClientFailure) => error.code,
    );

  it("are made anew with their database", async () => {
    const state = await project.state("dev");
    const { urn } = state.find(({ type }) => type === "azure-native:sql:Database")!;
    const { output } = await project.run("dev", ["preview", "--replace", urn, "--json"]);
    const { steps } = JSON.parse(output.slice(output.indexOf("{"))) as {
      steps: { op: string; urn: string }[];
    };
    const replaced = steps.filter(({ op }) => op === "replace").map((step) => step.urn.split("::").at(-1));
    expect(replaced.sort()).toEqual(["mailer-shop-orders-user", "orders-shop-orders-user", "shop-orders"]);
  });

  it("are mended when somebody changed them", async () => {
    await run("DROP USER [id-orders-dev]");
    await run("ALTER ROLE db_owner ADD MEMBER [id-mailer-dev]");
    const refreshed = await project.run("dev", ["refresh", "--yes", "--skip-preview"]);
    expect(refreshed.output).toMatch(/~ 1 updated\s+- 1 deleted/);
    const { exitCode, output } = await project.run("dev", upArgs);
    expect(output).toMatch(/\+ 1 created/);
    expect(exitCode).toBe(0);
    expect(await may("orders", "INSERT INTO dbo.items (id) VALUES (7)")).toBe("may");
    expect(await may("mailer", "SELECT id FROM dbo.items")).toBe("may");
    expect(await may("mailer", "DELETE FROM dbo.items")).toBe("229");
  });

  it("follow what the configuration says", async () => {
    project.configure("dev", ({ workloads: { orders, mailer } }) => {
      const isInside = ({ to, can }: { to: string; can: string }) => to === "sqlServer" && can !== "manage";
      orders.access.find(isInside).can = "read";
      mailer.access = mailer.access.filter((rule: { to: string; can: string }) => !isInside(rule));
    });
    const { exitCode, output } = await project.run("dev", upArgs);
    expect(output).not.toMatch(/error:/);
    expect(exitCode).toBe(0);
    expect(await may("orders", "SELECT id FROM dbo.items")).toBe("may");
    expect(await may("orders", "INSERT INTO dbo.items (id) VALUES (8)")).toBe("229");
    expect(await may("mailer", "SELECT id FROM dbo.items")).toBe("18456");
    expect(await run("SELECT name FROM sys.database_principals WHERE type = 'E'")).toEqual([
      { name: "id-orders-dev" },
    ]);
  });
});
