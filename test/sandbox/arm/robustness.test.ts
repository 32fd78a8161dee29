import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { fetch } from "undici";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listResources } from "../../../sandbox/arm/resource";
import { createArmService } from "../../../sandbox/arm/service";
import { startTestSandbox, type TestSandbox } from "../harness";
import { addPrincipal, armRequests } from "./arm-fixture";

let sandbox: TestSandbox;
let server: Server;
let failures: unknown[];
let address: string;
let subscription: string;
let deployer: string;
let stranger: string;

// Straight to the service, without the proxy and TLS that other tests go through: what is thrown in it shows here.
beforeAll(async () => {
  sandbox = await startTestSandbox();
  failures = [];
  const service = createArmService(sandbox.context);
  server = createServer((request, response) => {
    Promise.resolve(service.handle(request, response)).catch((error) => {
      failures.push(error);
      response.writeHead(500).end("{}");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  subscription = `/subscriptions/${sandbox.context.account.subscriptionId}`;
  const { tokenFor } = armRequests(sandbox);
  deployer = await tokenFor(sandbox.context.account.deployer.objectId);
  stranger = await tokenFor(addPrincipal(sandbox, "stranger").objectId);
  await send("PUT", `${subscription}/resourceGroups/shop?api-version=2024-03-01`, { location: "westeurope" });
});
afterAll(async () => {
  server.close();
  await sandbox.stop();
});

async function send(method: string, path: string, body?: unknown, token = deployer) {
  const response = await fetch(`${address}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  return { status: response.status, text: await response.text() };
}

const group = () => `${subscription}/resourceGroups/shop/providers`;
const version = (path: string, apiVersion: string) => () => `${group()}/${path}?api-version=${apiVersion}`;

const identity = "Microsoft.ManagedIdentity/userAssignedIdentities/orders";
const server1 = "Microsoft.Sql/servers/fuzz-sql";
const account = "Microsoft.Storage/storageAccounts/fuzzdocs";
const paths: Record<string, () => string> = {
  "a group": () => `${subscription}/resourceGroups/fuzzed?api-version=2024-03-01`,
  "an identity": version(identity, "2023-01-31"),
  "a federated credential": version(`${identity}/federatedIdentityCredentials/fuzz`, "2023-01-31"),
  "a role assignment": version(
    "Microsoft.Authorization/roleAssignments/00000000-0000-0000-0000-000000000001",
    "2022-04-01",
  ),
  "a role definition": version(
    "Microsoft.Authorization/roleDefinitions/00000000-0000-0000-0000-000000000002",
    "2022-04-01",
  ),
  "a vault": version("Microsoft.KeyVault/vaults/fuzz-vault", "2024-11-01"),
  "a secret": version("Microsoft.KeyVault/vaults/fuzz-vault/secrets/fuzz", "2024-11-01"),
  "an account": version(account, "2024-01-01"),
  "a container": version(`${account}/blobServices/default/containers/fuzz`, "2024-01-01"),
  "a blob service": version(`${account}/blobServices/default`, "2024-01-01"),
  "a queue": version(`${account}/queueServices/default/queues/fuzz`, "2024-01-01"),
  "a SQL server": version(server1, "2023-08-01"),
  "an administrator": version(`${server1}/administrators/ActiveDirectory`, "2023-08-01"),
  "an Entra-only setting": version(`${server1}/azureADOnlyAuthentications/Default`, "2023-08-01"),
  "a database": version(`${server1}/databases/fuzz`, "2023-08-01"),
  "a firewall rule": version(`${server1}/firewallRules/fuzz`, "2023-08-01"),
  "a registry": version("Microsoft.ContainerRegistry/registries/fuzzimages", "2023-07-01"),
  "a cluster": version("Microsoft.ContainerService/managedClusters/fuzz", "2025-09-01"),
  "a node pool": version("Microsoft.ContainerService/managedClusters/fuzz/agentPools/fuzz", "2025-09-01"),
};

/** Names that the resource types know, so that arbitrary values get past the outermost checks. */
const known = [
  ...["sku", "name", "identity", "type", "userAssignedIdentities", "kind", "issuer", "subject", "audiences"],
  ...[
    "principalId",
    "roleDefinitionId",
    "principalType",
    "condition",
    "permissions",
    "assignableScopes",
    "actions",
  ],
  ...[
    "tenantId",
    "accessPolicies",
    "networkAcls",
    "createMode",
    "value",
    "attributes",
    "softDeleteRetentionInDays",
  ],
  ...[
    "administrators",
    "login",
    "sid",
    "administratorLogin",
    "administratorLoginPassword",
    "azureADOnlyAuthentication",
  ],
  ...[
    "startIpAddress",
    "endIpAddress",
    "agentPoolProfiles",
    "dnsPrefix",
    "oidcIssuerProfile",
    "securityProfile",
  ],
  ...[
    "workloadIdentity",
    "enabled",
    "aadProfile",
    "networkProfile",
    "identityProfile",
    "kubeletidentity",
    "resourceId",
  ],
  ...[
    "kubernetesVersion",
    "nodeResourceGroup",
    "count",
    "mode",
    "vmSize",
    "publicAccess",
    "metadata",
    "encryption",
  ],
  ...[
    "policies",
    "roleAssignmentMode",
    "capacity",
    "collation",
    "isHnsEnabled",
    "properties",
    "location",
    "tags",
  ],
];

const likely = fc.constantFrom<unknown>(
  "SystemAssigned",
  "System",
  "Standard_LRS",
  "standard",
  "StorageV2",
  "1.34",
  "default",
  "x",
  "",
  1,
  0,
  -1,
  true,
  false,
  null,
);
const { json } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4, depthIdentifier: "json" },
    likely,
    fc.jsonValue({ maxDepth: 1 }),
    fc.array(tie("json"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...known), tie("json"), { maxKeys: 6 }),
  ),
}));
const body = fc.record({
  location: fc.constantFrom<unknown>("westeurope", "westeurope", "nowhere", 5),
  properties: fc.dictionary(fc.constantFrom(...known), json, { maxKeys: 10 }),
  sku: fc.constantFrom<unknown>({ name: "Basic" }, { name: "Standard_LRS" }, "x", { name: 5 }),
  kind: fc.constantFrom<unknown>("StorageV2", undefined, 5),
  identity: fc.constantFrom<unknown>({ type: "SystemAssigned" }, { type: 5 }, undefined, "x"),
});

describe("whatever is asked of it, ARM answers with an answer", () => {
  // Parents are there, so that children can be written.
  beforeAll(async () => {
    const put = async (path: string, content: unknown) => {
      expect((await send("PUT", paths[path]!(), content)).status).toBeLessThan(300);
    };
    const { tenantId, deployer: me } = sandbox.context.account;
    const base = { location: "westeurope" };
    await put("an identity", base);
    await put("a vault", { ...base, properties: { tenantId, sku: { name: "standard" } } });
    await put("an account", { ...base, kind: "StorageV2", sku: { name: "Standard_LRS" } });
    const administrators = { login: "me", sid: me.objectId, azureADOnlyAuthentication: true };
    await put("a SQL server", { ...base, properties: { administrators } });
    const cluster = { dnsPrefix: "fuzz", agentPoolProfiles: [{ name: "system" }] };
    await put("a cluster", { ...base, identity: { type: "SystemAssigned" }, properties: cluster });
  });

  test.each(Object.keys(paths))("to a body for %s", async (name) => {
    const path = paths[name]!();
    await fc.assert(
      fc.asyncProperty(fc.constantFrom("PUT", "PATCH"), fc.oneof(body, json), async (method, content) => {
        const { status } = await send(method, path, content ?? "null");
        expect(failures).toEqual([]);
        expect(status).toBeLessThan(500);
        expect((await send("GET", path)).status).toBeOneOf([200, 404]);
      }),
      { numRuns: 60 },
    );
  });

  test("to a path, a query and a method", async () => {
    const segment = fc.oneof(
      fc.constantFrom(
        "subscriptions",
        subscription.slice(15),
        "resourceGroups",
        "shop",
        "providers",
        "Microsoft.KeyVault",
        "vaults",
        "fuzz-vault",
      ),
      fc.constantFrom(
        "Microsoft.Authorization",
        "roleAssignments",
        "roleDefinitions",
        "locations",
        "deletedVaults",
        "purge",
        "operationresults",
      ),
      fc.webSegment(),
    );
    const query = fc.constantFrom(
      "",
      "?api-version=2024-11-01",
      "?api-version=2024-03-01&$filter=x",
      "?api-version=2022-04-01&$top=1&$skiptoken=%00",
      "?%zz",
    );
    const method = fc.constantFrom("GET", "PUT", "PATCH", "DELETE", "POST", "HEAD", "OPTIONS");
    await fc.assert(
      fc.asyncProperty(
        fc.array(segment, { maxLength: 12 }),
        query,
        method,
        async (segments, search, verb) => {
          const { status } = await send(
            verb,
            `/${segments.join("/")}${search}`,
            verb === "GET" || verb === "HEAD" ? undefined : {},
          );
          expect(failures).toEqual([]);
          expect(status === 501 || status < 500).toBe(true);
        },
      ),
      { numRuns: 400 },
    );
  });

  test("and lets nobody in who has no role", async () => {
    const before = listResources(sandbox.context.store, "/");
    for (const path of Object.values(paths)) {
      for (const method of ["GET", "PUT", "PATCH", "DELETE"]) {
        const { status } = await send(
          method,
          path(),
          method === "GET" ? undefined : { location: "westeurope" },
          stranger,
        );
        expect([method, path(), status]).toEqual([method, path(), expect.toBeOneOf([403, 405])]);
      }
    }
    expect(listResources(sandbox.context.store, "/")).toEqual(before);
  });
});

describe("1,000 requests at once", () => {
  test("are all answered, and every acknowledged write is there", async () => {
    const path = (index: number) =>
      `${group()}/Microsoft.ManagedIdentity/userAssignedIdentities/many-${index}?api-version=2023-01-31`;
    const answers = await Promise.all(
      Array.from({ length: 1000 }, (_, index) => send("PUT", path(index), { location: "westeurope" })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    const ids = answers.map(({ text }) => JSON.parse(text).properties.principalId);
    expect(new Set(ids).size).toBe(1000);
    const read = await Promise.all(Array.from({ length: 1000 }, (_, index) => send("GET", path(index))));
    expect(read.map(({ text }) => JSON.parse(text).properties.principalId)).toEqual(ids);
  });
});
