import { rmSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type AdjustableClock, createClock } from "../../../sandbox/core/clock";
import { noFaults } from "../../../sandbox/core/faults";
import { startSandbox } from "../../../sandbox/core/sandbox";
import { startTestSandbox, type TestSandbox, temporaryDirectory } from "../harness";
import { addPrincipal, armRequests, assignRole, roles } from "./arm-fixture";

let sandbox: TestSandbox;
let clock: AdjustableClock;
let arm: ReturnType<typeof armRequests>;
let group: string;

const asAzure = { ...noFaults, operationTimeFactor: 1 };

beforeEach(async () => {
  clock = createClock();
  sandbox = await startTestSandbox({ clock });
  arm = armRequests(sandbox);
  group = `/subscriptions/${sandbox.context.account.subscriptionId}/resourceGroups/shop`;
  await arm.request("PUT", `${group}?api-version=2024-03-01`, { body: { location: "westeurope" } });
  sandbox.context.faults.settings = asAzure;
});
afterEach(() => sandbox.stop());

const registry = () =>
  `${group}/providers/Microsoft.ContainerRegistry/registries/shopregistry?api-version=2023-07-01`;
const registryBody = { location: "westeurope", sku: { name: "Basic" } };
const pathOf = (address: string | undefined) => (address ?? "").replace("https://management.azure.com", "");

describe("a creation", () => {
  test("answers with the resource and leads to its status, until it is done", async () => {
    const put = await arm.request("PUT", registry(), { body: registryBody });
    expect(put).toMatchObject({ status: 201, body: { properties: { provisioningState: "Creating" } } });
    expect(put.headers).toMatchObject({
      "retry-after": "15",
      "azure-asyncoperation": expect.stringMatching(
        /^https:\/\/management\.azure\.com\/.*api-version=2023-07-01$/,
      ),
    });
    const status = pathOf(put.headers["azure-asyncoperation"]);
    expect(await arm.request("GET", status)).toMatchObject({ status: 200, body: { status: "InProgress" } });
    expect((await arm.request("GET", registry())).body.properties.provisioningState).toBe("Creating");

    clock.advance(20_000);
    expect(await arm.request("GET", status)).toMatchObject({
      status: 200,
      body: { status: "Succeeded", startTime: expect.any(String), endTime: expect.any(String) },
    });
    expect((await arm.request("GET", registry())).body.properties.provisioningState).toBe("Succeeded");
  });

  test("in progress is in the way of a change, and gives way to none", async () => {
    await arm.request("PUT", registry(), { body: registryBody });
    const again = await arm.request("PUT", registry(), { body: registryBody });
    expect(again).toMatchObject({ status: 409, body: { error: { code: "RegistryStatusConflict" } } });
    expect(await arm.request("DELETE", registry())).toMatchObject({ status: 409 });
    clock.advance(20_000);
    expect(await arm.request("PUT", registry(), { body: registryBody })).toMatchObject({ status: 200 });
  });

  test("goes on after a restart", async () => {
    const directory = temporaryDirectory();
    let first = await startSandbox({ directory, clock, faults: asAzure });
    let requests = armRequests({ ...first, directory, stop: first.close });
    const own = `/subscriptions/${first.context.account.subscriptionId}/resourceGroups/g`;
    const path = `${own}/providers/Microsoft.ContainerRegistry/registries/other1?api-version=2023-07-01`;
    try {
      await requests.request("PUT", `${own}?api-version=2024-03-01`, { body: { location: "westeurope" } });
      const put = await requests.request("PUT", path, { body: registryBody });
      await first.close();
      first = await startSandbox({ directory, clock, faults: asAzure });
      requests = armRequests({ ...first, directory, stop: first.close });
      const status = pathOf(put.headers["azure-asyncoperation"]);
      expect((await requests.request("GET", status)).body.status).toBe("InProgress");
      clock.advance(20_000);
      expect((await requests.request("GET", path)).body.properties.provisioningState).toBe("Succeeded");
      expect((await requests.request("GET", status)).body.status).toBe("Succeeded");
    } finally {
      await first.close();
      rmSync(directory, { recursive: true });
    }
  });

  test("of a storage account answers 202 and leads to the result", async () => {
    const path = `${group}/providers/Microsoft.Storage/storageAccounts/shopdocs?api-version=2024-01-01`;
    const body = { location: "westeurope", kind: "StorageV2", sku: { name: "Standard_LRS" } };
    const put = await arm.request("PUT", path, { body });
    expect(put).toMatchObject({ status: 202, body: undefined });
    expect(put.headers["azure-asyncoperation"]).toBeUndefined();
    const result = pathOf(put.headers.location);
    expect(await arm.request("GET", result)).toMatchObject({ status: 202, body: undefined });
    clock.advance(25_000);
    expect(await arm.request("GET", result)).toMatchObject({ status: 200, body: { name: "shopdocs" } });
  });

  test("of a vault shows itself in the vault alone", async () => {
    const path = `${group}/providers/Microsoft.KeyVault/vaults/shop-vault?api-version=2024-11-01`;
    const properties = { tenantId: sandbox.context.account.tenantId, sku: { family: "A", name: "standard" } };
    const put = await arm.request("PUT", path, { body: { location: "westeurope", properties } });
    expect(put).toMatchObject({ status: 200, body: { properties: { provisioningState: "RegisteringDns" } } });
    expect([put.headers["azure-asyncoperation"], put.headers.location]).toEqual([undefined, undefined]);
    clock.advance(30_000);
    expect((await arm.request("GET", path)).body.properties.provisioningState).toBe("Succeeded");
  });

  test("waits with children until a SQL server is ready", async () => {
    const server = `${group}/providers/Microsoft.Sql/servers/shop-sql`;
    const administrators = {
      azureADOnlyAuthentication: true,
      login: "admins",
      sid: sandbox.context.account.deployer.objectId,
    };
    const put = await arm.request("PUT", `${server}?api-version=2023-08-01`, {
      body: { location: "westeurope", properties: { administrators } },
    });
    expect(put.status).toBe(202);
    const database = () =>
      arm.request("PUT", `${server}/databases/orders?api-version=2023-08-01`, {
        body: { location: "westeurope" },
      });
    expect(await database()).toMatchObject({
      status: 409,
      body: { error: { code: "ConflictingServerOperation" } },
    });
    clock.advance(75_000);
    expect((await database()).status).toBe(202);
    expect(
      (await arm.request("GET", `${server}/databases/orders?api-version=2023-08-01`)).body.properties.status,
    ).toBe("Creating");
  });

  test("takes as long as the factor says", async () => {
    sandbox.context.faults.settings = { ...noFaults, operationTimeFactor: 3 };
    await arm.request("PUT", registry(), { body: registryBody });
    clock.advance(59_000);
    expect((await arm.request("GET", registry())).body.properties.provisioningState).toBe("Creating");
    clock.advance(1000);
    expect((await arm.request("GET", registry())).body.properties.provisioningState).toBe("Succeeded");
  });

  test("is over at the first poll when the factor is 0", async () => {
    sandbox.context.faults.settings = noFaults;
    const put = await arm.request("PUT", registry(), { body: registryBody });
    expect(put).toMatchObject({ status: 201, body: { properties: { provisioningState: "Creating" } } });
    expect(put.headers["retry-after"]).toBe("0");
    expect((await arm.request("GET", pathOf(put.headers["azure-asyncoperation"]))).body.status).toBe(
      "Succeeded",
    );
  });
});

