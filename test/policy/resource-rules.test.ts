import { describe, expect, test } from "vitest";
import { type Resource, UNKNOWN, type Value } from "../../policy/core/resource";
import { message, type ResourceRule } from "../../policy/core/rule";
import { federatedCredentialWellFormed } from "../../policy/rules/federated-credential-well-formed";
import { noAksLocalAccounts } from "../../policy/rules/no-aks-local-accounts";
import { noBroadRole } from "../../policy/rules/no-broad-role";
import { noGrantAboveResourceGroup } from "../../policy/rules/no-grant-above-resource-group";
import { noRegistryAdminUser } from "../../policy/rules/no-registry-admin-user";
import { noSharedKeys } from "../../policy/rules/no-shared-keys";
import { noSqlPasswords } from "../../policy/rules/no-sql-passwords";
import { principalTypeSet } from "../../policy/rules/principal-type-set";
import { vaultWithRbac } from "../../policy/rules/vault-with-rbac";
import { ids, valid, withProperty } from "./valid-resources";

interface Case {
  rule: ResourceRule;
  resource: Resource;
  property: string;
  /** Values to report. A value left out is always one of them. */
  violating: Value[];
  /** Values that look right and are of another type. */
  wronglyTyped: Value[];
  /** Further values to let pass. */
  compliant?: Value[];
}

const OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
const SECRETS_USER = "4633458b-17de-408a-b874-0445c86b69e6";

