import type { KnownTouch, Proof, WorkloadProof } from "../../components/propagation/proof";

/** A resource as `pulumi stack export` shows it, as far as it matters here. */
export interface ExportedResource {
  urn: string;
  type: string;
  id?: string;
  /** Whether it is only there until it is deleted. */
  delete?: boolean;
  outputs?: Record<string, unknown>;
}

export interface DeclaredIdentity {
  id: string;
  clientId: string;
  principalId: string;
  tenantId: string;
}

export interface DeclaredCredential {
  id: string;
  issuer: string;
  subject: string;
}

export interface RoleAssignment {
  id: string;
  scope: string;
  roleDefinitionId: string;
  principalId: string;
}

export interface DeclaredDatabaseUser {
  server: string;
  databaseName: string;
  sidGuid: string;
  roles: string[];
}

/** What has a data plane or settings that a workload may or may not reach. */
export interface DeclaredData {
  vaults: { id: string; uri: string }[];
  /** ARM ids. */
  secrets: string[];
  storageAccounts: { id: string; blobEndpoint: string }[];
  /** ARM ids. */
  containers: string[];
  databases: { id: string; server: string; databaseName: string }[];
}

/** What a stack has made, by its state. */
export interface DeclaredStack {
  /** ARM ids. */
  clusters: string[];
  identities: DeclaredIdentity[];
  credentials: DeclaredCredential[];
  roleAssignments: RoleAssignment[];
  databaseUsers: DeclaredDatabaseUser[];
  data: DeclaredData;
  workloads: WorkloadProof[];
}

/** Ids of ARM and names of roles are compared without regard to case. */
export const sameId = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

export const lastSegment = (id: string): string => id.split("/").at(-1) ?? "";

/** The id of what a child resource belongs to: two segments less. */
export const parentId = (id: string): string => id.split("/").slice(0, -2).join("/");

/** Whether `scope` is `id` or above it. */
export function covers(scope: string, id: string): boolean {
  const above = scope.toLowerCase().replace(/\/+$/, "");
  const below = id.toLowerCase();
  return below === above || below.startsWith(`${above}/`);
}

/** Picks what verification and diagnosis need out of a stack's resources. */
export function readStack(resources: readonly ExportedResource[]): DeclaredStack {
  // The state is in the order in which things were made, which differs from run to run.
  const present = resources
    .filter((resource) => resource.delete !== true)
    .sort((one, other) => (one.urn < other.urn ? -1 : 1));
  const all = <Outputs, T>(type: string, convert: (id: string, outputs: Outputs) => T): T[] =>
    present
      .filter((resource) => resource.type === type)
      .map(({ id = "", outputs = {} }) => convert(id, outputs as Outputs));
  const ids = (type: string) => all(type, (id) => id);

  const roleAssignments = all(
    "azure-native:authorization:RoleAssignment",
    (id, { scope, roleDefinitionId, principalId }: Omit<RoleAssignment, "id">) => ({
      id,
      scope,
      roleDefinitionId,
      principalId,
    }),
  );
  const workloads = all(
    "pulumi-nodejs:dynamic/azure-keyless:Propagation",
    (_id, { proofs }: { proofs: Proof[] }) => proofs,
  )
    .flat()
    .filter((proof): proof is WorkloadProof => proof.kind === "workload");
  return {
    clusters: ids("azure-native:containerservice:ManagedCluster"),
    identities: all(
      "azure-native:managedidentity:UserAssignedIdentity",
      (id, { clientId, principalId, tenantId }: Omit<DeclaredIdentity, "id">) => ({
        id,
        clientId,
        principalId,
        tenantId,
      }),
    ),
    credentials: all(
      "azure-native:managedidentity:FederatedIdentityCredential",
      (id, { issuer, subject }: Omit<DeclaredCredential, "id">) => ({ id, issuer, subject }),
    ),
    roleAssignments,
    databaseUsers: all(
      "pulumi-nodejs:dynamic/azure-keyless:SqlDatabaseUser",
      (_id, { server, databaseName, sidGuid, roles }: DeclaredDatabaseUser) => ({
        server,
        databaseName,
        sidGuid,
        roles,
      }),
    ),
    data: withTouched(
      {
        vaults: all(
          "azure-native:keyvault:Vault",
          (id, { properties }: { properties: { vaultUri: string } }) => ({ id, uri: properties.vaultUri }),
        ),
        secrets: ids("azure-native:keyvault:Secret"),
        storageAccounts: all(
          "azure-native:storage:StorageAccount",
          (id, { primaryEndpoints }: { primaryEndpoints: { blob: string } }) => ({
            id,
            blobEndpoint: primaryEndpoints.blob,
          }),
        ),
        containers: ids("azure-native:storage:BlobContainer"),
        databases: ids("azure-native:sql:Database").map((id) => ({
          id,
          databaseName: lastSegment(id),
          server: serverOf(id, present),
        })),
      },
      workloads.flatMap(({ touches }) => touches),
      roleAssignments.map(({ scope }) => scope),
    ),
    workloads,
  };
}

