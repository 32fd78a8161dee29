import { createAzureReader } from "../../components/diagnosis/azure-reader";
import { deployerCredential } from "../../components/dynamic/credential";
import { connectCluster } from "../../components/propagation/cluster-client";
import { viewWorkloads } from "./credential-rules";
import { type Diagnosis, diagnose } from "./diagnose";
import { readLiveView } from "./live-facts";
import { type ExportedResource, readStack } from "./stack-state";
import { verifyWorkload, type WorkloadReport } from "./verify-workload";

/** What the process is asked, as JSON on stdin. */
export interface InspectionRequest {
  resources: ExportedResource[];
  /** The workloads to become: all for "all", none for a look from outside. */
  become: "all" | string[];
}

/** What it answers, as JSON on stdout. */
export interface InspectionReport extends Diagnosis {
  workloads: WorkloadReport[];
}

/** How many workloads are become at a time, so that no service throttles. */
const concurrency = 4;

async function inspect({ resources, become }: InspectionRequest): Promise<InspectionReport> {
  const stack = readStack(resources);
  const azure = createAzureReader(deployerCredential());
  const { facts, clients } = await readLiveView(stack, azure, connectCluster);
  const pending = viewWorkloads(stack, facts).filter(
    ({ proof }) => become === "all" || become.includes(proof.name),
  );
  const workloads: WorkloadReport[] = [];
  const next = async () => {
    for (let view = pending.shift(); view; view = pending.shift()) {
      workloads.push(await verifyWorkload(view, stack, facts, clients.get(view.cluster?.id ?? "")));
    }
  };
  await Promise.all(Array.from({ length: concurrency }, next));
  workloads.sort((one, other) => one.name.localeCompare(other.name));
  return { ...diagnose(stack, facts), workloads };
}

async function main(): Promise<void> {
  let text = "";
  for await (const chunk of process.stdin) text += chunk;
  process.stdout.write(JSON.stringify(await inspect(JSON.parse(text) as InspectionRequest)));
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
