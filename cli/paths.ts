import { join } from "node:path";

export const root = join(__dirname, "..");
/** What the commands keep: the sandbox's state, the stacks' state, logs. Never committed. */
export const home = join(root, ".keyless");
export const sandboxDirectory = join(home, "sandbox");
export const environmentFile = join(home, "sandbox.env");
/** Where a sandbox that keeps running says how it is reached. */
export const announcementFile = join(home, "sandbox.json");
/** The clusters of the stacks that are up, for kubectl. */
export const kubeconfigFile = join(home, "kubeconfig");
export const policyPack = join(root, "policy");