function serverOf(databaseId: string, resources: readonly ExportedResource[]): string {
  const server = resources.find(({ id }) => id !== undefined && sameId(id, parentId(databaseId)));
  const name = server?.outputs?.fullyQualifiedDomainName;
  return typeof name === "string" ? name : `${lastSegment(parentId(databaseId))}.database.windows.net`;
}

/**
 * Adds what other stacks own and workloads of this one use: the scopes of their roles say the ids, and what
 * proofs touch says the addresses.
 */
function withTouched(
  data: DeclaredData,
  touches: readonly KnownTouch[],
  scopes: readonly string[],
): DeclaredData {
  const addresses = touches.flatMap((touch) => {
    if ("vaultUri" in touch) return [touch.vaultUri];
    return "endpoint" in touch ? [touch.endpoint] : [];
  });
  const addressed = (pattern: RegExp) =>
    beginningsOf(scopes, pattern).flatMap((id) => {
      const address = addresses.find(
        (url) => new URL(url).hostname.split(".")[0] === lastSegment(id).toLowerCase(),
      );
      return address === undefined ? [] : [{ id, address }];
    });
  const unlessKnown = (known: readonly string[]) => (id: string) => !known.some((one) => sameId(one, id));

  const knownVault = unlessKnown(data.vaults.map(({ id }) => id));
  const knownAccount = unlessKnown(data.storageAccounts.map(({ id }) => id));
  return {
    vaults: [
      ...data.vaults,
      ...addressed(/^.*\/Microsoft\.KeyVault\/vaults\/[^/]+/i)
        .filter(({ id }) => knownVault(id))
        .map(({ id, address }) => ({ id, uri: address })),
    ],
    secrets: [
      ...data.secrets,
      ...beginningsOf(scopes, /^.*\/vaults\/[^/]+\/secrets\/[^/]+/i).filter(unlessKnown(data.secrets)),
    ],
    storageAccounts: [
      ...data.storageAccounts,
      ...addressed(/^.*\/Microsoft\.Storage\/storageAccounts\/[^/]+/i)
        .filter(({ id }) => knownAccount(id))
        .map(({ id, address }) => ({ id, blobEndpoint: address })),
    ],
    containers: [
      ...data.containers,
      ...beginningsOf(scopes, /^.*\/blobServices\/default\/containers\/[^/]+/i).filter(
        unlessKnown(data.containers),
      ),
    ],
    databases: data.databases,
  };
}

/** What the pattern finds at the beginning of scopes, each once. */
function beginningsOf(scopes: readonly string[], pattern: RegExp): string[] {
  const found = new Map(
    scopes.flatMap((scope) => {
      const id = pattern.exec(scope)?.[0];
      return id === undefined ? [] : [[id.toLowerCase(), id]];
    }),
  );
  return [...found.values()];
}
