import type { LiveRole } from "./live-facts";
import { roleGuid } from "./live-facts";
import { assignmentsThatAllow, type Operation } from "./role-actions";
import { type DeclaredStack, lastSegment, parentId, type RoleAssignment, sameId } from "./stack-state";

/** A harmless request that shows whether an operation is allowed. */
export type Try =
  | {
      over: "http";
      /** Whose tokens the service takes: "https://vault.azure.net". */
      resource: string;
      method: "GET" | "PUT" | "PATCH";
      url: string;
      headers?: Record<string, string>;
      body?: string;
    }
  | { over: "sql"; server: string; databaseName: string; permission: DatabasePermissionName };

/** What is asked of a database: a login, or one of SQL Server's permissions on the whole of it. */
export type DatabasePermissionName = "CONNECT" | "SELECT" | "INSERT" | "CREATE TABLE";

/** One thing that a workload may or may not do, and how to find out. */
export interface Attempt {
  /** "secret stripe-key of vault kv-app-dev" */
  target: string;
  /** "read" */
  verb: string;
  allowed: boolean;
  try: Try;
  /** Absent for what is decided inside of a database. */
  operation?: Operation;
}

type Verb = Omit<Attempt, "target" | "allowed"> & { databaseRole?: string };

interface Target {
  name: string;
  verbs: Verb[];
}

const keyVaultApi = "7.6";
const storageVersion = { "x-ms-version": "2024-11-04" };
/** No version of a secret has this id, and no blob this name. */
const nobodysVersion = "0".repeat(32);
const nobodysBlob = "azure-keyless-verify/not-there";

const blobs = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs";

/**
 * Everything that a stack's workloads could reach, and what could be done there.
 *
 * Nothing is changed by trying: to write is to change the metadata of a version or blob that does not exist.
 * Whoever may hears that it is not there, and everybody else that they may not.
 */
export function targetsOf(stack: DeclaredStack): Target[] {
  const { vaults, secrets, storageAccounts, containers, databases } = stack.data;
  const keyVault = { over: "http", resource: "https://vault.azure.net" } as const;
  const storage = { over: "http", resource: "https://storage.azure.com", headers: storageVersion } as const;
  const base = (url: string) => url.replace(/\/$/, "");

  return [
    ...vaults.flatMap(({ id, uri }): Target[] => [
      ...secrets
        .filter((secret) => sameId(parentId(secret), id))
        .map((secret) => {
          const name = lastSegment(secret);
          const data = (action: string) => ({
            action: `Microsoft.KeyVault/vaults/secrets/${action}`,
            isData: true,
            scope: secret,
          });
          const url = `${base(uri)}/secrets/${name}`;
          return {
            name: `secret ${name} of vault ${lastSegment(id)}`,
            verbs: [
              {
                verb: "read",
                operation: data("getSecret/action"),
                try: { ...keyVault, method: "GET", url: `${url}?api-version=${keyVaultApi}` },
              },
              {
                verb: "write",
                operation: data("update/action"),
                try: {
                  ...keyVault,
                  method: "PATCH",
                  url: `${url}/${nobodysVersion}?api-version=${keyVaultApi}`,
                  headers: { "content-type": "application/json" },
                  body: "{}",
                },
              },
            ],
          } satisfies Target;
        }),
      {
        name: `vault ${lastSegment(id)}`,
        verbs: [
          {
            verb: "list secrets",
            operation: {
              action: "Microsoft.KeyVault/vaults/secrets/readMetadata/action",
              isData: true,
              scope: id,
            },
            try: {
              ...keyVault,
              method: "GET",
              url: `${base(uri)}/secrets?maxresults=1&api-version=${keyVaultApi}`,
            },
          },
          settings(id, "Microsoft.KeyVault/vaults", "2024-11-01"),
        ],
      },
    ]),
    ...storageAccounts.flatMap(({ id, blobEndpoint }): Target[] => [
      ...containers
        .filter((container) => container.toLowerCase().startsWith(`${id.toLowerCase()}/`))
        .map((container) => {
          const url = `${base(blobEndpoint)}/${lastSegment(container)}`;
          return {
            name: `container ${lastSegment(container)} of storage account ${lastSegment(id)}`,
            verbs: [
              {
                verb: "read",
                operation: { action: `${blobs}/read`, isData: true, scope: container },
                try: { ...storage, method: "GET", url: `${url}?restype=container&comp=list&maxresults=1` },
              },
              {
                verb: "write",
                operation: { action: `${blobs}/write`, isData: true, scope: container },
                try: { ...storage, method: "PUT", url: `${url}/${nobodysBlob}?comp=metadata` },
              },
            ],
          } satisfies Target;
        }),
      {
        name: `storage account ${lastSegment(id)}`,
        verbs: [
          {
            verb: "list containers",
            operation: {
              action: "Microsoft.Storage/storageAccounts/blobServices/containers/read",
              isData: false,
              scope: id,
            },
            try: { ...storage, method: "GET", url: `${base(blobEndpoint)}/?comp=list&maxresults=1` },
          },
          settings(id, "Microsoft.Storage/storageAccounts", "2024-01-01"),
        ],
      },
    ]),
    ...databases.map(({ id, server, databaseName }): Target => {
      const inside = (verb: string, permission: DatabasePermissionName, databaseRole?: string) => ({
        verb,
        ...(databaseRole === undefined ? {} : { databaseRole }),
        try: { over: "sql", server, databaseName, permission } as const,
      });
      return {
        name: `database ${databaseName} of ${server.split(".")[0]}`,
        verbs: [
          inside("log in", "CONNECT"),
          inside("read rows", "SELECT", "db_datareader"),
          inside("change rows", "INSERT", "db_datawriter"),
          inside("alter the schema", "CREATE TABLE", "db_ddladmin"),
          settings(id, "Microsoft.Sql/servers/databases", "2023-08-01"),
        ],
      };
    }),
  ];
}

