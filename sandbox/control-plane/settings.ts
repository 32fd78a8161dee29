import type { Clock } from "../core/clock";
import type { Store } from "../core/store";
import { createClusters } from "../kubernetes/cluster";

/** The environment variable that chooses: "simulated", the default, or "real". */
export const controlPlaneVariable = "KEYLESS_CONTROL_PLANE";

/** The sandbox cannot have the control planes that it is started with; the message says what to do. */
export class ControlPlaneMismatch extends Error {
  override readonly name = "ControlPlaneMismatch";
}

/** @throws ControlPlaneMismatch when the variable has another value than it may */
export function wantsRealControlPlane(env: NodeJS.ProcessEnv): boolean {
  const value = env[controlPlaneVariable] || "simulated";
  if (value === "real") return true;
  if (value === "simulated") return false;
  throw new ControlPlaneMismatch(`${controlPlaneVariable} must be 'simulated' or 'real', got '${value}'.`);
}

const table = "controlPlane";
const entry = "kind";

/** How far the sandbox's clock may be from the machine's, which API servers go by, in milliseconds. */
const tolerance = 30_000;

/**
 * Notes which kind of control plane the clusters of a store have.
 *
 * @throws ControlPlaneMismatch when there are clusters of the other kind, which would seem to be empty, or when the
 * clock is not the machine's
 */
export function settleControlPlane(store: Store, clock: Clock, real: boolean): void {
  const wanted = real ? "real" : "simulated";
  const kept = store.get<string>(table, entry) ?? "simulated";
  const clusters = createClusters(store).all();
  if (clusters.length > 0 && kept !== wanted) {
    throw new ControlPlaneMismatch(
      `The sandbox has ${clusters.length === 1 ? "a cluster" : "clusters"} with a ${kept} control plane ` +
        `(${clusters.map(({ name }) => name).join(", ")}). Set ${controlPlaneVariable}=${kept}, or destroy ` +
        `what is up, and then choose ${wanted}.`,
    );
  }
  if (real && (clock.speed !== 1 || Math.abs(clock.now() - Date.now()) > tolerance)) {
    throw new ControlPlaneMismatch(
      "A real control plane goes by the machine's clock, and the sandbox's runs ahead of it: leave KEYLESS_SPEED " +
        "out, and begin with a directory in which no time was skipped.",
    );
  }
  store.put(table, entry, wanted);
}