const cases: Case[] = [
  {
    rule: noBroadRole,
    resource: valid.roleAssignment,
    property: "roleDefinitionId",
    violating: [
      `${ids.ROLES}/${OWNER}`,
      `/providers/Microsoft.Authorization/roleDefinitions/${OWNER.toUpperCase()}`,
      OWNER,
      `${ids.ROLES}/b24988ac-6180-42a0-ab88-20f7382dd24c`,
      `${ids.ROLES}/18d7d88d-d35e-4fb5-a5c3-7773c20a72d9`,
      `${ids.ROLES}/f58310d9-a9f6-439a-9e8d-f62e7b41a168/`,
      "Key Vault Secrets User",
      "",
    ],
    wronglyTyped: [[SECRETS_USER], { id: SECRETS_USER }, 7, null],
    compliant: [SECRETS_USER],
  },
  {
    rule: noBroadRole,
    resource: valid.roleDefinition,
    property: "permissions",
    violating: [
      ...[
        "*",
        "*/write",
        "*/action",
        "Microsoft.*/delete",
        "Microsoft.Authorization/*",
        "Microsoft.Authorization/*/write",
        "microsoft.authorization/ROLEASSIGNMENTS/write",
        "Microsoft.Authorization/roleAssignments/*",
        "Microsoft.Authorization/roleDefinitions/write",
        "Microsoft.Auth*Assignments/write",
      ].map((action) => [{ actions: [action] }]),
      ...["*", "*/read", "*/write"].map((action) => [{ dataActions: [action] }]),
      [{ actions: ["Microsoft.KeyVault/vaults/read"] }, { actions: ["*"], notActions: ["*"] }],
    ],
    wronglyTyped: ["*", { actions: [] }, ["*"], [{ actions: "*" }], [{ dataActions: [["*"]] }]],
    compliant: [
      [],
      [{ actions: [] }],
      [{ actions: ["*/read", "Microsoft.KeyVault/vaults/*", "Microsoft.Authorization/*/read"] }],
      [{ actions: ["Microsoft.Authorization/roleAssignments/read"], dataActions: ["Microsoft.Storage/*"] }],
      [{ actions: [UNKNOWN] }, UNKNOWN],
    ],
  },
  {
    rule: noBroadRole,
    resource: valid.databaseUser,
    property: "roles",
    violating: [["db_owner"], ["db_datareader", "DB_Owner"], ["db_securityadmin"], ["db_accessadmin"]],
    wronglyTyped: ["db_datareader", { 0: "db_datareader" }, [["db_owner"]], [7], [null]],
    compliant: [[], ["db_ddladmin"], ["db_datareader", UNKNOWN]],
  },
  {
    rule: noGrantAboveResourceGroup,
    resource: valid.roleAssignment,
    property: "scope",
    violating: [
      ids.SUBSCRIPTION,
      `${ids.SUBSCRIPTION}/`,
      ids.SUBSCRIPTION.toUpperCase(),
      `${ids.SUBSCRIPTION}/resourceGroups`,
      "/providers/Microsoft.Management/managementGroups/platform",
      "/providers/microsoft.management/managementgroups/platform/",
      "/",
      "",
      " ",
      "rg-shop",
    ],
    wronglyTyped: [[ids.GROUP], { id: ids.GROUP }, true, null],
    compliant: [
      ids.GROUP,
      `${ids.GROUP}/`,
      ids.GROUP.toLowerCase(),
      ids.VAULT,
      `${ids.SUBSCRIPTION}/providers/Microsoft.Authorization/policyAssignments/tags`,
    ],
  },
  {
    rule: principalTypeSet,
    resource: valid.roleAssignment,
    property: "principalType",
    violating: ["", "ManagedIdentity", "serviceprincipal"],
    wronglyTyped: [["ServicePrincipal"], 1, true, null],
    compliant: ["User", "Group", "ForeignGroup", "Device"],
  },
  ...[valid.eventHubsNamespace, valid.serviceBusNamespace].map((resource) => ({
    rule: noSharedKeys,
    resource,
    property: "disableLocalAuth",
    violating: [false],
    wronglyTyped: ["true", 1, null, { value: true }],
  })),
  {
    rule: noSharedKeys,
    resource: valid.storageAccount,
    property: "allowSharedKeyAccess",
    violating: [true],
    wronglyTyped: ["false", 0, null, [false]],
  },
  {
    rule: noSqlPasswords,
    resource: valid.sqlServer,
    property: "administrators.azureADOnlyAuthentication",
    violating: [false],
    wronglyTyped: ["true", 1, null],
  },
  {
    rule: noSqlPasswords,
    resource: valid.sqlServer,
    property: "administrators",
    violating: [{}, { login: "dbas" }],
    wronglyTyped: [true, "azureADOnlyAuthentication", [{ azureADOnlyAuthentication: true }], null],
  },
  {
    rule: noSqlPasswords,
    resource: valid.sqlEntraOnly,
    property: "azureADOnlyAuthentication",
    violating: [false],
    wronglyTyped: ["true", 1, null],
  },
  {
    rule: noRegistryAdminUser,
    resource: valid.registry,
    property: "adminUserEnabled",
    violating: [true],
    wronglyTyped: ["false", 0, null],
  },
  {
    rule: noAksLocalAccounts,
    resource: valid.cluster,
    property: "disableLocalAccounts",
    violating: [false],
    wronglyTyped: ["true", 1, null],
  },
  {
    rule: vaultWithRbac,
    resource: valid.vault,
    property: "properties.enableRbacAuthorization",
    violating: [false],
    wronglyTyped: ["true", 1, null],
  },
  {
    rule: vaultWithRbac,
    resource: valid.vault,
    property: "properties",
    violating: [{}],
    wronglyTyped: ["enableRbacAuthorization", [], true, null],
  },
  {
    rule: federatedCredentialWellFormed,
    resource: valid.credential,
    property: "issuer",
    violating: [
      "",
      "westeurope.oic.prod-aks.azure.com",
      (valid.credential.properties.issuer as string).replace("https:", "http:"),
      (valid.credential.properties.issuer as string).replace(/\/$/, ""),
      `${valid.credential.properties.issuer as string} `,
      "https://westeurope.oic.prod-aks.azure.com/",
      "https://user:word@issuer.example.com/",
      "https://issuer.example.com/?tenant=1",
      "https://issuer.example.com/#fragment",
      "https://*.example.com/",
      `https://issuer.example.com/${"a".repeat(600)}`,
    ],
    wronglyTyped: [["https://issuer.example.com"], 1, null, {}],
    compliant: ["https://issuer.example.com", "https://issuer.example.com/cluster/"],
  },
  {
    rule: federatedCredentialWellFormed,
    resource: valid.credential,
    property: "subject",
    violating: [
      "",
      " system:serviceaccount:shop:orders",
      "system:serviceaccount:shop:orders ",
      "system:serviceaccount:shop:*",
      "system:serviceaccount:shop",
      "system:serviceaccount:shop:orders:extra",
      "system:serviceaccount:Shop:orders",
      "System:ServiceAccount:shop:orders",
      "system:serviceaccount:shop:-orders",
      "shop/orders",
      "repo:shop/orders:ref:refs/heads/main",
      `system:serviceaccount:shop:${"a".repeat(600)}`,
      `system:serviceaccount:shop:${Array.from({ length: 127 }, () => "ab").join(".")}`,
      `system:serviceaccount:${"n".repeat(64)}:orders`,
    ],
    wronglyTyped: [["system:serviceaccount:shop:orders"], 1, null, {}],
    compliant: [
      `system:serviceaccount:${"n".repeat(63)}:${"a".repeat(63)}`,
      "system:serviceaccount:shop:orders.v2",
    ],
  },
  {
    rule: federatedCredentialWellFormed,
    resource: valid.credential,
    property: "audiences",
    violating: [
      [],
      ["api://azureadtokenexchange"],
      ["https://vault.azure.net"],
      ["api://AzureADTokenExchange", "api://AzureADTokenExchange"],
      ["api://AzureADTokenExchange", "api://other"],
    ],
    wronglyTyped: ["api://AzureADTokenExchange", { 0: "api://AzureADTokenExchange" }, [1], [null], null],
    compliant: [[UNKNOWN]],
  },
];

const problems = (rule: ResourceRule, resource: Resource) =>
  rule.check(resource).map(({ property, found }) => `${property}: ${found}`);

