import { describe, expect, it } from "vitest";
import {
  Cluster,
  FederatedCredential,
  KeyVault,
  Propagation,
  Registry,
  ResourceGroup,
  StorageAccount,
  UserAssignedIdentity,
  Workload,
  WorkloadIdentity,
} from "../../components";
import { roleAssignmentName } from "../../components/core/role-assignment";
import { credentialName } from "../../components/identity/federated-credential";
import { find, issuerUrl, type Registered, register } from "./mocks";

const ofType = (registered: Registered[], type: string) =>
  registered.filter((resource) => resource.type === type);

describe("Cluster", () => {
  it("publishes an issuer, has no local accounts and lets nodes pull", async () => {
    const registered = await register(() => {
      const resourceGroup = new ResourceGroup("shop");
      const registry = new Registry("images", { resourceGroup });
      new Cluster("main", { resourceGroup, registries: [registry], nodeCount: 2 });
    });
    const cluster = find(registered, "azure-native:containerservice:ManagedCluster", "main");
    expect(cluster).toMatchObject({
      resourceName: "aks-main-test",
      oidcIssuerProfile: { enabled: true },
      securityProfile: { workloadIdentity: { enabled: true } },
      aadProfile: { managed: true, enableAzureRBAC: true },
      disableLocalAccounts: true,
      enableRBAC: true,
    });
    expect(cluster.agentPoolProfiles).toHaveLength(1);
    expect(cluster.agentPoolProfiles[0]).toMatchObject({ mode: "System", count: 2 });
    const pull = find(registered, "azure-native:authorization:RoleAssignment", "main-images-pull");
    expect(pull).toMatchObject({
      principalId: "kubelet-object",
      principalType: "ServicePrincipal",
      description: "nodes of cluster main: pull images from registry images",
    });
    expect(pull.roleDefinitionId).toMatch(/7f951dda-4ed3-4680-a7ca-43fe172d538d$/);
    expect(pull.scope).toMatch(/registries\/crimagestest/);
    expect(find(registered, "azure-native:authorization:RoleAssignment", "main-administrator")).toMatchObject(
      { principalType: "ServicePrincipal" },
    );
  });

  it("logs in unattended", async () => {
    const registered = await register(() => {
      new Cluster("main", { resourceGroup: new ResourceGroup("shop") });
    });
    const { kubeconfig } = find(registered, "pulumi:providers:kubernetes", "main-kubernetes");
    expect(kubeconfig).toContain("--login");
    expect(kubeconfig).not.toContain("devicecode");
    expect(kubeconfig).toContain("6dae42f8-4368-4678-94ff-3960e28e3630");
  });
});

describe("a cluster that is made anew", () => {
  const cluster = (generation: number, more: object = {}) =>
    new Cluster("main", { resourceGroup: new ResourceGroup("shop"), generation, ...more });

  it("has resources of its own, beside those of the one before", async () => {
    const names = async (generation: number) =>
      (await register(() => cluster(generation)))
        .filter(({ type }) => !/:(ResourceGroup|Cluster)$/.test(type))
        .map(({ type, name }) => `${type} ${name}`);
    const [first, second] = [await names(1), await names(2)];
    expect(first).toHaveLength(4);
    expect(second).toHaveLength(4);
    expect(second.filter((name) => first.includes(name))).toEqual([]);
  });

  it.each([
    ["by itself", {}, "aks-main-g3-test"],
    ["after a name that is given", { clusterName: "blue" }, "blue-g3"],
  ])("says which one it is %s", async (_how, more, resourceName) => {
    const registered = await register(() => cluster(3, more));
    expect(find(registered, "azure-native:containerservice:ManagedCluster", "main-g3")).toMatchObject({
      resourceName,
    });
  });

  it.each([
    [{ generation: 0 }, `'generation' must be a whole number from 1 to 999, got 0`],
    [{ generation: 1.5 }, `'generation' must be a whole number from 1 to 999, got 1.5`],
    [{ generation: 2, clusterName: "c".repeat(61) }, `'clusterName' must be 1 to 63`],
  ])("refuses %j", async ({ generation, ...more }, message) => {
    await register(() => expect(() => cluster(generation, more)).toThrow(message));
  });

  it("leaves room for old and new credentials, or says how many there would be", async () => {
    await register(() => {
      const resourceGroup = new ResourceGroup("shop");
      const made = new Cluster("main", { resourceGroup, generation: 2 });
      const identity = new UserAssignedIdentity("shared", { resourceGroup });
      const workload = (number: number) =>
        new WorkloadIdentity(`w${number}`, { resourceGroup, cluster: made, namespace: "shop", identity });
      for (let number = 1; number <= 10; number++) workload(number);
      expect(() => workload(11)).toThrow(
        "UserAssignedIdentity shared: 'federated credentials' must be at most 20, where those of a cluster made anew count twice, old and new; give the next workload an identity of its own, got 22",
      );
    });
  });
});

