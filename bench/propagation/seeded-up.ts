import { rmSync } from "node:fs";
import { join } from "node:path";
import type { FaultSettings } from "../../sandbox/core/faults";
import type { Engine } from "../../sandbox/engine/engine";
import { startFreshSandbox, temporaryDirectory } from "../sandbox";
import { prepareStackRun } from "../stack-run";
import { type Wait, waitsIn } from "./waits";

/** Azure on a bad day: what is documented of its delays, and more trouble than it is known for. */
export const badDay: Omit<FaultSettings, "seed"> = {
  replicationSeconds: {
    // Entra's directory is replicated within minutes.
    principal: [0, 60],
    // https://learn.microsoft.com/azure/role-based-access-control/troubleshooting#symptom---role-assignment-changes-are-not-being-detected
    roleAssignment: [0, 600],
    // https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations
    federatedCredential: [0, 180],
  },
  throttleRate: 0.02,
  serverErrorRate: 0.01,
  resetRate: 0.01,
  operationTimeFactor: 0,
};

export interface SeededUp {
  seed: number;
  workloads: number;
  /** How often it had to be run again, and why; the wait is the last run's. */
  failures: string[];
  converged: boolean;
  waits: Wait[];
  /** Requests that faults struck. */
  struck: number;
  seconds: number;
}

/** Brings an environment up, on a sandbox of its own, and reads from its journal how it went. */
export async function seededUp(args: {
  engine: Engine;
  seed: number;
  workloads: number;
  speed: number;
}): Promise<SeededUp> {
  const { engine, seed, workloads, speed } = args;
  const sandbox = await startFreshSandbox({ speed, faults: { ...badDay, seed } });
  const temporary = temporaryDirectory();
  try {
    const run = await prepareStackRun({
      engine,
      sandbox,
      temporary,
      cwd: join(__dirname, "..", "library"),
      stack: `seed-${seed}-${workloads}`,
      config: { workloads: String(workloads), "azure-native:location": "westeurope" },
    });
    const failures: string[] = [];
    let seconds = 0;
    let converged = false;
    while (!converged && failures.length < mostRuns) {
      const { exitCode, output, seconds: took } = await run.up();
      seconds += took;
      converged = exitCode === 0;
      if (!converged) failures.push(output);
    }
    const journal = await sandbox.journal();
    const struck = journal.faults.length;
    return { seed, workloads, failures, converged, waits: waitsIn(journal, speed), struck, seconds };
  } finally {
    await sandbox.stop();
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** An update that fails is run again, this often in all. */
const mostRuns = 3;
