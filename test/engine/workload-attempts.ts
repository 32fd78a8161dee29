import { expect } from "vitest";
import type { Client } from "../sandbox/harness";

export type WorkloadClient = Client<typeof import("./workload-client")>;
export const workloadNames = ["orders", "mailer"] as const;
export type WorkloadName = (typeof workloadNames)[number];

/** What the stack says of itself, as far as workloads go there. */
export interface Outputs {
  resourceGroupId: string;
  vaults: { app: { id: string; uri: string } };
  storageAccounts: Record<"docs" | "lake", { blobEndpoint: string }>;
  sqlServers: { shop: { id: string; fullyQualifiedDomainName: string } };
  workloads: Record<WorkloadName, { clientId: string; principalId: string }>;
}

/** How a service says no, in Azure's words. */
export interface Refusal {
  code: string;
  statusCode?: number;
  message: RegExp;
}

/** Something that every workload tries: who may and what they get, and how the others are refused. */
export interface Attempt {
  what: string;
  who: WorkloadName[];
  how(client: WorkloadClient, outputs: Outputs): Promise<unknown>;
  gives?: unknown;
  refusal: Refusal;
}

const byVault = (action: string, resource: string): Refusal => ({
  statusCode: 403,
  code: "Forbidden",
  message: new RegExp(
    "^Caller is not authorized to perform action on resource\\.[^]*" +
      `Action: 'Microsoft\\.KeyVault/vaults/secrets/${action}/action'\\r\\nResource: '[^']*${resource}'` +
      "[^]*Assignment: \\(not found\\)[^]*DecisionReason: 'DeniedWithNoValidRBAC'",
  ),
});

const byStorage: Refusal = {
  statusCode: 403,
  code: "AuthorizationPermissionMismatch",
  message: /^This request is not authorized to perform this operation using this permission\./,
};

const byDatabase = (permission: string): Refusal => ({
  code: "229",
  message: new RegExp(
    `^The ${permission} permission was denied on the object 'items', database 'orders', schema 'dbo'\\.$`,
  ),
});

const byArm = (action: string): Refusal => ({
  statusCode: 403,
  code: "AuthorizationFailed",
  message: new RegExp(
    `^The client '[^']+' with object id '[^']+' does not have authorization to perform action '${action}' over scope '[^']+'`,
  ),
});

const secret = (name: string, who: WorkloadName[]): Attempt[] => [
  {
    what: `read secret ${name}`,
    who,
    how: (client, { vaults }) => client.call("readSecret", vaults.app.uri, name),
    gives: expect.stringMatching(/^\w{32}$/),
    refusal: byVault("getSecret", `secrets/${name}`),
  },
  {
    what: `set secret ${name}`,
    who: [],
    how: (client, { vaults }) => client.call("setSecret", vaults.app.uri, name, "mine"),
    refusal: byVault("setSecret", `secrets/${name}`),
  },
];

const container = (
  account: "docs" | "lake",
  name: string,
  writers: WorkloadName[],
  readers: WorkloadName[],
): Attempt[] => {
  const endpoint = ({ storageAccounts }: Outputs) => storageAccounts[account].blobEndpoint;
  return [
    {
      what: `write into container ${name}`,
      who: writers,
      how: (client, outputs) => client.call("writeBlob", endpoint(outputs), name, "1.txt", "new"),
      refusal: byStorage,
    },
    {
      what: `list container ${name}`,
      who: readers,
      how: (client, outputs) => client.call("listBlobs", endpoint(outputs), name),
      gives: expect.arrayContaining(["0.txt"]),
      refusal: byStorage,
    },
    {
      what: `read from container ${name}`,
      who: readers,
      how: (client, outputs) => client.call("readBlob", endpoint(outputs), name, "0.txt"),
      gives: "there before",
      refusal: byStorage,
    },
  ];
};

const statement = (
  what: string,
  who: WorkloadName[],
  sql: string,
  refusal: Refusal,
  { database = "orders", gives = [] as unknown } = {},
): Attempt => ({
  what,
  who,
  how: (client, { sqlServers }) =>
    client.call("sql", sqlServers.shop.fullyQualifiedDomainName, database, sql),
  gives,
  refusal,
});

/** In order: the first create what later ones read. */
export const attempts: Attempt[] = [
  ...secret("stripe-key", ["orders"]),
  ...secret("mail-key", ["mailer"]),
  {
    what: "list secrets",
    who: [],
    how: (client, { vaults }) => client.call("listSecrets", vaults.app.uri),
    // The SDK keeps the service's wording of a refused list to itself.
    refusal: { code: "Forbidden", message: /^Pagination failed with unexpected statusCode 403$/ },
  },
  ...container("docs", "invoices", ["orders"], ["orders", "mailer"]),
  ...container("docs", "receipts", [], []),
  ...container("lake", "events", ["orders"], ["orders"]),
  statement("select", ["orders", "mailer"], "SELECT id FROM dbo.items", byDatabase("SELECT"), {
    gives: [{ id: 1 }],
  }),
  statement("insert", ["orders"], "INSERT INTO dbo.items (id) VALUES (2)", byDatabase("INSERT")),
  statement("update", ["orders"], "UPDATE dbo.items SET id = 3 WHERE id = 2", byDatabase("UPDATE")),
  statement("delete", ["orders"], "DELETE FROM dbo.items WHERE id = 3", byDatabase("DELETE")),
  statement("create a table", [], "CREATE TABLE dbo.mine (id int)", {
    code: "262",
    message: /^CREATE TABLE permission denied in database 'orders'\.$/,
  }),
  statement("become the database's owner", [], "ALTER ROLE db_owner ADD MEMBER [id-mailer-dev]", {
    code: "15151",
    message: /^Cannot alter the role 'db_owner', because it does not exist or you do not have permission\.$/,
  }),
  statement(
    "log in to master",
    [],
    "SELECT 1",
    { code: "18456", message: /^Login failed for user '<token-identified principal>'\.$/ },
    { database: "master" },
  ),
  {
    what: "read the resource group through ARM",
    who: [],
    how: (client, { resourceGroupId }) => client.call("readGroup", resourceGroupId),
    refusal: byArm("Microsoft.Resources/subscriptions/resourceGroups/read"),
  },
  {
    what: "read the database's settings through ARM",
    who: ["mailer"],
    how: (client, { sqlServers }) => client.call("readDatabase", sqlServers.shop.id, "orders"),
    gives: "orders",
    refusal: byArm("Microsoft.Sql/servers/databases/read"),
  },
  {
    what: "read the SQL server's settings through ARM",
    who: [],
    how: (client, { sqlServers }) => client.call("readSqlServer", sqlServers.shop.id),
    refusal: byArm("Microsoft.Sql/servers/read"),
  },
  {
    what: "give out a role on the vault",
    who: [],
    how: (client, { vaults, workloads }) => {
      const secretsOfficer = "b86a8fe4-44ce-4948-aee5-eccb2c155cd7";
      return client.call("assignRole", vaults.app.id, secretsOfficer, workloads.mailer.principalId);
    },
    refusal: byArm("Microsoft.Authorization/roleAssignments/write"),
  },
];
