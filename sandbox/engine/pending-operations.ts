import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Engine } from "./engine";
import { capturePulumi, type Environment } from "./run";

interface StackState {
  engine: Engine;
  /** Where a command can run that may write the stack's configuration. */
  cwd: string;
  env: Environment;
  stack: string;
  /** The file of the stack's state. */
  state: string;
}

/** An operation of which the state only knows that an engine began it. */
interface PendingOperation {
  /** "creating", "updating", "deleting" … */
  type: string;
  resource: { type: string };
}

/**
 * The resources of the sandbox's providers and of this library: creating one again takes over what is there,
 * updating it again makes it the same, and deleting it again finds that it is gone. They are all in the stack's
 * own resource group or cluster, and go with those, but for role assignments, which are worth nothing without the
 * identity that they name.
 */
const repeatable = /^(azure-native|kubernetes|random):|^pulumi-nodejs:dynamic\/azure-keyless:/;

const canBeForgotten = ({ resource }: PendingOperation) => repeatable.test(resource.type);

/**
 * Has a stack's state forget the operations that an engine which was killed left unfinished. The next engine would
 * warn of each, and of creations at every run from then on, and ask the user to look into them; but the next `up`
 * or `destroy` begins them anew, and that is all there is to do. Operations on other providers' resources stay, and
 * so does the warning about those.
 *
 * @see https://www.pulumi.com/docs/support/troubleshooting/common-issues/interrupted-updates/
 */
export async function forgetPendingOperations(stackState: StackState): Promise<void> {
  const { engine, cwd, env, stack, state } = stackState;
  if (!(await readFile(state, "utf8").catch(() => "")).includes('"pending_operations"')) return;

  const args = ["--stack", stack];
  const exported = JSON.parse(
    await capturePulumi({ engine, cwd, env, args: ["stack", "export", ...args] }),
  ) as { deployment: { pending_operations?: PendingOperation[] } };
  const { pending_operations: pending = [] } = exported.deployment;
  const kept = pending.filter((operation) => !canBeForgotten(operation));
  if (kept.length === pending.length) return;
  exported.deployment.pending_operations = kept;
  const file = join(cwd, `${stack}.${process.pid}.json`);
  await writeFile(file, JSON.stringify(exported), { mode: 0o600 });
  try {
    await capturePulumi({ engine, cwd, env, args: ["stack", "import", "--file", file, ...args] });
  } finally {
    await rm(file, { force: true });
  }
}
