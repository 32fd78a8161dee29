import { describe, expect, it } from "vitest";
import { planAttempts } from "../../cli/inspection/attempt-plan";
import { allows } from "../../cli/inspection/role-actions";
import { type ExportedResource, readStack } from "../../cli/inspection/stack-state";
import { judge } from "../../cli/inspection/verdict";
import type { Check } from "../../cli/inspection/verify-workload";

const group = "/subscriptions/s/resourceGroups/rg/providers";
const vault = `${group}/Microsoft.KeyVault/vaults/kv-app`;
const otherStacksVault = `${group}/Microsoft.KeyVault/vaults/kv-shared`;
const role = (name: string) => `/providers/Microsoft.Authorization/roleDefinitions/${name}`;
const assignment = (scope: string, roleDefinitionId: string, principalId = "p"): ExportedResource => ({
  urn: "urn",
  type: "azure-native:authorization:RoleAssignment",
  id: `${scope}/providers/Microsoft.Authorization/roleAssignments/${roleDefinitionId.length}`,
  outputs: { scope, roleDefinitionId, principalId },
});
const resource = (type: string, id: string, outputs: Record<string, unknown> = {}): ExportedResource => ({
  urn: "urn",
  type,
  id,
  outputs,
});

const resources: ExportedResource[] = [
  resource("azure-native:managedidentity:UserAssignedIdentity", `${group}/identity`, {
    clientId: "c",
    principalId: "p",
    tenantId: "t",
  }),
  resource("azure-native:keyvault:Vault", vault, {
    properties: { vaultUri: "https://kv-app.vault.azure.net/" },
  }),
  resource("azure-native:keyvault:Secret", `${vault}/secrets/one`),
  resource("azure-native:keyvault:Secret", `${vault}/secrets/two`),
  { ...resource("azure-native:keyvault:Secret", `${vault}/secrets/going`), delete: true },
  resource("azure-native:sql:Server", `${group}/Microsoft.Sql/servers/shop`, {
    fullyQualifiedDomainName: "shop.database.windows.net",
  }),
  resource("azure-native:sql:Database", `${group}/Microsoft.Sql/servers/shop/databases/orders`),
  resource("pulumi-nodejs:dynamic/azure-keyless:SqlDatabaseUser", "user", {
    server: "shop.database.windows.net",
    databaseName: "orders",
    sidGuid: "C",
    roles: ["db_datareader"],
  }),
  resource("pulumi-nodejs:dynamic/azure-keyless:Propagation", "wait", {
    proofs: [
      { kind: "cluster", name: "cluster main", waitsFor: [] },
      {
        kind: "workload",
        name: "orders",
        touches: [
          { kind: "keyVaultSecret", vaultUri: "https://kv-shared.vault.azure.net/", secretName: "theirs" },
        ],
      },
    ],
  }),
  assignment(`${vault}/secrets/one`, role("reader")),
  assignment(vault, role("officer"), "somebody-else"),
  assignment(`${otherStacksVault}/secrets/theirs`, role("officer")),
];
const secrets = "Microsoft.KeyVault/vaults/secrets";
const roles = {
  reader: {
    name: "Key Vault Secrets User",
    permissions: [{ dataActions: [`${secrets}/getSecret/action`, `${secrets}/readMetadata/action`] }],
  },
  officer: { name: "Key Vault Secrets Officer", permissions: [{ dataActions: [`${secrets}/*`] }] },
};

describe("the attempts of a workload", () => {
  const plan = planAttempts(readStack(resources), "c", roles);
  const may = (allowed: boolean) =>
    plan.filter((attempt) => attempt.allowed === allowed).map(({ verb, target }) => `${verb} ${target}`);

  it("expect what its roles and database users give, in the vaults of other stacks too", () => {
    expect(may(true)).toEqual([
      "read secret one of vault kv-app",
      "read secret theirs of vault kv-shared",
      "write secret theirs of vault kv-shared",
      "log in database orders of shop",
      "read rows database orders of shop",
    ]);
  });

  it("expect a refusal of everything beside that", () => {
    expect(may(false)).toEqual([
      "write secret one of vault kv-app",
      "read secret two of vault kv-app",
      "write secret two of vault kv-app",
      "list secrets vault kv-app",
      "see settings vault kv-app",
      "list secrets vault kv-shared",
      "see settings vault kv-shared",
      "change rows database orders of shop",
      "alter the schema database orders of shop",
      "see settings database orders of shop",
    ]);
  });

  it("write only to what cannot be there", () => {
    const writes = plan.flatMap(({ try: one }) => (one.over === "http" && one.method !== "GET" ? [one] : []));
    expect(writes).toHaveLength(3);
    for (const { method, url, body } of writes) {
      expect(method).toBe("PATCH");
      expect(url).toMatch(/\/secrets\/\w+\/0{32}\?api-version=/);
      expect(body).toBe("{}");
    }
  });
});

describe("what a role allows", () => {
  const read = { action: "Microsoft.KeyVault/vaults/read", isData: false, scope: vault };
  it.each([
    [{ actions: ["*"] }, true],
    [{ actions: ["*/read"] }, true],
    [{ actions: ["microsoft.keyvault/VAULTS/*"] }, true],
    [{ actions: ["Microsoft.KeyVault/vaults/write"] }, false],
    [{ actions: ["Microsoft.KeyVault/vaults/read/more"] }, false],
    [{ actions: ["*"], notActions: ["Microsoft.KeyVault/*"] }, false],
    [{ dataActions: ["*"] }, false],
  ])("%j: %s", (permission, expected) => {
    expect(allows([permission], read)).toBe(expected);
  });
});

describe("a verdict", () => {
  const check = (expected: Check["expected"], outcome: Check["outcome"]): Check => ({
    target: "vault kv",
    verb: "list secrets",
    expected,
    outcome,
    answer: "",
  });
  const report = (checks: Check[]) => ({
    workloads: [{ name: "orders", namespace: "shop", serviceAccount: "orders", clientId: "c", checks }],
    findings: [
      {
        severity: "error" as const,
        mistake: "audience" as const,
        workload: "mailer",
        where: "",
        what: "",
        remedy: "",
      },
    ],
    looked: { workloads: 2, identities: 2, roleAssignments: 0, credentialsOnOneIdentity: 1 },
  });

  it.each([
    ["refused", "refused", true],
    ["allowed", "allowed", true],
    ["allowed", "refused", false],
    ["refused", "allowed", false],
    // Network rules keep this machine out: nothing is shown, and nothing is wrong.
    ["refused", "unknown", true],
  ] as const)("on what is expected to be %s and was %s: %s", (expected, outcome, ok) => {
    expect(judge(report([check(expected, outcome)])).ok).toBe(ok);
  });

  it("leaves the mistakes of workloads alone that were not asked about", () => {
    expect(judge(report([])).errors).toEqual([]);
  });
});
