import { rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { getResource, listResources } from "../../../sandbox/arm/resource";
import { noFaults } from "../../../sandbox/core/faults";
import { startSandbox } from "../../../sandbox/core/sandbox";
import { openStore } from "../../../sandbox/core/store";
import { startTestSandbox, type TestSandbox, temporaryDirectory } from "../harness";

describe("a restart", () => {
  test("keeps who and where the sandbox is, and what was written", async () => {
    const directory = temporaryDirectory();
    const first = await startSandbox({ directory });
    const { account } = first.context;
    const identity = first.context.directory.createManagedIdentity({
      displayName: "orders",
      resourceId: "/x",
    });
    const token = await first.context.tokens.issue(identity, "https://vault.azure.net", 3600);
    await first.close();
    const second = await startSandbox({ directory });
    expect(second.context.account).toEqual(account);
    expect(second.context.directory.byClientId(identity.clientId)).toEqual(identity);
    expect(await second.context.tokens.verify(token, ["https://vault.azure.net/"])).toMatchObject({
      oid: identity.objectId,
    });
    await second.close();
    rmSync(directory, { recursive: true });
  });

  test("leaves the deployer Owner of the subscription, by one role assignment", async () => {
    const directory = temporaryDirectory();
    for (let start = 0; start < 2; start++) {
      const { context, close } = await startSandbox({ directory });
      const scope = `/subscriptions/${context.account.subscriptionId}`;
      const assignments = listResources(
        context.store,
        `${scope}/providers/Microsoft.Authorization/roleAssignments/`,
      );
      expect(assignments.map(({ body }) => body.properties.principalId)).toEqual([
        context.account.deployer.objectId,
      ]);
      expect(getResource(context.store, assignments[0]!.body.id.toUpperCase())).toEqual(assignments[0]);
      const decision = context.authorizer.decide({
        principalId: context.account.deployer.objectId,
        operation: "Microsoft.Resources/subscriptions/resourceGroups/write",
        dataAction: false,
        scope: `${scope}/resourceGroups/shop`,
      });
      expect(decision).toMatchObject({ allowed: true });
      await close();
    }
    rmSync(directory, { recursive: true });
  });
});

test("two sandboxes in one process do not share a directory", async () => {
  const directory = temporaryDirectory();
  const first = await startSandbox({ directory });
  await expect(startSandbox({ directory })).rejects.toThrow(`in use by process ${process.pid}`);
  await first.close();
  const second = await startSandbox({ directory });
  await second.close();
  rmSync(directory, { recursive: true });
});

test("a name that is too long for the store is simply not there", async () => {
  const directory = temporaryDirectory();
  const store = openStore(directory);
  const name = "x".repeat(5000);
  expect(store.get("table", name)).toBeUndefined();
  expect(store.remove("table", name)).toBe(false);
  expect(store.list("table", name)).toEqual([]);
  await store.close();
  rmSync(directory, { recursive: true });
});

describe("the control API", () => {
  let sandbox: TestSandbox;
  beforeAll(async () => {
    sandbox = await startTestSandbox();
  });
  afterAll(() => sandbox.stop());
  const call = async (method: string, path: string, body?: unknown, type = "application/json") => {
    const response = await fetch(`${sandbox.proxyUrl}/_sandbox${path}`, {
      method,
      headers: { "content-type": type },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as any };
  };

  test("says what runs", async () => {
    const { tenantId, subscriptionId } = sandbox.context.account;
    expect(await call("GET", "/health")).toMatchObject({
      status: 200,
      body: {
        status: "ok",
        tenantId,
        subscriptionId,
        services: expect.arrayContaining(["Microsoft Entra ID"]),
      },
    });
  });

  test("switches faults", async () => {
    const { status, body } = await call("PUT", "/faults", {
      replicationSeconds: { federatedCredential: [5, 5] },
    });
    expect(status).toBe(200);
    expect(body.replicationSeconds.federatedCredential).toEqual([5, 5]);
    expect(sandbox.context.faults.settings.replicationSeconds.federatedCredential).toEqual([5, 5]);
    await call("PUT", "/faults", noFaults);
    expect((await call("GET", "/faults")).body).toEqual(noFaults);
  });

  test("puts the clock forward", async () => {
    const before = sandbox.context.clock.now();
    expect((await call("POST", "/clock/advance", { seconds: 600 })).status).toBe(200);
    expect(sandbox.context.clock.now() - before).toBeGreaterThanOrEqual(600_000);
  });

  test.each<[string, string, string, unknown, string | undefined, number]>([
    ["a wrong setting", "PUT", "/faults", { throttleRate: "often" }, undefined, 400],
    ["a clock put back", "POST", "/clock/advance", { seconds: -1 }, undefined, 400],
    ["what is not JSON", "PUT", "/faults", "{", undefined, 400],
    [
      "a form, which any web page can send",
      "POST",
      "/clock/advance",
      "seconds=1",
      "application/x-www-form-urlencoded",
      415,
    ],
    ["an unknown path", "GET", "/nothing", undefined, undefined, 404],
    ["another method", "POST", "/health", {}, undefined, 405],
    ["a body without end", "PUT", "/faults", "x".repeat(200_000), undefined, 413],
  ])("refuses %s", async (_name, method, path, body, type, status) => {
    expect((await call(method, path, body, type)).status).toBe(status);
  });
});
