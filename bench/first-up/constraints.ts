import type { JournalEntries, JournalWrite } from "../../sandbox/core/journal";
import type { Step } from "./chain";

/** What the journal does not tell: of each federated credential, by ARM id, the issuer that it trusts. */
export type IssuerOf = (credentialId: string) => string | undefined;

export interface ConstraintsArgs {
  journal: JournalEntries;
  /** The issuer of the cluster's tokens. */
  clusterIssuer: string;
  issuerOf: IssuerOf;
}

/** What Azure itself forces upon whoever brings an environment up, in words. */
export const constraints = [
  "a resource comes after its resource group, a child after its parent",
  "the federated credentials of one identity are written one after another",
  "a credential for the cluster's tokens comes after the cluster, whose issuer it names",
  "a role assignment comes after the resource that it is at and the principal that it is for; the nodes' principal comes with the cluster",
  "identities, credentials and role assignments take effect some time after they are written",
  "nobody uses the cluster's API before their role on it has taken effect",
  "a pod starts when its identity, its credential, its roles on data and the nodes' role on the registry have taken effect",
] as const;

const type = {
  group: "Microsoft.Resources/resourceGroups",
  identity: "Microsoft.ManagedIdentity/userAssignedIdentities",
  credential: "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
  assignment: "Microsoft.Authorization/roleAssignments",
  cluster: "Microsoft.ContainerService/managedClusters",
  registry: "Microsoft.ContainerRegistry/registries",
  pod: "Kubernetes/Pod",
  service: "Kubernetes/Service",
} as const;

/** The roles that a workload's own requests show, of vaults and of storage. */
const isOnData = ({ id }: JournalWrite) => /\/providers\/Microsoft\.(KeyVault|Storage)\//i.test(id);

/** Everything that Azure did, each with what Azure would not have done it before. */
export function stepsOf({ journal, clusterIssuer, issuerOf }: ConstraintsArgs): Step[] {
  // What was sent again after trouble changed nothing.
  const writes = [...new Map([...journal.writes].reverse().map((write) => [write.id, write])).values()]
    .filter(({ method }) => method !== "DELETE")
    .sort((one, other) => one.startedAt - other.startedAt);
  const of = (wanted: string) => writes.filter((write) => write.type === wanted);
  const [cluster] = of(type.cluster);
  const identities = of(type.identity);
  const assignments = of(type.assignment);
  const deployerRoles = assignments.filter(
    ({ id, principalId }) => id.startsWith(`${cluster?.id}/`) && !identityOf(principalId),
  );
  const nodeRoles = assignments.filter(
    (write) => resourceAt(write)?.type === type.registry && !identityOf(write.principalId),
  );

  function identityOf(principalId: string | undefined): JournalWrite | undefined {
    return identities.find((identity) => identity.principalId === principalId);
  }
  /** The highest resource in a role assignment's scope, if it is no group. */
  function resourceAt({ id }: JournalWrite): JournalWrite | undefined {
    const scope = id.slice(0, id.toLowerCase().lastIndexOf("/providers/microsoft.authorization/"));
    return writes.find(
      (write) =>
        write.type.split("/").length === 2 &&
        write.type !== type.group &&
        (scope === write.id || scope.startsWith(`${write.id}/`)),
    );
  }
  const idsOf = (some: readonly (JournalWrite | undefined)[]) => some.flatMap((write) => write?.id ?? []);
  const effect = ({ id }: JournalWrite) => `${id} takes effect`;

  function before(write: JournalWrite): string[] {
    const group = /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+(?=\/)/i.exec(write.id)?.[0];
    const inGroup = group === undefined ? [] : [group];
    switch (write.type) {
      case type.assignment: {
        const nodes = nodeRoles.includes(write) ? [cluster] : [];
        return [...inGroup, ...idsOf([resourceAt(write), identityOf(write.principalId), ...nodes])];
      }
      case type.credential: {
        const siblings = of(type.credential).filter(({ id }) => parentOf(id) === parentOf(write.id));
        const previous = siblings[siblings.indexOf(write) - 1];
        const trusted = issuerOf(write.id) === clusterIssuer ? [cluster] : [];
        return [parentOf(write.id), ...idsOf([previous, ...trusted])];
      }
      case type.pod:
        return [...deployerRoles.map(effect), ...nodeRoles.map(effect), ...grantsOf(write).map(effect)];
      case type.service:
        return deployerRoles.map(effect);
      default:
        return write.type.split("/").length > 2 ? [...inGroup, parentOf(write.id)] : inGroup;
    }
  }

  /** What a pod's workload was given; pods are called after their workload, as its identity is. */
  function grantsOf({ id }: JournalWrite): JournalWrite[] {
    const podName = id.split("/").at(-1) ?? "";
    const identity = identities.find(({ id }) => {
      const name = /\/id-([^/]+)-[^-/]+$/.exec(id)?.[1];
      return name !== undefined && podName.startsWith(`${name}-`);
    });
    if (!identity) return [];
    const own = of(type.credential).filter(
      (write) => parentOf(write.id) === identity.id && issuerOf(write.id) === clusterIssuer,
    );
    const roles = assignments.filter(
      (write) => write.principalId === identity.principalId && isOnData(write),
    );
    return [identity, ...own, ...roles];
  }

  return writes.flatMap((write) => {
    const { id, startedAt, completedAt, effectiveAt } = write;
    const made: Step = {
      id,
      label: labelOf(write),
      seconds: (completedAt - startedAt) / 1000,
      after: before(write),
    };
    if (effectiveAt === undefined) return [made];
    const seconds = Math.max(0, effectiveAt - completedAt) / 1000;
    return [
      made,
      { id: effect(write), label: `${labelOf(write)} takes effect`, seconds, after: [id], isMeans: true },
    ];
  });
}

const parentOf = (id: string): string => id.split("/").slice(0, -2).join("/");

function labelOf({ id, type: kind }: JournalWrite): string {
  const short = kind.split("/").at(-1);
  if (kind !== type.assignment) return `${short} ${id.split("/").at(-1)}`;
  const at = id.slice(0, id.toLowerCase().lastIndexOf("/providers/microsoft.authorization/"));
  return `role assignment at ${at.split("/").at(-1)}`;
}
