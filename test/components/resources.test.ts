import { describe, expect, it } from "vitest";
import {
  ArgumentError,
  KeyVault,
  Registry,
  ResourceGroup,
  SqlServer,
  StorageAccount,
} from "../../components";
import { clientConfig, find, register } from "./mocks";

const administrator = { login: "dba", objectId: "group-id", principalType: "Group" as const };

describe("ResourceGroup", () => {
  it("takes its name from project and stack", async () => {
    const registered = await register(() => {
      new ResourceGroup("shop");
    });
    expect(registered.map(({ type, name }) => [type, name])).toEqual([
      ["azure-keyless:resources:ResourceGroup", "shop"],
      ["azure-native:resources:ResourceGroup", "shop"],
    ]);
    expect(find(registered, "azure-native:resources:ResourceGroup", "shop")).toEqual({
      resourceGroupName: "rg-shop-test",
    });
  });
});

describe("KeyVault", () => {
  it("is governed by roles and keeps its secrets as secrets", async () => {
    const registered = await register(() => {
      const resourceGroup = new ResourceGroup("shop");
      new KeyVault("app", { resourceGroup, secrets: { "stripe-key": "sk" } });
    });
    const vault = find(registered, "azure-native:keyvault:Vault", "app");
    expect(vault.vaultName).toMatch(/^kv-app-test-[a-z2-7]{6}$/);
    expect(vault.properties).toEqual({
      tenantId: clientConfig.tenantId,
      sku: { family: "A", name: "standard" },
      enableRbacAuthorization: true,
      enableSoftDelete: true,
      softDeleteRetentionInDays: 90,
      enablePurgeProtection: true,
      enabledForDeployment: false,
      enabledForDiskEncryption: false,
      enabledForTemplateDeployment: false,
      publicNetworkAccess: "Enabled",
      networkAcls: { bypass: "None", defaultAction: "Allow", ipRules: [] },
    });
    expect(find(registered, "azure-native:keyvault:Secret", "app-stripe-key")).toMatchObject({
      secretName: "stripe-key",
      vaultName: vault.vaultName,
    });
  });

  it("leaves purge protection out where it is off, because Azure refuses false", async () => {
    const registered = await register(() => {
      new KeyVault("app", { resourceGroup: new ResourceGroup("shop"), purgeProtection: false });
    });
    expect(find(registered, "azure-native:keyvault:Vault", "app").properties).not.toHaveProperty(
      "enablePurgeProtection",
    );
  });

  it("takes the name that it is given without asking which are free", async () => {
    const registered = await register(() => {
      new KeyVault("app", { resourceGroup: new ResourceGroup("shop"), vaultName: "kv-mine" });
    });
    expect(find(registered, "azure-native:keyvault:Vault", "app").vaultName).toBe("kv-mine");
    expect(registered.filter(({ type }) => type.endsWith(":VaultName"))).toEqual([]);
  });

  it.each([
    [
      "retentionDays",
      { retentionDays: 6 },
      "KeyVault app: 'retentionDays' must be a whole number from 7 to 90, got 6",
    ],
    [
      "retentionDays",
      { retentionDays: 91 },
      "KeyVault app: 'retentionDays' must be a whole number from 7 to 90, got 91",
    ],
    ["vaultName", { vaultName: "1kv" }, /^KeyVault app: 'vaultName' must be 3 to 24 letters.*, got "1kv"$/],
    ["vaultName", { vaultName: "k--v" }, /without '--', got "k--v"$/],
    [
      "secrets",
      { secrets: { a_b: "x" } },
      /^KeyVault app: 'secrets' must be named with 1 to 127.*got "a_b"$/,
    ],
  ])("refuses %s %j", async (argument, args, message) => {
    let failure: unknown;
    await register(() => {
      const resourceGroup = new ResourceGroup("shop");
      try {
        new KeyVault("app", { resourceGroup, ...args });
      } catch (error) {
        failure = error;
      }
    });
    expect(failure).toBeInstanceOf(ArgumentError);
    expect(failure).toMatchObject({ component: "KeyVault app", argument });
    expect((failure as Error).message).toMatch(message);
  });
});

