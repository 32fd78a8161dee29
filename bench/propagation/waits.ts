import { pollIntervalMs } from "../../components/propagation/poll-interval";
import type { JournalAccess, JournalEntries, JournalWrite } from "../../sandbox/core/journal";

/** One wait of an update, by the sandbox's own journal. Times are seconds of sandbox time since the first look. */
export interface Wait {
  what: "cluster" | "workloads";
  /** How many identities were waited for. */
  identities: number;
  /** When everything that was waited for had taken effect; 0 when it had before the first look. */
  worksAt: number;
  /** When the last look showed the last of it. */
  endedAt: number;
  /** How long the pause before that look may have been, at most. */
  pollInterval: number;
  /** Looks that found that something did not work yet. */
  refusals: number;
  /** Requests that faults struck, of any service that was looked at, after everything had taken effect. */
  struckAtEnd: number;
}

const identityType = "Microsoft.ManagedIdentity/userAssignedIdentities";
const assignmentType = "Microsoft.Authorization/roleAssignments";
const clusterType = "Microsoft.ContainerService/managedClusters";

/** What was granted to one principal and what it then asked for. */
export interface Watched {
  grants: JournalWrite[];
  accesses: JournalAccess[];
}

/** The principals whose way to Azure an update waits for. */
export function watchedIn({ writes, accesses }: JournalEntries): { cluster: Watched; workloads: Watched[] } {
  const byType = (type: string) => writes.filter((write) => write.type === type && write.method === "PUT");
  const assignments = byType(assignmentType);
  const workloads = byType(identityType).map((identity) => ({
    grants: [
      identity,
      ...writes.filter(({ id }) => id.startsWith(`${identity.id}/federatedIdentityCredentials/`)),
      ...assignments.filter(({ principalId }) => principalId === identity.principalId),
    ],
    accesses: accesses.filter(({ principalId }) => principalId === identity.principalId),
  }));
  const [cluster] = byType(clusterType);
  const administrator = assignments.filter(
    ({ id, principalId }) =>
      id.startsWith(`${cluster?.id}/providers/`) &&
      !workloads.some(({ grants }) => grants[0]?.principalId === principalId),
  );
  return {
    cluster: {
      grants: administrator,
      accesses: accesses.filter(
        ({ operation, scope, principalId }) =>
          operation === `${clusterType}/namespaces/read` &&
          scope === cluster?.id &&
          principalId === administrator[0]?.principalId,
      ),
    },
    // An identity that nobody becomes is waited for by nobody.
    workloads: workloads.filter((workload) => workload.accesses.length > 0),
  };
}

/** @param speed sandbox seconds in a real one */
export function waitsIn(journal: JournalEntries, speed: number): Wait[] {
  const { cluster, workloads } = watchedIn(journal);
  return [
    ...(cluster.accesses.length > 0 ? [waitFor("cluster", [cluster], journal, speed)] : []),
    ...(workloads.length > 0 ? [waitFor("workloads", workloads, journal, speed)] : []),
  ];
}

function waitFor(
  what: Wait["what"],
  watched: readonly Watched[],
  { faults }: JournalEntries,
  speed: number,
): Wait {
  const grants = watched.flatMap((one) => one.grants);
  const accesses = watched.flatMap((one) => one.accesses);
  const started = Math.min(...accesses.map(({ firstAt }) => firstAt));
  const sinceStart = (time: number) => Math.max(0, time - started) / 1000;
  const endedAt = sinceStart(
    Math.max(...accesses.map(({ allowedAt }) => allowedAt ?? Number.POSITIVE_INFINITY)),
  );
  const worksAt = sinceStart(Math.max(...grants.map(({ effectiveAt = 0 }) => effectiveAt)));
  return {
    what,
    identities: watched.length,
    worksAt,
    endedAt,
    pollInterval: (pollIntervalMs((worksAt * 1000) / speed, watched.length) * speed) / 1000,
    refusals: accesses.reduce((sum, { refusals }) => sum + refusals, 0),
    struckAtEnd: faults.filter(({ at }) => {
      const time = (at - started) / 1000;
      return time >= worksAt && time <= endedAt;
    }).length,
  };
}
