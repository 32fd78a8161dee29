import type { SandboxContext } from "../core/context";
import type { Cluster } from "./cluster";

/** What Azure has to do with a cluster: the directory, role assignments, and the cluster's ARM resource. */
export interface AzureSide {
  readonly context: SandboxContext;
  /** As of now. */
  readonly cluster: Cluster;
}
