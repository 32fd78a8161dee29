import { join } from "node:path";
import type { Engine } from "../sandbox/engine/engine";
import { capturePulumi, type Environment } from "../sandbox/engine/run";
import { prepareStack } from "../sandbox/engine/stack-config";
import { type Measurement, measure } from "./measure";
import { processStat } from "./process-tree";
import { countResources, type ResourceCount, type StateResource } from "./resource-count";
import { startFreshSandbox } from "./sandbox";

/** The programs that make the same environment. */
export const programs = ["library", "hand-written", "hand-written-unchecked"] as const;
export type Program = (typeof programs)[number];

/** What bringing an environment up took. */
export interface EnvironmentRun {
  preview: Measurement;
  /** Absent when there was only a preview. */
  up?: Measurement & {
    /** Processor time of the local Azure, in seconds: none of the program's, and none that Azure would take. */
    sandboxSeconds?: number;
  };
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

/** Previews an environment, and brings it up, on a sandbox of its own. */
export async function runEnvironment(args: EnvironmentRunArgs): Promise<EnvironmentRun> {
  const { engine, program, workloads, stack, up } = args;
  const cwd = join(__dirname, program);
  const sandbox = await startFreshSandbox();
  try {
    const prepared = await prepareStack({ engine, projectDirectory: cwd, stack, env: sandbox.env });
    const env: Environment = { ...engine.env, ...prepared.env };
    const capture = (command: string[]) =>
      capturePulumi({ engine, cwd, env, args: [...command, ...prepared.args] });
    const timed = (command: string[]) =>
      measure({ file: engine.pulumi, args: [...command, "--non-interactive", ...prepared.args], cwd, env });

    await capture([
      ...["config", "set-all", "--plaintext", `workloads=${workloads}`],
      ...["--plaintext", "azure-native:location=westeurope"],
    ]);
    const preview = await timed(["preview"]);
    if (!up) return { preview };
    const before = processStat(sandbox.processId)?.ownSeconds;
    const measured = await timed(["up", "--yes", "--skip-preview", "--suppress-outputs"]);
    const after = processStat(sandbox.processId)?.ownSeconds;
    const state = JSON.parse(await capture(["stack", "export"])) as {
      deployment: { resources: StateResource[] };
    };
    return {
      preview,
      up: {
        ...measured,
        ...(before === undefined || after === undefined ? {} : { sandboxSeconds: after - before }),
      },
      resources: countResources(state.deployment.resources),
    };
  } finally {
    await sandbox.stop();
  }
}
