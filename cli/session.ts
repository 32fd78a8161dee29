import { delimiter, dirname } from "node:path";
import { prepareCommand } from "../sandbox/engine/command";
import { type Engine, ensureEngine } from "../sandbox/engine/engine";
import type { Environment } from "../sandbox/engine/run";
import { type PreparedStack, prepareStack } from "../sandbox/engine/stack-config";
import { home } from "./paths";
import { startProgress } from "./progress";
import { attachSandbox } from "./sandbox-process";

/** The engine, and a sandbox for it to work on. */
export interface Session {
  readonly engine: Engine;
  /** Makes a stack ready, see `prepareStack`. */
  stack(projectDirectory: string, stack: string): Promise<PreparedStack>;
  /** What a Pulumi command needs besides what the user wrote, see `prepareCommand`. */
  invocation(projectDirectory: string, args: string[]): Promise<{ args: string[]; env: Environment }>;
  close(): Promise<void>;
}

/** @param options.quiet says nothing when all goes well */
export async function openSession(options: { quiet?: boolean } = {}): Promise<Session> {
  const line = startProgress("Looking for the Pulumi engine");
  const say = (text: string) => {
    if (options.quiet) line.stop();
    else line.done(text);
  };
  try {
    const engine = await ensureEngine({ report: line.report, home });
    say(engine.how);
    const sandbox = await attachSandbox();
    const path = [dirname(engine.pulumi), sandbox.env.PATH].join(delimiter);
    const env = { ...sandbox.env, PATH: path };
    return {
      engine,
      stack: (projectDirectory, stack) => prepareStack({ engine, projectDirectory, stack, env }),
      invocation: (projectDirectory, args) =>
        prepareCommand({ engine, projectDirectory, args, defaultStack: "dev", env }),
      close: sandbox.release,
    };
  } catch (error) {
    line.stop();
    throw error;
  }
}