describe("StorageAccount", () => {
  it("takes Entra tokens only", async () => {
    const registered = await register(() => {
      new StorageAccount("docs", {
        resourceGroup: new ResourceGroup("shop"),
        containers: ["invoices"],
        hierarchicalNamespace: true,
        network: { allowedIpRanges: ["203.0.113.0/24"] },
      });
    });
    const account = find(registered, "azure-native:storage:StorageAccount", "docs");
    expect(account.accountName).toMatch(/^stdocstest[a-z2-7]{6}$/);
    expect(account).toMatchObject({
      kind: "StorageV2",
      sku: { name: "Standard_ZRS" },
      isHnsEnabled: true,
      allowSharedKeyAccess: false,
      defaultToOAuthAuthentication: true,
      allowBlobPublicAccess: false,
      minimumTlsVersion: "TLS1_2",
      enableHttpsTrafficOnly: true,
      publicNetworkAccess: "Enabled",
      networkRuleSet: {
        bypass: "None",
        defaultAction: "Deny",
        ipRules: [{ iPAddressOrRange: "203.0.113.0/24", action: "Allow" }],
      },
    });
    expect(find(registered, "azure-native:storage:BlobContainer", "docs-invoices")).toMatchObject({
      containerName: "invoices",
      publicAccess: "None",
    });
    expect(find(registered, "azure-native:storage:BlobServiceProperties", "docs-blob-service")).toMatchObject(
      { deleteRetentionPolicy: { enabled: true, days: 30 } },
    );
  });
});

describe("SqlServer", () => {
  it("knows no password", async () => {
    const registered = await register(() => {
      new SqlServer("shop", {
        resourceGroup: new ResourceGroup("shop"),
        administrator,
        databases: { orders: { sku: "Basic" } },
        network: { allowedIpRanges: ["203.0.113.0/24"] },
      });
    });
    const server = find(registered, "azure-native:sql:Server", "shop");
    expect(server).not.toHaveProperty("administratorLogin");
    expect(server).not.toHaveProperty("administratorLoginPassword");
    expect(server.administrators).toEqual({
      administratorType: "ActiveDirectory",
      azureADOnlyAuthentication: true,
      login: "dba",
      sid: "group-id",
      principalType: "Group",
      tenantId: clientConfig.tenantId,
    });
    expect(find(registered, "azure-native:sql:Database", "shop-orders")).toMatchObject({
      databaseName: "orders",
      sku: { name: "Basic" },
    });
    expect(find(registered, "azure-native:sql:FirewallRule", "shop-203-0-113-0-24")).toMatchObject({
      startIpAddress: "203.0.113.0",
      endIpAddress: "203.0.113.255",
    });
  });
});

describe("SqlServer's firewall", () => {
  it.each([
    ["public" as const, [["shop-0-0-0-0-0", "0.0.0.0", "255.255.255.255"]]],
    ["private" as const, []],
  ])("with %s access lets in %j", async (network, expected) => {
    const registered = await register(() => {
      new SqlServer("shop", { resourceGroup: new ResourceGroup("shop"), administrator, network });
    });
    const rules = registered.filter(({ type }) => type === "azure-native:sql:FirewallRule");
    expect(rules.map(({ name, inputs }) => [name, inputs.startIpAddress, inputs.endIpAddress])).toEqual(
      expected,
    );
  });
});

describe("Registry", () => {
  it("has no admin user and no anonymous pull", async () => {
    const registered = await register(() => {
      new Registry("images", { resourceGroup: new ResourceGroup("shop"), sku: "Basic" });
    });
    const registry = find(registered, "azure-native:containerregistry:Registry", "images");
    expect(registry.registryName).toMatch(/^crimagestest[a-z2-7]{6}$/);
    expect(registry).toMatchObject({ adminUserEnabled: false, anonymousPullEnabled: false });
    expect(registry).not.toHaveProperty("networkRuleSet");
  });

  it.each([
    ["LegacyRegistryPermissions", "AcrPull", "AcrPush"],
    [
      "AbacRepositoryPermissions",
      "Container Registry Repository Reader",
      "Container Registry Repository Writer",
    ],
  ] as const)("hands out the roles that a registry in mode %s listens to", (mode, pull, push) => {
    const registry = Registry.fromId("images", "/subscriptions/s/registries/r", mode);
    expect([registry.pull().role, registry.push().role]).toEqual([pull, push]);
  });
});