/** Whether a workload sees, and with most roles then changes, how a resource is set up. */
function settings(id: string, type: string, apiVersion: string): Verb {
  return {
    verb: "see settings",
    operation: { action: `${type}/read`, isData: false, scope: id },
    try: {
      over: "http",
      resource: "https://management.azure.com",
      method: "GET",
      url: `https://management.azure.com${id}?api-version=${apiVersion}`,
    },
  };
}

/** What a workload is to try, with what the stack gives its identity. */
export function planAttempts(
  stack: DeclaredStack,
  clientId: string,
  roles: Readonly<Record<string, LiveRole>>,
): Attempt[] {
  const principalId =
    stack.identities.find((identity) => sameId(identity.clientId, clientId))?.principalId ?? "";
  const usersOf = (server: string, databaseName: string) =>
    stack.databaseUsers.filter(
      (user) =>
        sameId(user.sidGuid, clientId) &&
        sameId(user.server, server) &&
        sameId(user.databaseName, databaseName),
    );
  const isAllowed = ({ operation, try: attempt, databaseRole }: Verb): boolean => {
    if (operation) return givers(operation, principalId, stack.roleAssignments, roles).length > 0;
    if (attempt.over !== "sql") return false;
    const users = usersOf(attempt.server, attempt.databaseName);
    return databaseRole === undefined
      ? users.length > 0
      : users.some((user) => user.roles.includes(databaseRole));
  };
  return targetsOf(stack).flatMap(({ name, verbs }) =>
    verbs.map(({ databaseRole, ...verb }) => ({
      target: name,
      ...verb,
      allowed: isAllowed({ ...verb, ...(databaseRole === undefined ? {} : { databaseRole }) }),
    })),
  );
}

/** The assignments by which a principal may do something. */
export function givers(
  operation: Operation,
  principalId: string,
  assignments: readonly RoleAssignment[],
  roles: Readonly<Record<string, LiveRole>>,
): RoleAssignment[] {
  return assignmentsThatAllow(
    operation,
    principalId,
    assignments,
    (id) => roles[roleGuid(id)]?.permissions ?? [],
  );
}