/** One row of a table for each value: a bare list would be taken for the arguments of the test. */
const rows = (values: Value[]): { value: Value }[] => values.map((value) => ({ value }));

describe.each(cases)("$rule.name: $property of $resource.type", (entry) => {
  const { rule, resource, property, violating, wronglyTyped, compliant = [] } = entry;
  const reported = (value: Value) => problems(rule, withProperty(resource, property, value));

  test("the valid resource passes", () => {
    expect(problems(rule, resource)).toEqual([]);
  });
  test("left out, it is reported as not set", () => {
    expect(reported(undefined)).toEqual([expect.stringMatching(/: nothing \(it is not set\)$/)]);
  });
  test("not known yet, it passes", () => {
    expect(reported(UNKNOWN)).toEqual([]);
  });
  test.each(rows(violating))("violating: $value", ({ value }) => {
    expect(reported(value)).toHaveLength(1);
  });
  test.each(rows(wronglyTyped))("wrongly typed: $value", ({ value }) => {
    expect(reported(value)).toHaveLength(1);
  });
  test.each(rows(compliant))("compliant: $value", ({ value }) => {
    expect(reported(value)).toEqual([]);
  });
});

describe("subjects and issuers of others than AKS", () => {
  const credential = (issuer: Value, subject: string) =>
    withProperty(withProperty(valid.credential, "issuer", issuer), "subject", subject);
  const GITHUB = "https://token.actions.githubusercontent.com";

  test.each<[Value, string]>([
    [GITHUB, "repo:shop/orders:ref:refs/heads/main"],
    [GITHUB, "repo:shop/orders:environment:Pre Production"],
    [`${GITHUB}/octo-enterprise`, "repository_owner:shop"],
    ["https://gitlab.com", "project_path:shop/orders:ref_type:branch:ref:main"],
    ["https://issuer.example.com/cluster", "system:serviceaccount:shop:orders"],
    ["https://accounts.google.com", "112633961854638529490"],
    [UNKNOWN, "system:serviceaccount:shop:orders"],
    [UNKNOWN, "repo:shop/orders:ref:refs/heads/main"],
  ])("%s takes %s", (issuer, subject) => {
    expect(problems(federatedCredentialWellFormed, credential(issuer, subject))).toEqual([]);
  });

  test.each<[Value, string]>([
    [GITHUB, "system:serviceaccount:shop:orders"],
    [GITHUB, "shop/orders"],
    ["https://gitlab.com", "shop/orders"],
    ["https://issuer.example.com/cluster", "system:serviceaccount:shop"],
    [UNKNOWN, "system:serviceaccount:shop"],
  ])("%s refuses %s", (issuer, subject) => {
    expect(problems(federatedCredentialWellFormed, credential(issuer, subject))).toEqual([
      `subject: "${subject}"`,
    ]);
  });

  test.each<[string, string]>([
    [`${GITHUB}/`, "repo:shop/orders:ref:refs/heads/main"],
    ["https://gitlab.com/", "project_path:shop/orders:ref_type:branch:ref:main"],
  ])("%s is not how the issuer writes itself", (issuer, subject) => {
    expect(problems(federatedCredentialWellFormed, credential(issuer, subject))).toEqual([
      `issuer: "${issuer}"`,
    ]);
  });

  test("an application's credential is looked at too", () => {
    const type =
      "azuread:index/applicationFederatedIdentityCredential:ApplicationFederatedIdentityCredential";
    const application = { ...valid.credential, type };
    expect(problems(federatedCredentialWellFormed, application)).toEqual([]);
    expect(
      problems(federatedCredentialWellFormed, withProperty(application, "audiences", undefined)),
    ).toHaveLength(1);
  });
});

test.each(["secret", "", UNKNOWN])(
  "an administrator password is reported and not repeated: %s",
  (password) => {
    const server = withProperty(valid.sqlServer, "administratorLoginPassword", password as Value);
    expect(problems(noSqlPasswords, server)).toEqual(["administratorLoginPassword: a value"]);
  },
);

test("a message names the resource, what is wrong, what is allowed, what to do and where to read on", () => {
  const resource = withProperty(valid.storageAccount, "allowSharedKeyAccess", undefined);
  const [violation] = noSharedKeys.check(resource);
  expect(message(noSharedKeys, resource, violation!)).toBe(
    "StorageAccount 'it': 'allowSharedKeyAccess' must be false, got nothing (it is not set). " +
      "Set it, and give clients a role such as Storage Blob Data Reader. " +
      "See https://learn.microsoft.com/azure/storage/common/shared-key-authorization-prevent",
  );
});

test("a rule looks at its own resource types only", () => {
  const rules = [...new Set(cases.map(({ rule }) => rule))];
  const stranger = { ...valid.vault, type: "azure-native:resources:ResourceGroup", properties: {} };
  expect(rules.flatMap((rule) => rule.check(stranger))).toEqual([]);
});
