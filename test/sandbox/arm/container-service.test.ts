import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { getResource, listResources } from "../../../sandbox/arm/resource";
import { startTestSandbox, type TestSandbox } from "../harness";
import { addPrincipal, armRequests, assignRole, roles, type Sdk, startSdk } from "./arm-fixture";

let sandbox: TestSandbox;
let sdk: Sdk;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  sdk = startSdk(sandbox);
  await sdk.run("resources", "resourceGroups.createOrUpdate", "shop", { location: "westeurope" });
});
afterAll(async () => {
  sdk.stop();
  await sandbox.stop();
});

const put = (name: string, more: Record<string, unknown> = {}) =>
  [
    "containerService",
    "managedClusters.createOrUpdate",
    "shop",
    name,
    {
      location: "westeurope",
      dnsPrefix: name,
      identity: { type: "SystemAssigned" },
      agentPoolProfiles: [{ name: "system", mode: "System", count: 2, vmSize: "Standard_D4s_v5" }],
      ...more,
    },
  ] as const;

const keyless = {
  oidcIssuerProfile: { enabled: true },
  securityProfile: { workloadIdentity: { enabled: true } },
  aadProfile: { managed: true, enableAzureRbac: true },
  disableLocalAccounts: true,
};
const stored = (id: string) => getResource(sandbox.context.store, id);

