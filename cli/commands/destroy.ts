import pc from "picocolors";
import { runPulumi } from "../../sandbox/engine/run";
import { checkStack, root } from "../paths";
import { openSession } from "../session";

/** Takes an environment down. @returns the exit code */
export async function destroy(stack: string): Promise<number> {
  checkStack(stack);
  const session = await openSession();
  try {
    const { args, env } = await session.stack(root, stack);
    const code = await runPulumi({
      engine: session.engine,
      cwd: root,
      env,
      args: ["destroy", "--yes", "--suppress-outputs", ...args],
    });
    if (code === 0) {
      console.log(
        `\n${pc.bold(stack)} is gone. Azure keeps deleted key vaults until their retention ends; the next up takes a new vault name.`,
      );
    }
    return code;
  } finally {
    await session.close();
  }
}
