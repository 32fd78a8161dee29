import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { parse, stringify } from "yaml";
import type { RunningSandbox } from "../../sandbox/core/sandbox";
import { type SandboxArgs, startSandbox } from "../../sandbox/core/sandbox";
import { type Engine, ensureEngine } from "../../sandbox/engine/engine";
import { prepareStack } from "../../sandbox/engine/stack-config";
import { installKubelogin } from "../../sandbox/kubernetes/kubelogin-shim";
import { attachProviders } from "../../sandbox/provider/attach";

const root = join(__dirname, "../..");

/** A resource in a stack's state. */
export interface StateResource {
  urn: string;
  type: string;
  id?: string;
  custom: boolean;
  dependencies?: string[];
  inputs: Record<string, any>;
  outputs: Record<string, any>;
}

/** How a Pulumi command ended. */
export interface Ended {
  exitCode: number;
  /** What it printed, on both streams. */
  output: string;
}

/** A Pulumi command under way. */
export interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  /** What it printed so far. */
  output(): string;
}

/** The real engine with a sandbox to work on. */
export interface Commands {
  /** Runs `pulumi <args>` on a stack. */
  run(stack: string, args: string[], options?: RunOptions): Promise<Ended>;
  /** The same, still running. */
  start(stack: string, args: string[], options?: RunOptions): Promise<Running>;
  state(stack: string): Promise<StateResource[]>;
}

/** The main program with a configuration, and an engine with a state, that belong to one test. */
export interface PreparedProject {
  readonly directory: string;
  readonly sandboxDirectory: string;
  readonly engine: Engine;
  /** Changes what a stack's `azure-keyless:environment` says. */
  configure(stack: string, change: (environment: any) => void): void;
  /** @param env leads to a sandbox, and makes the engine its deployer */
  on(env: Record<string, string>): Commands;
  remove(): void;
}

/** A project with a sandbox of its own. */
export interface TestProject extends Omit<PreparedProject, "on" | "remove">, Commands {
  readonly sandbox: RunningSandbox;
  stop(): Promise<void>;
}

export interface RunOptions {
  /** Another project than the main one. */
  projectDirectory?: string;
  env?: Record<string, string>;
}

/** @param sandboxDirectory what another sandbox kept, to begin with a copy of */
export async function prepareProject(sandboxDirectory?: string): Promise<PreparedProject> {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "keyless-engine-")));
  cpSync(join(root, "Pulumi.yaml"), join(directory, "Pulumi.yaml"));
  cpSync(join(root, "stacks"), join(directory, "stacks"), { recursive: true });
  for (const linked of ["infra", "node_modules"]) symlinkSync(join(root, linked), join(directory, linked));
  if (sandboxDirectory) cpSync(sandboxDirectory, join(directory, "sandbox"), { recursive: true });
  const engine = await ensureEngine({ report: () => {}, home: join(directory, ".keyless") });
  const kubelogin = dirname(await installKubelogin(join(directory, "bin")));
  const path = [dirname(engine.pulumi), process.env.PATH, kubelogin].join(delimiter);
  return {
    directory,
    sandboxDirectory: join(directory, "sandbox"),
    engine,
    configure: (stack, change) => {
      const file = join(directory, "stacks", `Pulumi.${stack}.yaml`);
      const content = parse(readFileSync(file, "utf8"));
      change(content.config["azure-keyless:environment"]);
      writeFileSync(file, stringify(content));
    },
    on: (env) => commandsOn({ engine, directory, env: { ...env, PATH: path } }),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

function commandsOn(project: { engine: Engine; directory: string; env: Record<string, string> }): Commands {
  const { engine } = project;
  const start: Commands["start"] = async (stack, command, options = {}) => {
    const projectDirectory = options.projectDirectory ?? project.directory;
    const env = { ...project.env, ...options.env };
    const prepared = await prepareStack({ engine, projectDirectory, stack, env });
    const child = spawn(engine.pulumi, [...command, ...prepared.args, "--non-interactive"], {
      cwd: projectDirectory,
      env: { ...process.env, ...engine.env, ...prepared.env },
      stdio: ["ignore", "pipe", "pipe"],
      // A group of its own, so that a signal to the tests is none to the engine.
      detached: true,
    });
    return watch(child);
  };
  const run: Commands["run"] = async (stack, command, options) =>
    (await start(stack, command, options)).ended;
  return {
    start,
    run,
    state: async (stack) => {
      const { output } = await run(stack, ["stack", "export"]);
      return JSON.parse(output).deployment.resources ?? [];
    },
  };
}

/** Collects what a process prints on both streams. */
export function watch(child: ChildProcess & { stdout: Readable; stderr: Readable }): Running {
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      output += chunk;
    });
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ exitCode: code ?? -1, output }));
  });
  return { process: child, ended, output: () => output };
}

/** The main program with configuration of its own, on a sandbox of its own. */
export async function startProject(
  args: Omit<SandboxArgs, "directory"> = {},
  prepared?: PreparedProject,
): Promise<TestProject> {
  const { on, remove, ...project } = prepared ?? (await prepareProject());
  const sandbox = await startSandbox({ directory: project.sandboxDirectory, ...args });
  const providers = await attachProviders(sandbox);
  return {
    ...project,
    ...on({ ...sandbox.env, PULUMI_DEBUG_PROVIDERS: providers.debugProviders }),
    sandbox,
    stop: async () => {
      await providers.close();
      await sandbox.close();
      remove();
    },
  };
}

/** `up` without questions, stopped by the policy pack where it must be. */
export const upArgs = ["up", "--yes", "--skip-preview", "--policy-pack", join(root, "policy")];
export const destroyArgs = ["destroy", "--yes", "--skip-preview"];

/** Everything that ARM has in a sandbox, besides the deployer's own role. */
export function azureResources({ context }: RunningSandbox): string[] {
  return context.store
    .list<{ body: { id: string } }>("resources")
    .map(({ value }) => value.body.id)
    .filter(
      (id) => !/^\/subscriptions\/[^/]+\/providers\/Microsoft.Authorization\/roleAssignments\//.test(id),
    );
}