describe("a write that is answered when it is done", () => {
  test("takes its time", async () => {
    const identity = `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/orders`;
    const put = () =>
      arm.request("PUT", `${identity}?api-version=2023-01-31`, { body: { location: "westeurope" } });
    const took = () => {
      const write = sandbox.context.journal.entries().writes.findLast(({ id }) => id === identity)!;
      return write.completedAt - write.startedAt;
    };
    expect((await put()).status).toBe(201);
    expect(took()).toBeGreaterThanOrEqual(1000);
  });
});

describe("a group's deletion", () => {
  test("answers 202, keeps everything out, and is done when its time has come", async () => {
    const identity = `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/orders?api-version=2023-01-31`;
    await arm.request("PUT", identity, { body: { location: "westeurope" } });
    const gone = await arm.request("DELETE", `${group}?api-version=2024-03-01`);
    expect(gone).toMatchObject({ status: 202, body: undefined });
    const result = pathOf(gone.headers.location);
    expect(
      (await arm.request("GET", `${group}?api-version=2024-03-01`)).body.properties.provisioningState,
    ).toBe("Deleting");
    expect(await arm.request("PUT", identity, { body: { location: "westeurope" } })).toMatchObject({
      status: 409,
      body: {
        error: {
          code: "ResourceGroupBeingDeleted",
          message: "The resource group 'shop' is in deprovisioning state and cannot perform this operation.",
        },
      },
    });
    expect(
      (await arm.request("PUT", `${group}?api-version=2024-03-01`, { body: { location: "westeurope" } }))
        .status,
    ).toBe(409);
    const again = await arm.request("DELETE", `${group}?api-version=2024-03-01`);
    expect([again.status, pathOf(again.headers.location)]).toEqual([202, result]);
    expect((await arm.request("GET", result)).status).toBe(202);
    clock.advance(60_000);
    expect((await arm.request("GET", result)).status).toBe(200);
    expect((await arm.request("GET", `${group}?api-version=2024-03-01`)).status).toBe(404);
  });
});

describe("an operation", () => {
  test("is shown to who began it and to who may read its resource", async () => {
    const put = await arm.request("PUT", registry(), { body: registryBody });
    const status = pathOf(put.headers["azure-asyncoperation"]);
    const stranger = addPrincipal(sandbox, "stranger");
    const token = await arm.tokenFor(stranger.objectId);
    expect((await arm.request("GET", status, { token })).status).toBe(403);
    assignRole(sandbox, stranger.objectId, roles.reader, group);
    expect((await arm.request("GET", status, { token })).status).toBe(200);
  });

  test("that is not there: 404", async () => {
    const { subscriptionId } = sandbox.context.account;
    const path = `/subscriptions/${subscriptionId}/providers/Microsoft.Sql/locations/global/operationStatuses/x?api-version=2023-08-01`;
    expect((await arm.request("GET", path)).status).toBe(404);
  });
});
