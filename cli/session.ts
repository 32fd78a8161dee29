import { delimiter } from "node:path";
import { ensureControlPlane } from "../sandbox/control-plane/programs";
import { wantsRealControlPlane } from "../sandbox/control-plane/settings";
import { type PreparedCommand, prepareCommand } from "../sandbox/engine/command";
import { type Engine, ensureEngine } from "../sandbox/engine/engine";
import { type PreparedStack, prepareStack } from "../sandbox/engine/stack-config";
import { home } from "./paths";
import { type ProgressLine, startProgress } from "./progress";
import { type AttachedSandbox, attachSandbox } from "./sandbox-process";

/** The engine, and a sandbox for it to work on. */
export interface Session {
  readonly engine: Engine;
  /** Makes a stack ready, see `prepareStack`. */
  stack(projectDirectory: string, stack: string): Promise<PreparedStack>;
  /** What a Pulumi command needs besides what the user wrote, see `prepareCommand`. */
  invocation(projectDirectory: string, args: string[]): Promise<PreparedCommand>;
  close(): Promise<void>;
}

/** @param options.quiet says nothing when all goes well */
export async function openSession(options: { quiet?: boolean } = {}): Promise<Session> {
  const engine = await findEngine(options);
  const sandbox = await findSandbox(options);
  // A kubelogin of the user's own comes before ours.
  const env = { ...sandbox.env, PATH: [engine.env.PATH, sandbox.toolsDirectory].join(delimiter) };
  return {
    engine,
    stack: (projectDirectory, stack) => prepareStack({ engine, projectDirectory, stack, env }),
    invocation: (projectDirectory, args) =>
      prepareCommand({ engine, projectDirectory, args, defaultStack: "dev", env }),
    close: sandbox.release,
  };
}

/** Attaches the sandbox, with a line on stderr where one has to be started. */
async function findSandbox(options: { quiet?: boolean }): Promise<AttachedSandbox> {
  let line: ProgressLine | undefined;
  try {
    const sandbox = await attachSandbox(async () => {
      await findControlPlane(options);
      line = startProgress("Starting the local Azure", options.quiet);
    });
    line?.done(`Local Azure, subscription ${sandbox.account.subscriptionId}`);
    return sandbox;
  } catch (error) {
    line?.stop();
    throw error;
  }
}

/** Finds or gets the engine, with a line on stderr that says how far that is. */
export async function findEngine({ quiet = false }: { quiet?: boolean } = {}): Promise<Engine> {
  const line = startProgress("Looking for the Pulumi engine", quiet);
  try {
    const engine = await ensureEngine({ report: line.report, home });
    line.done(engine.how);
    return engine;
  } catch (error) {
    line.stop();
    throw error;
  }
}

/** Builds the programs of a real control plane, where one is wanted and they are not there, with a line on stderr. */
export async function findControlPlane({ quiet = false }: { quiet?: boolean } = {}): Promise<void> {
  if (!wantsRealControlPlane(process.env)) return;
  const line = startProgress("Looking for the programs of the Kubernetes control plane", quiet);
  try {
    await ensureControlPlane(line.report);
    line.done("AKS clusters get real control planes: etcd, kube-apiserver, kube-controller-manager");
  } catch (error) {
    line.stop();
    throw error;
  }
}
