import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { describeProblems, parseEnvironment } from "../../infra/config";
import { stackSchemaSource } from "../../scripts/make-stack-schema";

const stacks = join(__dirname, "../../stacks");

/** A configuration that is right, with `workloads.orders` as given. */
const withOrders = (orders: object, more: object = {}) => ({
  vaults: { app: { secrets: { "stripe-key": { generate: 32 } } } },
  storageAccounts: { docs: { containers: ["invoices"] } },
  sqlServers: { shop: { databases: { orders: {} } } },
  workloads: { orders: { namespace: "shop", image: "/orders:1", ...orders } },
  ...more,
});

const trusts = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    name: `t${index}`,
    issuer: "https://issuer.example",
    subject: `subject-${index}`,
  }));

function problemsOf(value: unknown): [string, string, unknown][] {
  const parsed = parseEnvironment(value);
  return parsed.ok ? [] : parsed.problems.map(({ path, allowed, found }) => [path, allowed, found]);
}

describe("the environments of this repository", () => {
  const files = readdirSync(stacks).filter((name) => /^Pulumi\..*\.yaml$/.test(name));

  it("are dev, staging and prod", () => {
    expect(files.sort()).toEqual(["Pulumi.dev.yaml", "Pulumi.prod.yaml", "Pulumi.staging.yaml"]);
  });

  it.each(files)("%s is right", (file) => {
    const { config } = parse(readFileSync(join(stacks, file), "utf8"));
    expect(problemsOf(config["azure-keyless:environment"])).toEqual([]);
  });

  it("have the JSON Schema that the zod schema makes", () => {
    expect(readFileSync(join(stacks, "stack.schema.json"), "utf8")).toBe(stackSchemaSource());
  });
});

