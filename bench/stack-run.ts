import { spawn } from "node:child_process";
import { delimiter } from "node:path";
import type { Engine } from "../sandbox/engine/engine";
import { capturePulumi, type Environment } from "../sandbox/engine/run";
import { prepareStack } from "../sandbox/engine/stack-config";
import type { FreshSandbox } from "./sandbox";

export interface StackRunArgs {
  engine: Engine;
  sandbox: FreshSandbox;
  /** Of the program. */
  cwd: string;
  stack: string;
  /** For temporary files of the program's process. */
  temporary: string;
  config: Record<string, string>;
}

/** How an update ended. */
export interface Updated {
  exitCode: number;
  output: string;
  seconds: number;
}

/** A stack on a sandbox of its own. */
export interface StackRun {
  up(): Promise<Updated>;
  /** The stack's state. */
  resources(): Promise<{ type: string; id?: string; outputs?: Record<string, unknown> }[]>;
}

/** What a Pulumi command on a stack takes. */
export interface PreparedBenchStack {
  env: Environment;
  /** To be given to every command after its own words. */
  args: string[];
  /** Runs a command. @returns what it printed */
  capture(words: string[]): Promise<string>;
}

/** The state is written once, at the end of an update: what is measured is no property of the backend. */
export const stateOnce: Environment = { PULUMI_SKIP_CHECKPOINTS: "true" };

/** Makes a stack of a program, with its configuration. */
export async function prepareBenchStack(
  { engine, sandbox, cwd, stack, temporary, config }: StackRunArgs,
  more: Environment = {},
): Promise<PreparedBenchStack> {
  const prepared = await prepareStack({ engine, projectDirectory: cwd, stack, env: sandbox.env });
  const env: Environment = {
    ...engine.env,
    ...prepared.env,
    ...more,
    PATH: [engine.env.PATH, sandbox.toolsDirectory].join(delimiter),
    TMPDIR: temporary,
  };
  const capture = (words: string[]) =>
    capturePulumi({ engine, cwd, env, args: [...words, ...prepared.args] });
  const settings = Object.entries(config).flatMap(([key, value]) => ["--plaintext", `${key}=${value}`]);
  if (settings.length > 0) await capture(["config", "set-all", ...settings]);
  return { env, args: prepared.args, capture };
}

/** A stack to be brought up, whose end and time are of interest. */
export async function prepareStackRun(args: StackRunArgs): Promise<StackRun> {
  const { engine, cwd } = args;
  const { env, args: stackArgs, capture } = await prepareBenchStack(args, stateOnce);
  return {
    up: async () => {
      const started = performance.now();
      const child = spawn(
        engine.pulumi,
        ["up", "--yes", "--skip-preview", "--suppress-outputs", "--non-interactive", ...stackArgs],
        { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] },
      );
      let output = "";
      for (const stream of [child.stdout, child.stderr]) {
        stream.on("data", (chunk: Buffer) => {
          output += chunk.toString();
        });
      }
      const exitCode = await new Promise<number>((resolve, reject) => {
        child.once("error", reject);
        child.once("close", (code) => resolve(code ?? -1));
      });
      return { exitCode, output, seconds: (performance.now() - started) / 1000 };
    },
    resources: async () => JSON.parse(await capture(["stack", "export"])).deployment.resources,
  };
}
