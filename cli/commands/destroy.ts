import pc from "picocolors";
import { capturePulumi, runPulumi } from "../../sandbox/engine/run";
import { removeFromKubeconfig } from "../kubeconfig";
import { kubeconfigFile, root } from "../paths";
import { openSession } from "../session";
import { advisingUnfinished } from "../unfinished";

/** Takes an environment down. @returns the exit code */
export async function destroy(stack: string): Promise<number> {
  const session = await openSession();
  try {
    const { args, env, state } = await session.stack(root, stack);
    const outputs = await capturePulumi({
      engine: session.engine,
      cwd: root,
      env,
      args: ["stack", "output", "--json", ...args],
    });
    const destroyArgs = ["destroy", "--yes", "--suppress-outputs", ...args];
    const code = await advisingUnfinished(
      state,
      () => runPulumi({ engine: session.engine, cwd: root, env, args: destroyArgs }),
      "It stopped half-way. Running it again goes on from there.",
    );
    if (code === 0) {
      const context = JSON.parse(outputs).cluster?.id?.split("/").at(-1);
      if (context !== undefined) removeFromKubeconfig(kubeconfigFile, context);
      console.log(
        `\n${pc.bold(stack)} is gone. Azure keeps deleted key vaults until their retention ends; the next up takes a new vault name.`,
      );
    }
    return code;
  } finally {
    await session.close();
  }
}