describe("a configuration", () => {
  it("may leave almost everything out", () => {
    expect(problemsOf({})).toEqual([]);
    expect(problemsOf(withOrders({}))).toEqual([]);
  });

  const unknown = "must not be there: the key is unknown";
  it.each<[string, unknown, [string, string | RegExp, unknown][]]>([
    ["an unknown key", { vault: {} }, [["vault", unknown, {}]]],
    ["an unknown key below", withOrders({ replica: 2 }), [["workloads.orders.replica", unknown, 2]]],
    ["a list for a map", { vaults: [] }, [["vaults", "must be a record", []]]],
    [
      "a text for a number",
      withOrders({ replicas: "two" }),
      [["workloads.orders.replicas", "must be a number", "two"]],
    ],
    ["half a pod", withOrders({ replicas: 1.5 }), [["workloads.orders.replicas", "must be an int", 1.5]]],
    [
      "too many pods",
      withOrders({ replicas: 1001 }),
      [["workloads.orders.replicas", "must be at most 1000", 1001]],
    ],
    [
      "retention too short",
      { vaults: { app: { retentionDays: 3 } } },
      [["vaults.app.retentionDays", "must be at least 7", 3]],
    ],
    ["nothing at all", "text", [["", "must be an object", "text"]]],
    [
      "a bad container",
      { storageAccounts: { docs: { containers: ["ok-name", "Bad_Name"] } } },
      [["storageAccounts.docs.containers[1]", /^must be 3 to 63 lower-case/, "Bad_Name"]],
    ],
    ["a bad label", { vaults: { App: {} } }, [["vaults.App", /^must be 1 to 20 lower-case letters/, "App"]]],
    [
      "a bad choice",
      { cluster: { tier: "Gold" } },
      [["cluster.tier", 'must be "Free" or "Standard" or "Premium"', "Gold"]],
    ],
    [
      "a bad network",
      { cluster: { network: "open" } },
      [["cluster.network", 'must be "public", "private" or { allowedIpRanges: [...] }', "open"]],
    ],
    [
      "a vault that is not there",
      withOrders({ access: [{ to: "vault", vault: "ap", can: "read" }] }),
      [["workloads.orders.access[0].vault", "must be one of app", "ap"]],
    ],
    [
      "a secret that is not there",
      withOrders({ access: [{ to: "vault", vault: "app", secret: "stripe", can: "read" }] }),
      [["workloads.orders.access[0].secret", "must be one of stripe-key", "stripe"]],
    ],
    [
      "a container that is not there",
      withOrders({
        access: [{ to: "storageAccount", storageAccount: "docs", container: "other", can: "read" }],
      }),
      [["workloads.orders.access[0].container", "must be one of invoices", "other"]],
    ],
    [
      "a server that is not there",
      {
        workloads: {
          orders: {
            namespace: "shop",
            image: "i",
            access: [{ to: "sqlServer", sqlServer: "s", can: "manage" }],
          },
        },
      },
      [["workloads.orders.access[0].sqlServer", "must be configured first: there is none", "s"]],
    ],
    [
      "data of no one database",
      withOrders({ access: [{ to: "sqlServer", sqlServer: "shop", can: "read" }] }),
      [["workloads.orders.access[0].can", 'must be "manage" where no database is named', "read"]],
    ],
    [
      "a database that is not there",
      withOrders({ access: [{ to: "sqlServer", sqlServer: "shop", database: "stock", can: "write" }] }),
      [["workloads.orders.access[0].database", "must be one of orders", "stock"]],
    ],
    [
      "a target of no known kind",
      withOrders({ access: [{ to: "queue", can: "read" }] }),
      [["workloads.orders.access[0].to", /^must say to what/, "queue"]],
    ],
    [
      "two workloads with one ServiceAccount",
      {
        workloads: {
          a: { namespace: "n", image: "i", serviceAccount: "x" },
          x: { namespace: "n", image: "i" },
        },
      },
      [["workloads.x.serviceAccount", "must differ from that of workload a in the same namespace", "n/x"]],
    ],
    [
      "a subject that is too long",
      withOrders({ trusts: [{ name: "long", issuer: "https://i", subject: "s".repeat(601) }] }),
      [["workloads.orders.trusts[0].subject", "must be at most 600 characters", "s".repeat(601)]],
    ],
    [
      "a ServiceAccount's name that is too long",
      withOrders({ serviceAccount: "s".repeat(64) }),
      [["workloads.orders.serviceAccount", /^must be a DNS label/, "s".repeat(64)]],
    ],
    [
      "21 credentials on one identity",
      withOrders({ trusts: trusts(20) }),
      [
        [
          "workloads.orders.trusts[19]",
          "must leave identity orders with at most 20 federated credentials",
          21,
        ],
      ],
    ],
    [
      "issuer and subject twice on one identity",
      withOrders({ trusts: [...trusts(1), { ...trusts(1)[0], name: "again" }] }),
      [
        [
          "workloads.orders.trusts[1]",
          /^must differ in issuer or subject from workloads.orders.trusts\[0\]/,
          "https://issuer.example subject-0",
        ],
      ],
    ],
    [
      "an identity by the name of another workload",
      { workloads: { a: { namespace: "n", image: "i", identity: "b" }, b: { namespace: "n", image: "i" } } },
      [["workloads.a.identity", /^must differ from workload b/, "b"]],
    ],
    [
      "an issuer without TLS",
      withOrders({ trusts: [{ name: "x", issuer: "http://i", subject: "s" }] }),
      [["workloads.orders.trusts[0].issuer", "must be an https URL", "http://i"]],
    ],
  ])("with %s is refused", (_case, value, expected) => {
    const problems = problemsOf(value);
    expect(problems).toHaveLength(expected.length);
    for (const [index, [path, allowed, found]] of expected.entries()) {
      expect(problems[index]?.[0]).toBe(path);
      expect(problems[index]?.[1]).toMatch(allowed);
      expect(problems[index]?.[2]).toEqual(found);
    }
  });

  it("with one credential too many between two workloads is refused", () => {
    const shared = (offset: number, count: number) => ({
      namespace: "n",
      image: "i",
      identity: "both",
      trusts: trusts(offset + count).slice(offset),
    });
    expect(problemsOf({ workloads: { a: shared(0, 10), b: shared(10, 8) } })).toEqual([]);
    expect(problemsOf({ workloads: { a: shared(0, 10), b: shared(10, 9) } })).toEqual([
      ["workloads.b.trusts[8]", "must leave identity both with at most 20 federated credentials", 21],
    ]);
  });

  it("with too little room for old and new credentials of a cluster made anew is refused", () => {
    const sharing = (count: number) =>
      Object.fromEntries(
        Array.from({ length: count }, (_, number) => [
          `w${number}`,
          { namespace: "n", image: "i", identity: "all" },
        ]),
      );
    expect(problemsOf({ workloads: sharing(11) })).toEqual([]);
    const cluster = { generation: 2 };
    expect(problemsOf({ cluster, workloads: sharing(10) })).toEqual([]);
    expect(problemsOf({ cluster, workloads: sharing(11) })).toEqual([
      [
        "workloads.w10",
        "must leave identity all with at most 20 federated credentials, where those of a cluster made anew count twice, old and new",
        22,
      ],
    ]);
  });

  it("is told about values and references in one report", () => {
    const orders = {
      replicas: "two",
      port: 1,
      access: [
        { to: "vault", vault: "nowhere", can: "read" },
        { to: "vault", vault: "app", can: "look" },
      ],
    };
    expect(problemsOf(withOrders(orders)).map(([path]) => path)).toEqual([
      "workloads.orders.replicas",
      "workloads.orders.access[1].can",
      "workloads.orders.port",
      "workloads.orders.access[0].vault",
    ]);
  });

  it("must give a shared identity all that it may do in a database in one place", () => {
    const workload = (serviceAccount: string, ...can: string[]) => ({
      namespace: "shop",
      image: "i",
      serviceAccount,
      identity: "both",
      access: can.map((verb) => ({ to: "sqlServer", sqlServer: "shop", database: "orders", can: verb })),
    });
    const problemsWith = (a: string[], b: string[]) =>
      problemsOf(withOrders({}, { workloads: { a: workload("a", ...a), b: workload("b", ...b) } }));
    expect(problemsWith(["read", "alter"], ["manage"])).toEqual([]);
    expect(problemsWith(["manage"], ["read", "alter"])).toEqual([]);
    expect(problemsWith(["read"], ["write"])).toMatchObject([
      [
        "workloads.b.access[0]",
        "must stand with workloads.a.access, whose identity is the same and has one user in the database",
        { can: "write" },
      ],
    ]);
  });

  it("may not give a shared identity the same permission twice", () => {
    const workload = {
      namespace: "shop",
      image: "i",
      identity: "both",
      access: [{ to: "vault", vault: "app", can: "read" }],
    };
    expect(problemsOf(withOrders({}, { workloads: { a: workload, b: workload } }))).toMatchObject([
      ["workloads.b.access[0]", "must not repeat workloads.a.access[0], which is of the same identity", {}],
    ]);
  });
});

describe("the report", () => {
  it("names every problem with its path, what is allowed and what was found", () => {
    const parsed = parseEnvironment(
      withOrders({ replicas: "two", port: 1 }, { vaults: { app: { retentionDays: 3 } } }),
    );
    expect(parsed.ok).toBe(false);
    if (parsed.ok) return;
    expect(describeProblems("dev", parsed.problems)).toMatchInlineSnapshot(`
      "3 problems in stacks/Pulumi.dev.yaml; nothing was changed:
        azure-keyless:environment.vaults.app.retentionDays
          must be at least 7; found 3
        azure-keyless:environment.workloads.orders.replicas
          must be a number; found "two"
        azure-keyless:environment.workloads.orders.port
          must not be there: the key is unknown; found 1"
    `);
  });

  it("does not show what may be a secret", () => {
    const parsed = parseEnvironment({
      vaults: { app: { secrets: { "stripe-key": { valeu: "sk_live_1" } } } },
    });
    expect(parsed.ok).toBe(false);
    if (!parsed.ok) expect(describeProblems("dev", parsed.problems)).not.toContain("sk_live_1");
  });
});
