import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pipelineAssertion } from "../entra/pipeline";
import type { SigningKey } from "../entra/signing-key";
import type { Clock } from "./clock";

/** The file with the deployer's assertion, kept fresh while the sandbox runs. */
export interface DeployerAssertion {
  file: string;
  /** Stops refreshing and removes the file. */
  stop(): void;
}

/** SDKs read the file again after five minutes of real time, so an assertion must last well beyond them. */
const realLifetimeSeconds = 1200;
const shortestLifetimeSeconds = 3600;

/** Writes the assertion into `directory` and renews it when a quarter of its lifetime has passed. */
export async function keepDeployerAssertion(
  directory: string,
  key: SigningKey,
  clock: Clock,
): Promise<DeployerAssertion> {
  const file = join(directory, "deployer-assertion.jwt");
  const lifetimeSeconds = Math.max(shortestLifetimeSeconds, realLifetimeSeconds * clock.speed);
  let stopped = false;
  const write = async () => {
    const assertion = await pipelineAssertion(key, clock, lifetimeSeconds);
    if (stopped) return;
    writeFileSync(`${file}.tmp`, assertion, { mode: 0o600 });
    renameSync(`${file}.tmp`, file);
  };
  const refresh = async () => {
    while (!stopped) {
      await clock.sleep((lifetimeSeconds / 4) * 1000);
      if (!stopped) await write();
    }
  };
  await write();
  refresh().catch((error: Error) =>
    console.error(`The deployer's assertion cannot be renewed: ${error.message}`),
  );
  return {
    file,
    stop: () => {
      stopped = true;
      rmSync(file, { force: true });
    },
  };
}
