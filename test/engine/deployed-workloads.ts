import { join } from "node:path";
import { startClient } from "../sandbox/harness";
import type { TestCluster } from "../sandbox/kubernetes/cluster-fixture";
import { type Container, containerOf } from "./pod";
import type { TestProject } from "./project";
import { type Outputs, type WorkloadClient, type WorkloadName, workloadNames } from "./workload-attempts";

const module = join(__dirname, "workload-client.ts");

/** The workloads of an environment that is up, each as a process with its pod's environment. */
export interface DeployedWorkloads {
  readonly outputs: Outputs;
  readonly cluster: TestCluster;
  readonly containers: Record<WorkloadName, Container>;
  readonly clients: Record<WorkloadName, WorkloadClient>;
  /** A process with a container's variables, and the way to the sandbox in place of the one to Azure. */
  clientWith(env: Record<string, string>): WorkloadClient;
  /** The host name of the SQL server that the workloads use. */
  readonly sqlServer: string;
  /** Runs a statement in the database `orders` as the deployer. */
  sql(statement: string): Promise<Record<string, unknown>[]>;
  stop(): void;
}

/** Starts a process for a pod of each workload, and puts data where they may find it. */
export async function startWorkloads(project: TestProject): Promise<DeployedWorkloads> {
  const outputs: Outputs = JSON.parse((await project.run("dev", ["stack", "output", "--json"])).output);
  const clusterType = "azure-native:containerservice:ManagedCluster";
  const found = (await project.state("dev")).find(({ type }) => type === clusterType)!;
  const { fqdn, oidcIssuerProfile } = found.outputs;
  const cluster: TestCluster = { id: found.id!, guid: "", fqdn, issuerUrl: oidcIssuerProfile.issuerURL };
  const clientWith = (env: Record<string, string>): WorkloadClient =>
    startClient(module, { ...env, ...project.sandbox.networkEnv });
  const containers = {} as Record<WorkloadName, Container>;
  const clients = {} as Record<WorkloadName, WorkloadClient>;
  for (const workload of workloadNames) {
    const root = join(project.directory, "containers", workload);
    const args = { namespace: "shop", workload, root };
    containers[workload] = await containerOf(project.sandbox, cluster, args);
    clients[workload] = clientWith(containers[workload].env);
  }
  const deployer: WorkloadClient = startClient(module, project.sandbox.env);
  const sqlServer = outputs.sqlServers.shop.fullyQualifiedDomainName;
  const sql = (statement: string) => deployer.call("sql", sqlServer, "orders", statement);
  await sql("CREATE TABLE dbo.items (id int PRIMARY KEY)");
  await sql("INSERT INTO dbo.items (id) VALUES (1)");
  const { docs, lake } = outputs.storageAccounts;
  await clients.orders.call("writeBlob", docs.blobEndpoint, "invoices", "0.txt", "there before");
  await clients.orders.call("writeBlob", lake.blobEndpoint, "events", "0.txt", "there before");
  return {
    outputs,
    cluster,
    containers,
    clients,
    clientWith,
    sqlServer,
    sql,
    stop: () => {
      for (const client of [...Object.values(clients), deployer]) client.stop();
    },
  };
}
