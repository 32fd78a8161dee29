import { runPulumi } from "../../sandbox/engine/run";
import { policyPack, root } from "../paths";
import { openSession } from "../session";

/** Shows what `up` would change. @returns the exit code */
export async function preview(stack: string): Promise<number> {
  const session = await openSession();
  try {
    const { args, env } = await session.stack(root, stack);
    return await runPulumi({
      engine: session.engine,
      cwd: root,
      env,
      args: ["preview", "--policy-pack", policyPack, ...args],
    });
  } finally {
    await session.close();
  }
}
