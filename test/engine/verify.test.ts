import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { InspectionReport } from "../../cli/inspection/main";
import { findingsText, workloadText } from "../../cli/inspection/report-text";
import { runInspection } from "../../cli/inspection/run";
import { judge } from "../../cli/inspection/verdict";
import type { AdjustableClock } from "../../sandbox/core/clock";
import { installKubelogin } from "../../sandbox/kubernetes/kubelogin-shim";
import { type AsDeployer, asDeployer } from "./as-deployer";
import { type StateResource, startProject, type TestProject, upArgs } from "./project";

let project: TestProject;
let resources: StateResource[];
let deployer: AsDeployer;
let path: string;

beforeAll(async () => {
  project = await startProject();
  project.configure("dev", (environment) => {
    environment.vaults.other = { ...environment.vaults.app, secrets: { "stripe-key": { generate: 32 } } };
  });
  const { exitCode, output } = await project.run("dev", upArgs);
  if (exitCode !== 0) throw new Error(output);
  resources = await project.state("dev");
  deployer = asDeployer(project.sandbox);
  path = `${dirname(await installKubelogin(join(project.directory, "bin")))}:${process.env.PATH}`;
}, 240_000);
afterAll(() => project.stop());

async function inspect(
  become: "all" | string[] = "all",
  state: StateResource[] = resources,
): Promise<InspectionReport> {
  const report = await runInspection({ resources: state, become }, { ...project.sandbox.env, PATH: path });
  const printed = [
    JSON.stringify(report),
    findingsText(report.findings),
    ...report.workloads.map(workloadText),
  ];
  expect(printed.join("\n")).not.toMatch(/eyJ[\w-]{10,}\./);
  return report;
}

const the = (type: string, name: string): StateResource => {
  const found = resources.find(({ type: t, urn }) => t === type && urn.split("::").at(-1) === name);
  if (!found) throw new Error(`no ${type} ${name}`);
  return found;
};
const identityType = "azure-native:managedidentity:UserAssignedIdentity";
const credential = () => the("azure-native:managedidentity:FederatedIdentityCredential", "orders");
const cluster = () => the("azure-native:containerservice:ManagedCluster", "main").outputs;
const grant = () => the("azure-native:authorization:RoleAssignment", "orders-app-stripe-key-read");
const issuer = () => cluster().oidcIssuerProfile.issuerURL as string;
const subject = "system:serviceaccount:shop:orders";
const audience = "api://AzureADTokenExchange";

const putCredential = (changes: Record<string, unknown> = {}) =>
  deployer.arm("PUT", credential().id as string, "2023-01-31", {
    properties: { issuer: issuer(), subject, audiences: [audience], ...changes },
  });
const annotate = (annotations: Record<string, string>) =>
  deployer.patch(cluster().fqdn, "/api/v1/namespaces/shop/serviceaccounts/orders", {
    metadata: { annotations },
  });
const label = (onDeployment: string | null, onTemplate: string | null) =>
  deployer.patch(cluster().fqdn, "/apis/apps/v1/namespaces/shop/deployments/orders", {
    metadata: { labels: { "azure.workload.identity/use": onDeployment } },
    spec: { template: { metadata: { labels: { "azure.workload.identity/use": onTemplate } } } },
  });
const putRole = (scope: string, name: string) =>
  deployer.arm("PUT", `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`, "2022-04-01", {
    properties: {
      roleDefinitionId: grant().outputs.roleDefinitionId,
      principalId: grant().outputs.principalId,
      principalType: "ServicePrincipal",
    },
  });
const removeRole = (scope: string, name: string) =>
  deployer.arm("DELETE", `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`, "2022-04-01");

/** Lets the issuer publish another key than the one that signs, and gives back what it had. */
async function replaceKeySet(): Promise<() => Promise<void>> {
  const { store, clock } = project.sandbox.context;
  const [stored] = store.list<{ keys: { kid: string }[] }>("clusterKeys");
  if (!stored) throw new Error("the cluster has no keys");
  const [signing] = stored.value.keys;
  // The process goes on signing with the key that it has read; what is no RSA key is of no use to Entra.
  const keys = [
    { ...signing, kid: "published-now" },
    { ...signing, kty: "oct" },
  ];
  store.put("clusterKeys", stored.key, { keys });
  (clock as AdjustableClock).advance(10 * 60 * 1000);
  return async () => {
    store.put("clusterKeys", stored.key, stored.value);
    // Entra asks an issuer for its keys again no sooner than this.
    await sleep(1100);
  };
}

interface Seed {
  name: string;
  /** Makes the mistake, and returns what undoes it. */
  make(): Promise<() => Promise<unknown>>;
  /** What `doctor` names, with the two values side by side. */
  finding?: { mistake: string; found?: () => string; expected?: () => string };
  /** What `verify` hears when it becomes the workload. */
  broken?: { answer: string; mistake?: string; says: () => string[] };
}