describe("a cluster", () => {
  test("without passwords has an issuer, an API server, and identities", async () => {
    const { account, directory } = sandbox.context;
    const created = await sdk.run(...put("keyless", keyless));
    const guid = stored(created.id)?.internal?.clusterGuid;
    expect(created).toMatchObject({
      provisioningState: "Succeeded",
      fqdn: expect.stringMatching(/^keyless-[0-9a-f]{8}\.hcp\.westeurope\.azmk8s\.io$/),
      kubernetesVersion: "1.33",
      currentKubernetesVersion: expect.stringMatching(/^1\.33\.\d+$/),
      nodeResourceGroup: "MC_shop_keyless_westeurope",
      oidcIssuerProfile: {
        enabled: true,
        issuerURL: `https://westeurope.oic.prod-aks.azure.com/${account.tenantId}/${guid}/`,
      },
      securityProfile: { workloadIdentity: { enabled: true } },
      aadProfile: { managed: true, enableAzureRbac: true, tenantID: account.tenantId },
      disableLocalAccounts: true,
      agentPoolProfiles: [{ name: "system", count: 2, vmSize: "Standard_D4s_v5", mode: "System" }],
    });
    expect(directory.byObjectId(created.identity.principalId)).toMatchObject({
      managedIdentityResourceId: created.id,
    });
    const { kubeletidentity } = created.identityProfile;
    expect(directory.byObjectId(kubeletidentity.objectId)).toMatchObject({
      clientId: kubeletidentity.clientId,
      managedIdentityResourceId: kubeletidentity.resourceId,
    });
    expect(
      await sdk.run("msi", "userAssignedIdentities.get", "MC_shop_keyless_westeurope", "keyless-agentpool"),
    ).toMatchObject({
      principalId: kubeletidentity.objectId,
    });
    expect(await sdk.run("resources", "resourceGroups.get", "MC_shop_keyless_westeurope")).toMatchObject({
      managedBy: created.id,
    });
    expect(await sdk.run("containerService", "managedClusters.get", "shop", "KEYLESS")).toEqual(created);
    expect(await sdk.run("containerService", "managedClusters.listByResourceGroup", "shop")).toContainEqual(
      created,
    );
  });

  test("written again stays the same but for its ETag", async () => {
    const first = await sdk.run(...put("again", keyless));
    const second = await sdk.run(...put("again", keyless));
    expect({ ...second, eTag: "" }).toEqual({ ...first, eTag: "" });
    expect(second.eTag).not.toBe(first.eTag);
    const tagged = await sdk.run("containerService", "managedClusters.updateTags", "shop", "again", {
      tags: { a: "b" },
    });
    expect(tagged).toMatchObject({
      tags: { a: "b" },
      fqdn: first.fqdn,
      oidcIssuerProfile: first.oidcIssuerProfile,
    });
    const stale = await armRequests(sandbox).request("DELETE", `${first.id}?api-version=2025-09-01`, {
      headers: { "if-match": first.eTag },
    });
    expect(stale.status).toBe(412);
  });

  test("takes its state with it when it goes, and comes back as another", async () => {
    const { store, directory } = sandbox.context;
    const first = await sdk.run(...put("mortal", keyless));
    const guid = stored(first.id)?.internal?.clusterGuid as string;
    store.put("kubernetes", `${guid}/objects/x`, {});
    store.put("clusterKeys", guid, {});
    await sdk.run("containerService", "managedClusters.delete", "shop", "mortal");
    expect(store.list("kubernetes", guid)).toEqual([]);
    expect(store.get("clusterKeys", guid)).toBeUndefined();
    expect(directory.byObjectId(first.identityProfile.kubeletidentity.objectId)).toBeUndefined();
    expect(directory.byObjectId(first.identity.principalId)).toBeUndefined();
    expect(
      listResources(
        store,
        `/subscriptions/${sandbox.context.account.subscriptionId}/resourceGroups/MC_shop_mortal`,
      ),
    ).toEqual([]);
    const second = await sdk.run(...put("mortal", keyless));
    expect(second.oidcIssuerProfile.issuerURL).not.toBe(first.oidcIssuerProfile.issuerURL);
  });

  test("takes identities that are there", async () => {
    const identity = await sdk.run("msi", "userAssignedIdentities.createOrUpdate", "shop", "kubelet", {
      location: "westeurope",
    });
    const created = await sdk.run(
      ...put("own-identity", {
        identity: { type: "UserAssigned", userAssignedIdentities: { [identity.id]: {} } },
        identityProfile: { kubeletidentity: { resourceId: identity.id } },
      }),
    );
    expect(created.identity.userAssignedIdentities[identity.id]).toEqual({
      principalId: identity.principalId,
      clientId: identity.clientId,
    });
    expect(created.identityProfile.kubeletidentity).toEqual({
      resourceId: identity.id,
      clientId: identity.clientId,
      objectId: identity.principalId,
    });
  });

  test("is not given an identity by those who may not assign it", async () => {
    const identity = await sdk.run("msi", "userAssignedIdentities.createOrUpdate", "shop", "guarded", {
      location: "westeurope",
    });
    await sdk.run("resources", "resourceGroups.createOrUpdate", "theirs", { location: "westeurope" });
    const arm = armRequests(sandbox);
    const subscription = `/subscriptions/${sandbox.context.account.subscriptionId}`;
    const { objectId, clientId } = addPrincipal(sandbox, "contributor of theirs");
    assignRole(sandbox, objectId, roles.contributor, `${subscription}/resourceGroups/theirs`);
    const id = `${subscription}/resourceGroups/theirs/providers/Microsoft.ContainerService/managedClusters/theirs`;
    const body = {
      location: "westeurope",
      identity: { type: "UserAssigned", userAssignedIdentities: { [identity.id]: {} } },
      properties: { dnsPrefix: "theirs", agentPoolProfiles: [{ name: "system" }] },
    };
    const token = await arm.tokenFor(objectId);
    const attempt = () => arm.request("PUT", `${id}?api-version=2025-09-01`, { token, body });
    expect(await attempt()).toMatchObject({
      status: 403,
      body: {
        error: {
          code: "LinkedAuthorizationFailed",
          message: `The client '${clientId}' with object id '${objectId}' has permission to perform action 'Microsoft.ContainerService/managedClusters/write' on scope '${id}'; however, it does not have permission to perform action(s) 'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action' on the linked scope(s) '${identity.id}' (respectively) or the linked scope(s) are invalid.`,
        },
      },
    });
    expect(stored(id)).toBeUndefined();
    assignRole(sandbox, objectId, roles.managedIdentityOperator, identity.id);
    expect((await attempt()).status).toBe(201);
  });
});

