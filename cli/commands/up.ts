import { performance } from "node:perf_hooks";
import { capturePulumi, runPulumi } from "../../sandbox/engine/run";
import { addToKubeconfig } from "../kubeconfig";
import { kubeconfigFile, policyPack, root } from "../paths";
import { openSession } from "../session";
import { summary } from "../summary";
import { advisingUnfinished } from "../unfinished";

/** Brings an environment up and shows what came of it. @returns the exit code */
export async function up(stack: string): Promise<number> {
  const started = performance.now();
  const session = await openSession();
  try {
    const { args, env, state } = await session.stack(root, stack);
    const engine = session.engine;
    const upArgs = ["up", "--yes", "--policy-pack", policyPack, "--suppress-outputs", ...args];
    const code = await advisingUnfinished(
      state,
      () => runPulumi({ engine, cwd: root, env, args: upArgs }),
      "It stopped half-way. What was made is kept, and running it again goes on from there.",
    );
    if (code !== 0) return code;
    const printed = await capturePulumi({
      engine,
      cwd: root,
      env,
      args: ["stack", "output", "--json", "--show-secrets", ...args],
    });
    const { kubeconfig, ...outputs } = JSON.parse(printed);
    addToKubeconfig(kubeconfigFile, kubeconfig);
    const seconds = (performance.now() - started) / 1000;
    console.log(summary(stack, outputs, seconds, process.stdout.columns || undefined));
    return 0;
  } finally {
    await session.close();
  }
}
