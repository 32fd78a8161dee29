import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { putResource } from "../../../sandbox/arm/resource";
import { startTestSandbox, type TestSandbox } from "../harness";
import { addPrincipal, armRequests, assignRole, roles } from "./arm-fixture";

let sandbox: TestSandbox;
let arm: ReturnType<typeof armRequests>;
let subscription: string;
const groupVersion = "api-version=2024-03-01";

beforeAll(async () => {
  sandbox = await startTestSandbox();
  arm = armRequests(sandbox);
  subscription = `/subscriptions/${sandbox.context.account.subscriptionId}`;
});
afterAll(() => sandbox.stop());

const error = (code: string) => ({ error: expect.objectContaining({ code }) });

describe("what is no resource", () => {
  test("the metadata needs no token", async () => {
    const { status, body } = await arm.request("GET", "/metadata/endpoints?api-version=2022-09-01", {
      token: undefined,
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      name: "AzureCloud",
      authentication: {
        loginEndpoint: "https://login.microsoftonline.com",
        audiences: expect.arrayContaining(["https://management.azure.com/"]),
      },
      resourceManager: "https://management.azure.com/",
      suffixes: { keyVaultDns: "vault.azure.net", storage: "core.windows.net" },
    });
  });

  test("tenants, subscriptions, regions", async () => {
    const { tenantId, subscriptionId, subscriptionName } = sandbox.context.account;
    const tenants = await arm.request("GET", "/tenants?api-version=2022-12-01");
    expect(tenants.body.value).toEqual([expect.objectContaining({ tenantId })]);
    const subscriptions = await arm.request("GET", "/subscriptions?api-version=2022-12-01");
    expect(subscriptions.body.value).toEqual([
      expect.objectContaining({
        id: subscription,
        subscriptionId,
        displayName: subscriptionName,
        state: "Enabled",
        tenantId,
      }),
    ]);
    expect((await arm.request("GET", `${subscription}?api-version=2022-12-01`)).body).toEqual(
      subscriptions.body.value[0],
    );
    const regions = await arm.request("GET", `${subscription}/locations?api-version=2022-12-01`);
    expect(regions.body.value).toContainEqual(
      expect.objectContaining({ name: "westeurope", displayName: "West Europe" }),
    );
  });

  test("a subscription is hidden from those who have no role in it", async () => {
    const token = await arm.tokenFor(addPrincipal(sandbox, "stranger").objectId);
    expect((await arm.request("GET", "/subscriptions?api-version=2022-12-01", { token })).body.value).toEqual(
      [],
    );
    expect(await arm.request("GET", `${subscription}?api-version=2022-12-01`, { token })).toMatchObject({
      status: 404,
      body: error("SubscriptionNotFound"),
    });
  });

  test("providers, and registering one", async () => {
    const path = `${subscription}/providers/microsoft.keyvault`;
    const { body } = await arm.request("GET", `${path}?api-version=2021-04-01`);
    expect(body).toMatchObject({ namespace: "Microsoft.KeyVault", registrationState: "Registered" });
    expect(body.resourceTypes).toContainEqual(
      expect.objectContaining({
        resourceType: "vaults",
        apiVersions: expect.arrayContaining(["2024-11-01"]),
        locations: expect.arrayContaining(["West Europe"]),
      }),
    );
    expect(await arm.request("POST", `${path}/register?api-version=2021-04-01`)).toMatchObject({
      status: 200,
      body,
    });
    const all = await arm.request("GET", `${subscription}/providers?api-version=2021-04-01`);
    expect(all.body.value.map((each: { namespace: string }) => each.namespace)).toEqual([
      "Microsoft.Authorization",
      "Microsoft.ContainerRegistry",
      "Microsoft.ContainerService",
      "Microsoft.KeyVault",
      "Microsoft.ManagedIdentity",
      "Microsoft.Resources",
      "Microsoft.Sql",
      "Microsoft.Storage",
    ]);
  });
});

describe("lists", () => {
  const identityType = "Microsoft.ManagedIdentity/userAssignedIdentities";
  const put = (group: string, name: string, tags: Record<string, string>) => {
    const id = `${subscription}/resourceGroups/${group}/providers/${identityType}/${name}`;
    const properties = { principalId: randomUUID(), clientId: randomUUID() };
    putResource(sandbox.context.store, {
      body: { id, name, type: identityType, location: "westeurope", tags, properties },
    });
  };

  beforeAll(async () => {
    await arm.request("PUT", `${subscription}/resourceGroups/lists?${groupVersion}`, {
      body: { location: "westeurope" },
    });
    for (const name of ["a1", "a2", "a3", "a4", "a5"]) put("lists", name, { name });
  });

  test("come in pages that the next link leads through", async () => {
    const names: string[] = [];
    let path: string | undefined =
      `${subscription}/resourceGroups/lists/providers/${identityType}?api-version=2023-01-31&$top=2`;
    let pages = 0;
    while (path !== undefined) {
      const { body } = await arm.request("GET", path);
      names.push(...body.value.map((each: { name: string }) => each.name));
      path = body.nextLink?.replace("https://management.azure.com", "");
      pages++;
    }
    expect({ names, pages }).toEqual({ names: ["a1", "a2", "a3", "a4", "a5"], pages: 3 });
  });

  test.each(["0", "-1", "x", "1.5"])("of %s at a time: 400", async (top) => {
    const path = `${subscription}/resourceGroups?${groupVersion}&$top=${top}`;
    expect(await arm.request("GET", path)).toMatchObject({ status: 400 });
  });

  test("of all resources can be filtered, and show no properties", async () => {
    const list = async (filter: string) => {
      const { body } = await arm.request(
        "GET",
        `${subscription}/resources?api-version=2021-04-01&$filter=${encodeURIComponent(filter)}`,
      );
      return body.value;
    };
    expect(
      await list(
        "resourceType eq 'microsoft.managedidentity/userassignedidentities' and resourceGroup eq 'LISTS'",
      ),
    ).toHaveLength(5);
    expect(await list("tagName eq 'name' and tagValue eq 'a3'")).toEqual([
      {
        id: `${subscription}/resourceGroups/lists/providers/${identityType}/a3`,
        name: "a3",
        type: identityType,
        location: "westeurope",
        tags: { name: "a3" },
      },
    ]);
    const inGroup = await arm.request(
      "GET",
      `${subscription}/resourceGroups/lists/resources?api-version=2021-04-01`,
    );
    expect(inGroup.body.value).toHaveLength(5);
    const bad = await arm.request(
      "GET",
      `${subscription}/resources?api-version=2021-04-01&$filter=colour%20eq%20'red'`,
    );
    expect(bad).toMatchObject({ status: 400, body: error("InvalidFilterInQueryString") });
  });

  test("show only what the caller may read", async () => {
    const reader = addPrincipal(sandbox, "reader of one");
    assignRole(
      sandbox,
      reader.objectId,
      roles.reader,
      `${subscription}/resourceGroups/lists/providers/${identityType}/a2`,
    );
    const token = await arm.tokenFor(reader.objectId);
    const { body } = await arm.request("GET", `${subscription}/resources?api-version=2021-04-01`, { token });
    expect(body.value.map((each: { name: string }) => each.name)).toEqual(["a2"]);
    const groups = await arm.request("GET", `${subscription}/resourceGroups?${groupVersion}`, { token });
    expect(groups.body.value).toEqual([]);
    const identities = await arm.request(
      "GET",
      `${subscription}/resourceGroups/lists/providers/${identityType}?api-version=2023-01-31`,
      { token },
    );
    expect(identities).toMatchObject({ status: 403 });
  });
});
