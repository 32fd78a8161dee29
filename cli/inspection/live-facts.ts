import type { AzureReader } from "../../components/diagnosis/azure-reader";
import type { ClusterClient } from "../../components/propagation/cluster-client";
import { LinkFailure } from "../../components/propagation/link-failure";
import { tryPatiently } from "../../components/propagation/try-patiently";
import { type ClusterFacts, logInToCluster, readClusterFacts } from "./cluster-facts";
import type { RolePermission } from "./role-actions";
import { covers, type DeclaredStack, type RoleAssignment, sameId } from "./stack-state";

export interface LiveCredential {
  id: string;
  issuer: string;
  subject: string;
  audiences: string[];
}

export interface LiveIdentity {
  id: string;
  clientId: string;
  principalId: string;
  tenantId: string;
  credentials: LiveCredential[];
}

export interface LiveRole {
  /** "Key Vault Secrets User" */
  name: string;
  permissions: RolePermission[];
}

/** How things are, as ARM and Kubernetes show them to whoever runs the command. */
export interface LiveFacts {
  clusters: ClusterFacts[];
  /** Those of the stack that are there. */
  identities: LiveIdentity[];
  /** At, above and beneath the stack's resource groups, and the stack's own elsewhere. */
  roleAssignments: RoleAssignment[];
  /** By the lower-case GUID, as far as assignments name them. */
  roles: Record<string, LiveRole>;
  /** Principals that have an assignment and are not in the directory. */
  gonePrincipals: string[];
  /** Principals that have an assignment and could not be looked up. */
  unknownPrincipals: string[];
}

/** The API versions that the components use too. */
const versions = {
  identity: "2023-01-31",
  roleAssignment: "2022-04-01",
  roleDefinition: "2022-04-01",
  cluster: "2025-09-01",
} as const;

interface ArmCluster {
  id: string;
  identity?: { principalId?: string };
  properties: {
    oidcIssuerProfile?: { enabled?: boolean; issuerURL?: string };
    identityProfile?: { kubeletidentity?: { objectId?: string } };
  };
}

export const roleGuid = (roleDefinitionId: string): string =>
  (roleDefinitionId.split("/").at(-1) ?? "").toLowerCase();

/** What was read, and the clusters to go on with. */
export interface LiveView {
  facts: LiveFacts;
  /** By the cluster's ARM id; without those that cannot be reached. */
  clients: Map<string, ClusterClient>;
}

/** Reads everything that diagnosis looks at. @throws AzureRefused when the stack's own resources may not be read */
export async function readLiveView(
  stack: DeclaredStack,
  azure: AzureReader,
  connect: (kubeconfig: string) => ClusterClient,
): Promise<LiveView> {
  const armClusters = await findClusters(stack, azure);
  const clients = new Map<string, ClusterClient>();
  const namespaces = [...new Set(stack.workloads.map(({ namespace }) => namespace))];
  const readCluster = async ({ id, properties }: ArmCluster): Promise<ClusterFacts> => {
    const cluster = { id, issuerUrl: properties.oidcIssuerProfile?.issuerURL };
    try {
      const client = await logInToCluster(id, azure, connect);
      const read = await tryPatiently(() => readClusterFacts(client, namespaces));
      clients.set(id, client);
      return { ...cluster, ...read };
    } catch (error) {
      const why = error instanceof LinkFailure ? `${error.link}: ${error.answer}. ` : "";
      const unreachable = why + (error as Error).message;
      return { ...cluster, unreachable, serviceAccounts: [], podOwners: [], pods: [] };
    }
  };
  const [identities, roleAssignments, clusters] = await Promise.all([
    readIdentities(stack, azure),
    readRoleAssignments(stack, azure),
    Promise.all(armClusters.map(readCluster)),
  ]);
  const alive = [
    ...identities.map(({ principalId }) => principalId),
    ...armClusters.flatMap(({ identity, properties }) => [
      identity?.principalId ?? "",
      properties.identityProfile?.kubeletidentity?.objectId ?? "",
    ]),
    (await azure.objectId()) ?? "",
  ];
  const facts = {
    clusters,
    identities,
    roleAssignments,
    roles: await readRoles([...roleAssignments, ...stack.roleAssignments], azure),
    ...(await readPrincipals(stack, roleAssignments, alive, azure)),
  };
  return { facts, clients };
}

