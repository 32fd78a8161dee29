import { rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Engine } from "../sandbox/engine/engine";
import { capturePulumi, type Environment } from "../sandbox/engine/run";
import { prepareStack } from "../sandbox/engine/stack-config";
import { type Measurement, measure } from "./measure";
import { processStat } from "./process-tree";
import { countResources, type ResourceCount, type StateResource } from "./resource-count";
import { startFreshSandbox, temporaryDirectory } from "./sandbox";

/** The programs that make the same environment. */
export const programs = ["library", "hand-written"] as const;
export type Program = (typeof programs)[number];

/**
 * What is measured, in this order. Pulumi's own TypeScript loader checks a program's types, and keeps what it
 * compiled in the directory for temporary files until the program changes: so the first preview is what a pipeline
 * does, and what follows each edit; the others find the program unchanged.
 */
export const operations = ["first preview", "preview", "up"] as const;
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
  /** A stack that no run of this program has had before. */
  stack: string;
  /** Whether to bring it up, or to preview it only. */
  up: boolean;
}

const commands: Record<Operation, string[]> = {
  "first preview": ["preview"],
  preview: ["preview"],
  up: ["up", "--yes", "--skip-preview", "--suppress-outputs"],
};

/** Previews an environment, and brings it up, on a sandbox of its own. */
export async function runEnvironment(args: EnvironmentRunArgs): Promise<EnvironmentRun> {
  const { engine, program, workloads, stack, up } = args;
  const cwd = join(__dirname, program);
  const sandbox = await startFreshSandbox();
  const temporary = temporaryDirectory();
  try {
    const prepared = await prepareStack({ engine, projectDirectory: cwd, stack, env: sandbox.env });
    const env: Environment = {
      ...engine.env,
      ...prepared.env,
      PATH: [engine.env.PATH, sandbox.toolsDirectory].join(delimiter),
      TMPDIR: temporary,
    };
    const capture = (command: string[]) =>
      capturePulumi({ engine, cwd, env, args: [...command, ...prepared.args] });
    await capture([
      ...["config", "set-all", "--plaintext", `workloads=${workloads}`],
      ...["--plaintext", "azure-native:location=westeurope"],
    ]);

    const done: EnvironmentRun["operations"] = {};
    for (const operation of operations.filter((name) => up || name !== "up")) {
      const command = [...commands[operation], "--non-interactive", ...prepared.args];
      const before = processStat(sandbox.processId)?.ownSeconds;
      const measured = await measure({ file: engine.pulumi, args: command, cwd, env });
      const after = processStat(sandbox.processId)?.ownSeconds;
      const known = before !== undefined && after !== undefined;
      done[operation] = { ...measured, ...(known ? { sandboxSeconds: after - before } : {}) };
    }
    if (!up) return { operations: done };
    const state = JSON.parse(await capture(["stack", "export"])) as {
      deployment: { resources: StateResource[] };
    };
    return { operations: done, resources: countResources(state.deployment.resources) };
  } finally {
    await sandbox.stop();
    rmSync(temporary, { recursive: true, force: true });
  }
}
