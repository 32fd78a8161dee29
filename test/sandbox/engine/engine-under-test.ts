import { type Engine, ensureEngine } from "../../../sandbox/engine/engine";
import { capturePulumi, type Environment } from "../../../sandbox/engine/run";
import { prepareStack } from "../../../sandbox/engine/stack-config";
import { temporaryDirectory } from "./project";

/** How long getting the CLI may take where it is not cached yet: it may have to be built. */
export const engineTimeout = 900_000;

/** The real CLI, with a state of its own. */
export async function freshEngine(): Promise<Engine> {
  return ensureEngine({ report: () => undefined, home: await temporaryDirectory() });
}

/** Runs a command on a stack that is prepared first, and answers what it printed. */
export async function pulumi(
  engine: Engine,
  projectDirectory: string,
  command: string[],
  env: Environment = {},
): Promise<string> {
  const prepared = await prepareStack({ engine, projectDirectory, stack: "dev", env });
  return capturePulumi({
    engine,
    cwd: projectDirectory,
    args: [...command, ...prepared.args],
    env: prepared.env,
  });
}

/** The outputs of a stack, secrets included. */
export async function outputs(engine: Engine, projectDirectory: string): Promise<Record<string, unknown>> {
  return JSON.parse(await pulumi(engine, projectDirectory, ["stack", "output", "--json", "--show-secrets"]));
}