/** The stack's clusters and, when workloads are on others, those of the subscription. */
async function findClusters(stack: DeclaredStack, azure: AzureReader): Promise<ArmCluster[]> {
  const own = await Promise.all(stack.clusters.map((id) => azure.get<ArmCluster>(id, versions.cluster)));
  if (stack.clusters.length > 0) return own.filter((cluster) => cluster !== undefined);
  const subscriptions = new Set(
    stack.identities.map(({ id }) => id.split("/").slice(0, 3).join("/").toLowerCase()),
  );
  const issuers = new Set(stack.workloads.map(({ issuer }) => issuer));
  const listed = await Promise.all(
    [...subscriptions].map((subscription) =>
      azure.list<ArmCluster>(
        `${subscription}/providers/Microsoft.ContainerService/managedClusters`,
        versions.cluster,
      ),
    ),
  );
  return listed
    .flatMap((clusters) => clusters ?? [])
    .filter(({ properties }) => issuers.has(properties.oidcIssuerProfile?.issuerURL ?? ""));
}

async function readIdentities(stack: DeclaredStack, azure: AzureReader): Promise<LiveIdentity[]> {
  type Identity = { id: string; properties: Omit<LiveIdentity, "id" | "credentials"> };
  type Credential = { id: string; properties: Omit<LiveCredential, "id"> };
  const found = await Promise.all(
    stack.identities.map(async ({ id }): Promise<LiveIdentity[]> => {
      const identity = await azure.get<Identity>(id, versions.identity);
      if (!identity) return [];
      const credentials = await azure.list<Credential>(
        `${id}/federatedIdentityCredentials`,
        versions.identity,
      );
      const { clientId, principalId, tenantId } = identity.properties;
      return [
        {
          id,
          clientId,
          principalId,
          tenantId,
          credentials: (credentials ?? []).map(({ id, properties: { issuer, subject, audiences } }) => ({
            id,
            issuer,
            subject,
            audiences,
          })),
        },
      ];
    }),
  );
  return found.flat();
}

async function readRoleAssignments(stack: DeclaredStack, azure: AzureReader): Promise<RoleAssignment[]> {
  type Assignment = { id: string; properties: Omit<RoleAssignment, "id"> };
  const convert = ({ id, properties: { scope, roleDefinitionId, principalId } }: Assignment) => ({
    id,
    scope,
    roleDefinitionId,
    principalId,
  });
  const groups = new Map(
    [...stack.identities, ...stack.data.vaults, ...stack.data.storageAccounts, ...stack.data.databases]
      .map(({ id }) => id.split("/").slice(0, 5).join("/"))
      .map((group) => [group.toLowerCase(), group]),
  );
  const listed = await Promise.all(
    [...groups.values()].map((group) =>
      azure.list<Assignment>(
        `${group}/providers/Microsoft.Authorization/roleAssignments`,
        versions.roleAssignment,
      ),
    ),
  );
  const elsewhere = stack.roleAssignments.filter(
    ({ scope }) => ![...groups.keys()].some((group) => covers(group, scope)),
  );
  const own = await Promise.all(
    elsewhere.map(({ id }) => azure.get<Assignment>(id, versions.roleAssignment)),
  );
  const all = [...listed.flatMap((page) => page ?? []), ...own.filter((one) => one !== undefined)].map(
    convert,
  );
  return [...new Map(all.map((one) => [one.id.toLowerCase(), one])).values()];
}

async function readRoles(
  assignments: readonly RoleAssignment[],
  azure: AzureReader,
): Promise<Record<string, LiveRole>> {
  type Definition = { properties: { roleName: string; permissions: RolePermission[] } };
  const ids = new Map(assignments.map(({ roleDefinitionId: id }) => [roleGuid(id), id]));
  const roles = await Promise.all(
    [...ids].map(async ([guid, id]): Promise<[string, LiveRole][]> => {
      const definition = await azure.get<Definition>(id, versions.roleDefinition);
      if (!definition) return [];
      const { roleName, permissions } = definition.properties;
      return [[guid, { name: roleName, permissions }]];
    }),
  );
  return Object.fromEntries(roles.flat());
}

/** Which of the principals that have something in the stack's groups are gone. */
async function readPrincipals(
  stack: DeclaredStack,
  assignments: readonly RoleAssignment[],
  alive: readonly string[],
  azure: AzureReader,
): Promise<Pick<LiveFacts, "gonePrincipals" | "unknownPrincipals">> {
  const questionable = [...new Set(assignments.map(({ principalId }) => principalId))].filter(
    (principal) => !alive.some((one) => sameId(one, principal)),
  );
  // The stack's identities are read anew, so one that is not among the living is no more.
  const wereOurs = questionable.filter((principal) =>
    stack.identities.some(({ principalId }) => sameId(principalId, principal)),
  );
  const others = questionable.filter((principal) => !wereOurs.includes(principal));
  const existing = others.length === 0 ? new Set<string>() : await azure.existingPrincipals(others);
  return {
    gonePrincipals: [
      ...wereOurs,
      ...(existing ? others.filter((principal) => !existing.has(principal)) : []),
    ],
    unknownPrincipals: existing ? [] : others,
  };
}