describe("the OIDC issuer", () => {
  test.each([
    ["1.33", undefined, false],
    ["1.33", true, true],
    ["1.34", undefined, true],
  ])("with Kubernetes %s, asked for %s: %s", async (kubernetesVersion, enabled, expected) => {
    const name = `issuer-${kubernetesVersion.replace(".", "")}-${enabled}`;
    const { oidcIssuerProfile } = await sdk.run(
      ...put(name, {
        kubernetesVersion,
        ...(enabled === undefined ? {} : { oidcIssuerProfile: { enabled } }),
      }),
    );
    expect(oidcIssuerProfile.enabled).toBe(expected);
    expect(oidcIssuerProfile.issuerURL !== undefined).toBe(expected);
  });

  test("once on stays on", async () => {
    await sdk.run(...put("lasting", { oidcIssuerProfile: { enabled: true } }));
    const off = { status: 400, code: "OIDCIssuerFeatureCannotBeDisabled" };
    expect(await sdk.fail(...put("lasting", { oidcIssuerProfile: { enabled: false } }))).toMatchObject(off);
    expect(await sdk.run(...put("lasting"))).toMatchObject({ oidcIssuerProfile: { enabled: true } });
    expect(
      await sdk.fail(...put("modern", { kubernetesVersion: "1.34", oidcIssuerProfile: { enabled: false } })),
    ).toMatchObject(off);
  });

  test("is what workload identity needs", async () => {
    const securityProfile = { workloadIdentity: { enabled: true } };
    expect(await sdk.fail(...put("no-issuer", { securityProfile }))).toMatchObject({
      status: 400,
      code: "InvalidParameter",
    });
  });
});

describe("a cluster is refused", () => {
  test.each([
    ["without node pools", { agentPoolProfiles: [] }, "InvalidParameter", "agentPoolProfiles"],
    [
      "without a system pool",
      { agentPoolProfiles: [{ name: "user", mode: "User" }] },
      "InvalidParameter",
      "system node pool",
    ],
    [
      "with two pools of one name",
      { agentPoolProfiles: [{ name: "a", mode: "System" }, { name: "a" }] },
      "InvalidParameter",
      "unique",
    ],
    [
      "with a pool's name that is none",
      { agentPoolProfiles: [{ name: "Pool-1", mode: "System" }] },
      "InvalidParameter",
      "agentPoolProfile.name",
    ],
    ["without a DNS prefix", { dnsPrefix: undefined }, "InvalidParameter", "dnsPrefix"],
    ["without an identity", { identity: undefined }, "InvalidParameter", "servicePrincipalProfile"],
    ["with an old Kubernetes", { kubernetesVersion: "1.20" }, "K8sVersionNotSupported", "1.20"],
    ["without local accounts and without Entra", { disableLocalAccounts: true }, "InvalidParameter", "Entra"],
  ])("%s", async (_name, more, code, text) => {
    expect(await sdk.fail(...put("refused", more))).toMatchObject({
      status: 400,
      code,
      message: expect.stringContaining(text),
    });
    expect(await sdk.fail("resources", "resourceGroups.get", "MC_shop_refused_westeurope")).toMatchObject({
      status: 404,
    });
  });

  test("with an identity for its nodes that is not there, and leaves nothing behind", async () => {
    const resourceId = `/subscriptions/${sandbox.context.account.subscriptionId}/resourceGroups/shop/providers/Microsoft.ManagedIdentity/userAssignedIdentities/none`;
    const principals = () => sandbox.context.store.list("principals").length;
    const before = principals();
    const failure = await sdk.fail(
      ...put("refused", { identityProfile: { kubeletidentity: { resourceId } } }),
    );
    expect(failure).toMatchObject({ status: 400, code: "FailedIdentityOperation" });
    expect(await sdk.fail("resources", "resourceGroups.get", "MC_shop_refused_westeurope")).toMatchObject({
      status: 404,
    });
    expect(principals()).toBe(before);
  });

  test("when it skips a version or goes back", async () => {
    await sdk.run(...put("upgraded", { kubernetesVersion: "1.32" }));
    expect(await sdk.fail(...put("upgraded", { kubernetesVersion: "1.34" }))).toMatchObject({
      status: 400,
      code: "OperationNotAllowed",
    });
    expect(await sdk.fail(...put("upgraded", { kubernetesVersion: "1.31" }))).toMatchObject({
      status: 400,
      code: "OperationNotAllowed",
    });
    expect(await sdk.run(...put("upgraded", { kubernetesVersion: "1.33" }))).toMatchObject({
      currentKubernetesVersion: expect.stringMatching(/^1\.33\./),
    });
  });
});