const wrongCredential = (changes: () => Record<string, unknown>) => async () => {
  await putCredential(changes());
  return () => putCredential();
};
const wrongTenant = "11111111-2222-4333-8444-555555555555";
const wrongRoleName = "0a1b2c3d-0000-4000-8000-000000000001";
const otherVault = () => the("azure-native:keyvault:Vault", "other").id as string;

const seeds: Seed[] = [
  {
    name: "an issuer without its last slash",
    make: wrongCredential(() => ({ issuer: issuer().replace(/\/$/, "") })),
    finding: {
      mistake: "issuer-trailing-slash",
      found: () => issuer().replace(/\/$/, ""),
      expected: issuer,
    },
    broken: { answer: "AADSTS700211", says: () => [`'${issuer()}'`, `'${issuer().replace(/\/$/, "")}'`] },
  },
  {
    name: "a subject in another case",
    make: wrongCredential(() => ({ subject: "system:serviceaccount:shop:Orders" })),
    finding: {
      mistake: "subject-case",
      found: () => "system:serviceaccount:shop:Orders",
      expected: () => subject,
    },
    broken: { answer: "AADSTS7002138", says: () => ["shop:Orders'", "shop:orders'"] },
  },
  {
    name: "another namespace",
    make: wrongCredential(() => ({ subject: "system:serviceaccount:store:orders" })),
    finding: {
      mistake: "subject-namespace",
      found: () => "system:serviceaccount:store:orders",
      expected: () => subject,
    },
    broken: { answer: "AADSTS700213", says: () => ["store:orders'", "shop:orders'"] },
  },
  {
    name: "another audience",
    make: wrongCredential(() => ({ audiences: ["api://AzureADTokenExchangeUSGov"] })),
    finding: {
      mistake: "audience",
      found: () => "api://AzureADTokenExchangeUSGov",
      expected: () => audience,
    },
    broken: { answer: "AADSTS700212", says: () => [`'${audience}'`, "'api://AzureADTokenExchangeUSGov'"] },
  },
  {
    name: "the label on the Deployment, but not on the pod template",
    make: async () => {
      await label("true", null);
      return () => label(null, "true");
    },
    finding: {
      mistake: "pod-label-missing",
      found: () => "no label",
      expected: () => 'azure.workload.identity/use: "true"',
    },
  },
  {
    name: "the client id of another identity",
    make: async () => {
      await annotate({ "azure.workload.identity/client-id": the(identityType, "mailer").outputs.clientId });
      return () =>
        annotate({ "azure.workload.identity/client-id": the(identityType, "orders").outputs.clientId });
    },
    finding: {
      mistake: "client-id-of-another-identity",
      found: () => the(identityType, "mailer").outputs.clientId,
      expected: () => the(identityType, "orders").outputs.clientId,
    },
    broken: { answer: "AADSTS700213", says: () => [subject] },
  },
  {
    name: "a deleted credential",
    make: async () => {
      await deployer.arm("DELETE", credential().id as string, "2023-01-31");
      return () => putCredential();
    },
    finding: { mistake: "credential-missing", expected: () => `issuer ${issuer()}, subject ${subject}` },
    broken: { answer: "AADSTS700211", says: () => [issuer()] },
  },
  {
    name: "a key set without the key that signs",
    make: replaceKeySet,
    broken: {
      answer: "AADSTS7000272",
      mistake: "issuer-keys",
      says: () => ["The key set is out of date", "'published-now'"],
    },
  },
  {
    name: "another tenant",
    make: async () => {
      await annotate({ "azure.workload.identity/tenant-id": wrongTenant });
      return () =>
        annotate({ "azure.workload.identity/tenant-id": the(identityType, "orders").outputs.tenantId });
    },
    finding: {
      mistake: "tenant-annotation",
      found: () => wrongTenant,
      expected: () => the(identityType, "orders").outputs.tenantId,
    },
    broken: { answer: "AADSTS90002", says: () => [wrongTenant] },
  },
  {
    name: "a role on the wrong vault",
    make: async () => {
      const { scope, name } = grant().outputs;
      await removeRole(scope, name);
      await putRole(otherVault(), wrongRoleName);
      return async () => {
        await removeRole(otherVault(), wrongRoleName);
        await putRole(scope, name);
      };
    },
    finding: {
      mistake: "role-on-another-scope",
      found: () => `vaults/${otherVault().split("/").at(-1)}`,
      expected: () => grant().outputs.scope.replace(/^.*KeyVault\//, ""),
    },
  },
];

describe("verify and doctor", { timeout: 60_000 }, () => {
  it("find nothing wrong with what `up` made", async () => {
    const report = await inspect();
    expect(report.findings).toEqual([]);
    expect(report.looked).toMatchObject({ workloads: 2, identities: 2, credentialsOnOneIdentity: 2 });
    const { ok, checks } = judge(report);
    expect(checks.filter(({ outcome }) => outcome === "unknown")).toEqual([]);
    expect(ok).toBe(true);
    const orders = report.workloads.find(({ name }) => name === "orders");
    const allowed = orders?.checks.filter(({ outcome }) => outcome === "allowed");
    expect(allowed?.map(({ verb, target }) => `${verb} ${target.replace(/ of .*/, "")}`)).toEqual([
      "read secret stripe-key",
      "read container invoices",
      "write container invoices",
      "read container events",
      "write container events",
      "log in database orders",
      "read rows database orders",
      "change rows database orders",
    ]);
  });

  it("change nothing by trying", async () => {
    const { store } = project.sandbox.context;
    const everything = () => JSON.stringify([store.list("secrets"), store.list("resources")]);
    const before = everything();
    const { checks } = judge(await inspect());
    expect(everything()).toBe(before);
    const writes = checks.filter(({ verb, outcome }) => verb === "write" && outcome === "allowed");
    expect(writes.map(({ answer }) => answer)).toEqual(["404 BlobNotFound", "404 BlobNotFound"]);
  });

  it.each(seeds)("name $name", async ({ make, finding, broken }) => {
    const undo = await make();
    try {
      const report = await inspect(["orders"]);
      expect(judge(report).ok).toBe(false);
      const errors = report.findings.filter(({ severity }) => severity === "error");
      expect(errors.map(({ mistake, workload }) => [workload, mistake])).toEqual(
        finding ? [["orders", finding.mistake]] : [],
      );
      if (finding?.found) expect(errors[0]?.found).toBe(finding.found());
      if (finding?.expected) expect(errors[0]?.expected).toBe(finding.expected());
      const [orders] = report.workloads;
      expect(orders?.broken?.answer).toBe(broken?.answer);
      expect(orders?.broken?.mistake).toBe(broken?.mistake);
      for (const words of broken?.says() ?? []) expect(orders?.broken?.explanation).toContain(words);
    } finally {
      await undo();
    }
    expect(judge(await inspect(["orders"]))).toMatchObject({ ok: true, errors: [] });
  });

  it("see a role on the wrong vault from both sides", async () => {
    const undo = await seeds.at(-1)?.make();
    try {
      const { surprises } = judge(await inspect(["orders"]));
      const [app, other] = ["app", "other"].map(
        (name) => the("azure-native:keyvault:Vault", name).outputs.name,
      );
      expect(surprises.map(({ verb, target, outcome }) => `${verb} ${target}: ${outcome}`).sort()).toEqual([
        `list secrets vault ${other}: allowed`,
        `read secret stripe-key of vault ${app}: refused`,
        `read secret stripe-key of vault ${other}: allowed`,
      ]);
      for (const { explanation } of surprises) expect(explanation).toContain("Key Vault Secrets User on ");
    } finally {
      await undo?.();
    }
  });

  it.each([
    [["db_datareader", "db_datawriter"], "change rows", "refused"],
    [[], "read rows", "allowed"],
  ])("see a database user that has other roles than %j", async (roles, verb, outcome) => {
    const user = the("pulumi-nodejs:dynamic/azure-keyless:SqlDatabaseUser", "mailer-shop-orders-user");
    const state = resources.map((one) =>
      one === user ? { ...one, outputs: { ...one.outputs, roles } } : one,
    );
    const { surprises } = judge(await inspect(["mailer"], state));
    expect(surprises.map((check) => [check.verb, check.outcome])).toEqual([[verb, outcome]]);
    expect(surprises[0]?.explanation).toContain("The user of mailer in database orders");
  });

  it("note a role of somebody whom the directory does not show", async () => {
    const { roleDefinitionId } = grant().outputs;
    const id = `${otherVault()}/providers/Microsoft.Authorization/roleAssignments/${wrongRoleName}`;
    await deployer.arm("PUT", id, "2022-04-01", {
      properties: { roleDefinitionId, principalId: wrongTenant, principalType: "ServicePrincipal" },
    });
    const report = await inspect([]);
    expect(report.findings).toHaveLength(1);
    expect(report.findings[0]?.mistake).toMatch(/^principal-(gone|unknown)$/);
    expect(report.findings[0]?.found).toBe(wrongTenant);
    expect(judge(report).ok).toBe(true);
    await removeRole(otherVault(), wrongRoleName);
  });

  it("see what is left of an identity that was deleted by hand", async () => {
    await deployer.arm("DELETE", the(identityType, "mailer").id as string, "2023-01-31");
    const report = await inspect(["mailer"]);
    const mistakes = report.findings.map(({ mistake }) => mistake);
    expect(mistakes).toContain("identity-gone");
    expect(mistakes.filter((mistake) => mistake === "principal-gone")).toHaveLength(3);
    expect(report.workloads[0]?.broken?.answer).toBe("AADSTS700016");
    expect(judge(report).ok).toBe(false);
    expect(judge(await inspect(["orders"])).ok).toBe(true);
  });
});