describe("the name of a federated credential", () => {
  it("follows from issuer and subject, which no two share", () => {
    const names = ["https://one/", "https://two/"].flatMap((issuer) =>
      ["a", "b"].map((subject) => credentialName("orders", issuer, subject)),
    );
    expect(new Set(names).size).toBe(4);
    // Deployed credentials have these names: they never change.
    expect(names[0]).toMatchInlineSnapshot(`"fc-orders-fq4hmb"`);
  });
});

describe("WorkloadIdentity and Workload", () => {
  const program = () => {
    const resourceGroup = new ResourceGroup("shop");
    const vault = new KeyVault("app", { resourceGroup, secrets: { "stripe-key": "sk" } });
    const docs = new StorageAccount("docs", { resourceGroup, containers: ["invoices"] });
    const cluster = new Cluster("main", { resourceGroup });
    new Workload("orders", {
      resourceGroup,
      cluster,
      namespace: "shop",
      image: "orders:1",
      access: [vault.secret("stripe-key").read(), docs.container("invoices").writeBlobs()],
    });
  };

  it("binds identity, credential, ServiceAccount and pods to each other", async () => {
    const registered = await register(program);
    expect(find(registered, "azure-native:managedidentity:FederatedIdentityCredential", "orders")).toEqual({
      resourceGroupName: "rg-shop-test",
      resourceName: "id-orders-test",
      federatedIdentityCredentialResourceName: credentialName(
        "orders",
        issuerUrl,
        "system:serviceaccount:shop:orders",
      ),
      issuer: issuerUrl,
      subject: "system:serviceaccount:shop:orders",
      audiences: ["api://AzureADTokenExchange"],
    });
    expect(find(registered, "kubernetes:core/v1:ServiceAccount", "orders").metadata).toMatchObject({
      name: "orders",
      namespace: "shop",
      annotations: {
        "azure.workload.identity/client-id": "client-id-orders-test",
        "azure.workload.identity/service-account-token-expiration": "3600",
      },
    });
    const { template } = find(registered, "kubernetes:apps/v1:Deployment", "orders").spec;
    expect(template.metadata.labels["azure.workload.identity/use"]).toBe("true");
    expect(template.metadata.annotations["azure-keyless/client-id"]).toBe("client-id-orders-test");
    expect(template.spec).toMatchObject({
      serviceAccountName: "orders",
      automountServiceAccountToken: false,
    });
    expect(find(registered, "kubernetes:core/v1:Service", "orders").spec).toMatchObject({
      type: "LoadBalancer",
      ports: [{ port: 80, targetPort: 8080, protocol: "TCP" }],
    });
  });

  it("grants the narrowest role at the narrowest scope, under a name that follows from them", async () => {
    const registered = await register(program);
    const read = find(registered, "azure-native:authorization:RoleAssignment", "orders-app-stripe-key-read");
    expect(read.scope).toMatch(/vaults\/kv-app-test-[a-z2-7]{6}\/secrets\/stripe-key$/);
    expect(read.principalType).toBe("ServicePrincipal");
    const secretsUser = "4633458b-17de-408a-b874-0445c86b69e6";
    expect(read.roleDefinitionId).toBe(
      `/subscriptions/00000000-0000-4000-8000-000000000001/providers/Microsoft.Authorization/roleDefinitions/${secretsUser}`,
    );
    expect(read.roleAssignmentName).toBe(
      roleAssignmentName(read.scope, secretsUser, "principal-id-orders-test"),
    );
    const write = find(
      registered,
      "azure-native:authorization:RoleAssignment",
      "orders-docs-invoices-blobs-write",
    );
    expect(write.scope).toMatch(
      /storageAccounts\/stdocstest[a-z2-7]{6}\/blobServices\/default\/containers\/invoices$/,
    );
  });

  it("waits once for many identities, for each whole chain", async () => {
    const registered = await register(() => {
      const resourceGroup = new ResourceGroup("shop");
      const cluster = new Cluster("main", { resourceGroup });
      const vault = KeyVault.fromId(
        "app",
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/kv",
      );
      const identities = ["a", "b"].map(
        (name) =>
          new WorkloadIdentity(name, {
            resourceGroup,
            cluster,
            namespace: "shop",
            access: [vault.readSecrets()],
          }),
      );
      const propagation = new Propagation("all", {
        kubeconfig: cluster.kubeconfig,
        proofs: identities.map(({ proof }) => proof),
      });
      for (const workloadIdentity of identities) {
        const image = "image:1";
        new Workload(workloadIdentity.serviceAccount, { cluster, workloadIdentity, propagation, image });
      }
    });
    const { proofs } = find(registered, "pulumi-nodejs:dynamic/azure-keyless:Propagation", "all");
    expect(proofs).toHaveLength(2);
    expect(proofs[0]).toMatchObject({
      kind: "workload",
      name: "a",
      issuer: issuerUrl,
      subject: "system:serviceaccount:shop:a",
      touches: [{ kind: "keyVault", vaultUri: "https://kv.vault.azure.net/" }],
    });
    expect(proofs[0].waitsFor).toHaveLength(2);
  });

  it("keeps one constant line of code in the state", async () => {
    const registered = await register(program);
    const lines = registered.flatMap(({ inputs }) => (inputs.__provider ? [inputs.__provider] : []));
    expect(new Set(lines)).toEqual(
      new Set([
        'exports.handler = () => require("node:module").createRequire(process.cwd() + "/")("azure-keyless/dynamic").propagation;',
        'exports.handler = () => require("node:module").createRequire(process.cwd() + "/")("azure-keyless/dynamic").vaultName;',
      ]),
    );
  });
});

