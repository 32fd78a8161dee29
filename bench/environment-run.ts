import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Engine } from "../sandbox/engine/engine";
import type { Environment } from "../sandbox/engine/run";
import { type Measurement, measure } from "./measure";
import { processStat } from "./process-tree";
import { countResources, type ResourceCount, type StateResource } from "./resource-count";
import { startFreshSandbox, temporaryDirectory } from "./sandbox";
import { prepareBenchStack, stateOnce } from "./stack-run";
import { wakeBlobStorage } from "./wake-storage";

/** The programs that make the same environment. */
export const programs = ["library", "hand-written"] as const;
export type Program = (typeof programs)[number];

/**
 * What is measured, in this order.
 *
 * Pulumi's own TypeScript loader checks a program's types, and keeps what it compiled in the directory for temporary
 * files until the program changes: so the first preview is what a pipeline does, and what follows each edit; the
 * others find the program unchanged.
 *
 * A backend that keeps the state in files writes all of it at each step of an update, which takes the longer the
 * more there is: time grows with the square of the size, whatever the program. Pulumi Cloud is told of changes
 * only; what remains then is shown by an update that writes the state once, at its end.
 */
export const operations = ["first preview", "preview", "up", "up, state in files"] as const;
export type Operation = (typeof operations)[number];

export interface OperationMeasurement extends Measurement {
  /** Processor time of the local Azure, in seconds: none of the program's, and none that Azure would take. */
  sandboxSeconds?: number;
}

/** What bringing an environment up took. */
export interface EnvironmentRun {
  operations: Partial<Record<Operation, OperationMeasurement>>;
  /** What the stack holds after `up`. */
  resources?: ResourceCount;
}

export interface EnvironmentRunArgs {
  engine: Engine;
  program: Program;
  workloads: number;
  /** Begins the names of the stacks; no run of this program may have had it before. */
  stackPrefix: string;
  operations: readonly Operation[];
}

const update = ["up", "--yes", "--skip-preview", "--suppress-outputs"];

/** How each operation is run; one that makes the environment again does it in a stack of its own. */
const commands: Record<Operation, { stack: "a" | "b"; args: string[]; env?: Environment }> = {
  "first preview": { stack: "a", args: ["preview"] },
  preview: { stack: "a", args: ["preview"] },
  up: { stack: "a", args: update, env: stateOnce },
  "up, state in files": { stack: "b", args: update },
};

/** Previews an environment, and brings it up, on a sandbox of its own. */
export async function runEnvironment(args: EnvironmentRunArgs): Promise<EnvironmentRun> {
  const { engine, program, workloads, stackPrefix } = args;
  const cwd = join(__dirname, program);
  const sandbox = await startFreshSandbox();
  const temporary = temporaryDirectory();
  try {
    await wakeBlobStorage(sandbox);
    const run: EnvironmentRun = { operations: {} };
    for (const operation of args.operations) {
      const command = commands[operation];
      const stack = `${stackPrefix}${command.stack}`;
      const prepared = await prepareBenchStack(
        {
          ...{ engine, sandbox, cwd, stack, temporary },
          config: { workloads: String(workloads), "azure-native:location": "westeurope" },
        },
        command.env,
      );
      const before = processStat(sandbox.processId)?.ownSeconds;
      const measured = await measure({
        file: engine.pulumi,
        args: [...command.args, "--non-interactive", ...prepared.args],
        cwd,
        env: prepared.env,
      });
      const after = processStat(sandbox.processId)?.ownSeconds;
      const known = before !== undefined && after !== undefined;
      run.operations[operation] = { ...measured, ...(known ? { sandboxSeconds: after - before } : {}) };
      if (operation === "up") {
        const state: ExportedStack = JSON.parse(await prepared.capture(["stack", "export"]));
        run.resources = countResources(state.deployment.resources);
      }
    }
    return run;
  } finally {
    await sandbox.stop();
    rmSync(temporary, { recursive: true, force: true });
  }
}

interface ExportedStack {
  deployment: { resources: StateResource[] };
}