describe("credentials", () => {
  const kubeconfig = (answer: any) => parse(Buffer.from(answer.kubeconfigs[0].value).toString());

  test("of users lead through kubelogin; static ones there are none", async () => {
    const { fqdn } = await sdk.run(...put("entra", keyless));
    const answer = await sdk.run(
      "containerService",
      "managedClusters.listClusterUserCredentials",
      "shop",
      "entra",
    );
    const config = kubeconfig(answer);
    expect(answer.kubeconfigs[0].name).toBe("clusterUser");
    expect(config).toMatchObject({
      kind: "Config",
      "current-context": "entra",
      clusters: [{ name: "entra", cluster: { server: `https://${fqdn}:443` } }],
      users: [
        {
          name: "clusterUser_shop_entra",
          user: {
            exec: {
              command: "kubelogin",
              args: expect.arrayContaining(["--server-id", "6dae42f8-4368-4678-94ff-3960e28e3630"]),
            },
          },
        },
      ],
    });
    expect(Buffer.from(config.clusters[0].cluster["certificate-authority-data"], "base64").toString()).toBe(
      sandbox.context.certificates.authorityPem,
    );
    expect(
      await sdk.fail("containerService", "managedClusters.listClusterAdminCredentials", "shop", "entra"),
    ).toEqual({
      status: 400,
      code: "BadRequest",
      message:
        "Getting static credential is not allowed because this cluster is set to disable local accounts.",
    });
  });

  test("of local accounts are a token that the cluster does not show", async () => {
    const { id } = await sdk.run(...put("local"));
    const config = kubeconfig(
      await sdk.run("containerService", "managedClusters.listClusterAdminCredentials", "shop", "local"),
    );
    const { token } = config.users[0].user;
    expect(token).toBe(stored(id)?.internal?.adminToken);
    expect(
      JSON.stringify(await sdk.run("containerService", "managedClusters.get", "shop", "local")),
    ).not.toContain(token);
  });
});

describe("node pools", () => {
  test("are read, added, changed and removed beside the cluster's own", async () => {
    await sdk.run(...put("pools"));
    await sdk.run("containerService", "agentPools.createOrUpdate", "shop", "pools", "extra", {
      count: 3,
      vmSize: "Standard_D2s_v5",
    });
    const listed = await sdk.run("containerService", "agentPools.list", "shop", "pools");
    expect(listed.map((pool: { name: string; count: number }) => [pool.name, pool.count])).toEqual([
      ["system", 2],
      ["extra", 3],
    ]);
    expect(
      (await sdk.run("containerService", "managedClusters.get", "shop", "pools")).agentPoolProfiles,
    ).toHaveLength(2);
    expect(
      await sdk.run("containerService", "agentPools.createOrUpdate", "shop", "pools", "extra", { count: 4 }),
    ).toMatchObject({ count: 4, vmSize: "Standard_D2s_v5" });
    expect(
      await sdk.fail("containerService", "agentPools.createOrUpdate", "shop", "pools", "extra", {
        vmSize: "Standard_E2s_v5",
      }),
    ).toMatchObject({
      status: 400,
      code: "PropertyChangeNotAllowed",
    });
    await sdk.run("containerService", "agentPools.delete", "shop", "pools", "extra");
    expect(await sdk.fail("containerService", "agentPools.delete", "shop", "pools", "system")).toMatchObject({
      status: 400,
    });
    expect(await sdk.run("containerService", "agentPools.list", "shop", "pools")).toHaveLength(1);
  });
});