describe("federated credentials of one identity", () => {
  const withIdentity = (use: (identity: UserAssignedIdentity) => void) =>
    register(() => use(new UserAssignedIdentity("shared", { resourceGroup: new ResourceGroup("shop") })));
  const credential = (identity: UserAssignedIdentity, number: number, subject = `subject-${number}`) =>
    new FederatedCredential(`fc-${number}`, { identity, issuer: "https://issuer.example/", subject });

  it("are twenty at most", async () => {
    const registered = await withIdentity((identity) => {
      for (let number = 1; number <= 20; number++) credential(identity, number);
      expect(() => credential(identity, 21)).toThrow(
        "UserAssignedIdentity shared: 'federated credentials' must be at most 20; give the next workload an identity of its own, got 21",
      );
    });
    expect(ofType(registered, "azure-native:managedidentity:FederatedIdentityCredential")).toHaveLength(20);
  });

  it("differ in issuer or subject", async () => {
    await withIdentity((identity) => {
      credential(identity, 1, "same");
      expect(() => credential(identity, 2, "same")).toThrow(/must be unique in issuer and subject/);
      credential(identity, 3, "Same");
    });
  });

  it.each([
    ["subject", { subject: "s".repeat(601) }, /'subject' must be 1 to 600 characters/],
    ["subject", { subject: "repo:*" }, /'subject' must be without wildcards, got "repo:\*"/],
    ["issuer", { issuer: "http://plain" }, /'issuer' must be an https URL, got "http:\/\/plain"/],
    ["credentialName", { credentialName: "a" }, /'credentialName' must be 3 to 120/],
    ["audience", { audience: "" }, /'audience' must be 1 to 600 characters, got ""/],
  ])("refuse a wrong %s", async (_argument, args, message) => {
    await withIdentity((identity) => {
      const all = { identity, issuer: "https://issuer.example/", subject: "subject", ...args };
      expect(() => new FederatedCredential("fc-1", all)).toThrow(message);
    });
  });
});
