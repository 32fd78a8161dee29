import { rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { getResource, listResources } from "../../../sandbox/arm/resource";
import { createClock } from "../../../sandbox/core/clock";
import { noFaults } from "../../../sandbox/core/faults";
import {
  createJournal,
  type JournalEntries,
  mostEntries,
  tokenExchange,
} from "../../../sandbox/core/journal";
import { startSandbox } from "../../../sandbox/core/sandbox";
import { openStore } from "../../../sandbox/core/store";
import { startTestSandbox, type TestSandbox, temporaryDirectory } from "../harness";
import { proxiedFetch } from "./requests";

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

describe("the journal", () => {
  const scope = "https://vault.azure.net";

  test("tells when somebody was last refused and first allowed, and forgets on request", async () => {
    const clock = createClock();
    const journal = createJournal(clock);
    const asked = (allowed: boolean) =>
      journal.asked({ principalId: "p", operation: tokenExchange, scope, allowed });
    asked(false);
    clock.advance(10_000);
    asked(false);
    clock.advance(10_000);
    asked(true);
    clock.advance(10_000);
    asked(true);
    const [access] = journal.entries().accesses;
    expect(access).toMatchObject({ refusals: 2, allowances: 2, principalId: "p", scope });
    const { firstAt, lastRefusedAt = 0, allowedAt = 0 } = access!;
    expect(lastRefusedAt - firstAt).toBeGreaterThanOrEqual(10_000);
    expect(allowedAt - lastRefusedAt).toBeGreaterThanOrEqual(10_000);
    expect(clock.now() - allowedAt).toBeGreaterThanOrEqual(10_000);
    journal.clear();
    expect(journal.entries()).toEqual({
      writes: [],
      accesses: [],
      faults: [],
    });
  });

  test("takes down no more than it has room for", () => {
    const journal = createJournal(createClock());
    for (let index = 0; index < mostEntries + 5; index++) {
      journal.asked({ principalId: `p${index}`, operation: tokenExchange, scope, allowed: true });
    }
    expect(journal.entries().accesses).toHaveLength(mostEntries);
  });

  test("is read from outside, with what ARM wrote and which requests faults struck", async () => {
    const replicationSeconds = { ...noFaults.replicationSeconds, principal: [30, 30] as [number, number] };
    const sandbox = await startTestSandbox({ faults: { ...noFaults, replicationSeconds } });
    const { context, proxyUrl } = sandbox;
    const token = await deployerToken(context);
    const group = `/subscriptions/${context.account.subscriptionId}/resourceGroups/shop`;
    const identity = `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/orders`;
    const put = (id: string, apiVersion: string) =>
      proxiedFetch(sandbox)(`https://management.azure.com${id}?api-version=${apiVersion}`, {
        method: "PUT",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: JSON.stringify({ location: "westeurope" }),
      });
    expect((await put(group, "2024-03-01")).status).toBe(201);
    expect((await put(identity, "2023-01-31")).status).toBe(201);
    context.faults.settings = { ...context.faults.settings, throttleRate: 1 };
    expect((await put(group, "2024-03-01")).status).toBe(429);

    const journal = (await (await fetch(`${proxyUrl}/_sandbox/journal`)).json()) as JournalEntries;
    expect(journal.writes.map(({ id, method }) => `${method} ${id}`)).toEqual([
      `PUT ${group}`,
      `PUT ${identity}`,
    ]);
    const { startedAt, completedAt, effectiveAt = 0 } = journal.writes[1]!;
    expect(completedAt).toBeGreaterThanOrEqual(startedAt);
    expect(effectiveAt - startedAt).toBeGreaterThan(29_000);
    expect(journal.faults).toEqual([
      { kind: "throttle", service: "Azure Resource Manager", at: expect.any(Number) },
    ]);
    const forget = { method: "DELETE", headers: { "content-type": "application/json" } };
    expect((await fetch(`${proxyUrl}/_sandbox/journal`, forget)).status).toBe(200);
    expect(context.journal.entries().writes).toEqual([]);
    await sandbox.stop();
  });
});

async function deployerToken({ directory, tokens, account }: TestSandbox["context"]): Promise<string> {
  const deployer = directory.byObjectId(account.deployer.objectId)!;
  return tokens.issue(deployer, "https://management.azure.com", 3600);
}
