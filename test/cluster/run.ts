import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { startProgress } from "../../cli/progress";
import { ControlPlaneUnavailable, ensureControlPlane } from "../../sandbox/control-plane/programs";

const root = join(__dirname, "../..");

/**
 * Runs the tests that need real control planes, after building those where they are not in the cache. Without a Go to
 * build them with there is nothing to run, which is no failure.
 */
async function main(): Promise<number> {
  const line = startProgress("Looking for the programs of the Kubernetes control plane");
  try {
    const { kubeApiServer } = await ensureControlPlane(line.report);
    line.done(`The programs of the Kubernetes control plane are there (${kubeApiServer} and others)`);
  } catch (error) {
    line.stop();
    if (!(error instanceof ControlPlaneUnavailable)) throw error;
    if (!error.lacksGo) {
      console.error(error.message);
      return 1;
    }
    console.log(`The tests on a real control plane are skipped: ${error.message}`);
    console.log("0 passed, 0 failed");
    return 0;
  }
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const args = [vitest, "run", "--config", "vitest.cluster.config.mts", ...process.argv.slice(2)];
  return spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" }).status ?? 1;
}

main().then((code) => {
  process.exitCode = code;
});
