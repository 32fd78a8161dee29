import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "./errors";

export const root = join(__dirname, "..");
/** What the commands keep: the sandbox's state, the stacks' state, logs. Never committed. */
export const home = join(root, ".keyless");
export const sandboxDirectory = join(home, "sandbox");
export const environmentFile = join(home, "sandbox.env");
/** Where a sandbox that keeps running says how it is reached. */
export const announcementFile = join(home, "sandbox.json");
export const policyPack = join(root, "policy");

/** @throws UsageError when there is no configuration of that name */
export function checkStack(stack: string): void {
  const file = /^Pulumi\.(.+)\.yaml$/;
  const known = readdirSync(join(root, "stacks")).flatMap((name) => file.exec(name)?.[1] ?? []);
  if (!existsSync(join(root, "stacks", `Pulumi.${stack}.yaml`))) {
    throw new UsageError(
      `There is no stack '${stack}': stacks/Pulumi.${stack}.yaml is missing. There are ${known.join(", ")}.`,
    );
  }
}
