import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ClientFailure } from "../sandbox/harness";
import { type DeployedWorkloads, startWorkloads } from "./deployed-workloads";
import { startProject, type TestProject, upArgs } from "./project";
import type { WorkloadName } from "./workload-attempts";
import { describeWorkloads } from "./workload-tests";

let project: TestProject;
let workloads: DeployedWorkloads;

beforeAll(async () => {
  project = await startProject();
  const { exitCode, output } = await project.run("dev", upArgs);
  expect(output).not.toMatch(/error:/);
  expect(exitCode).toBe(0);
  workloads = await startWorkloads(project);
}, 240_000);

afterAll(async () => {
  workloads?.stop();
  await project?.stop();
});

describeWorkloads(() => workloads);

// Each goes on from the one before; they change what the workloads above may do.
describe("the users in a database", { timeout: 240_000 }, () => {
  const may = async (name: WorkloadName, sql: string) =>
    workloads.clients[name].call("sql", workloads.sqlServer, "orders", sql).then(
      () => "may",
      (error: ClientFailure) => error.code,
    );

  it("are made anew with their database", async () => {
    const state = await project.state("dev");
    const { urn } = state.find(({ type }) => type === "azure-native:sql:Database")!;
    const { output } = await project.run("dev", ["preview", "--replace", urn, "--json"]);
    const { steps } = JSON.parse(output.slice(output.indexOf("{"))) as {
      steps: { op: string; urn: string }[];
    };
    const replaced = steps.filter(({ op }) => op === "replace").map((step) => step.urn.split("::").at(-1));
    expect(replaced.sort()).toEqual(["mailer-shop-orders-user", "orders-shop-orders-user", "shop-orders"]);
  });

  it("are mended when somebody changed them", async () => {
    await workloads.sql("DROP USER [id-orders-dev]");
    await workloads.sql("ALTER ROLE db_owner ADD MEMBER [id-mailer-dev]");
    const refreshed = await project.run("dev", ["refresh", "--yes", "--skip-preview"]);
    expect(refreshed.output).toMatch(/~ 1 updated\s+- 1 deleted/);
    const { exitCode, output } = await project.run("dev", upArgs);
    expect(output).toMatch(/\+ 1 created/);
    expect(exitCode).toBe(0);
    expect(await may("orders", "INSERT INTO dbo.items (id) VALUES (7)")).toBe("may");
    expect(await may("mailer", "SELECT id FROM dbo.items")).toBe("may");
    expect(await may("mailer", "DELETE FROM dbo.items")).toBe("229");
  });

  it("follow what the configuration says", async () => {
    project.configure("dev", ({ workloads: { orders, mailer } }) => {
      const isInside = ({ to, can }: { to: string; can: string }) => to === "sqlServer" && can !== "manage";
      orders.access.find(isInside).can = "read";
      mailer.access = mailer.access.filter((rule: { to: string; can: string }) => !isInside(rule));
    });
    const { exitCode, output } = await project.run("dev", upArgs);
    expect(output).not.toMatch(/error:/);
    expect(exitCode).toBe(0);
    expect(await may("orders", "SELECT id FROM dbo.items")).toBe("may");
    expect(await may("orders", "INSERT INTO dbo.items (id) VALUES (8)")).toBe("229");
    expect(await may("mailer", "SELECT id FROM dbo.items")).toBe("18456");
    expect(await workloads.sql("SELECT name FROM sys.database_principals WHERE type = 'E'")).toEqual([
      { name: "id-orders-dev" },
    ]);
  });
});
