import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { azureResources, startProject, type TestProject, upArgs } from "./project";

let project: TestProject;
beforeAll(async () => {
  project = await startProject();
});
afterAll(() => project.stop());

describe("a wrong configuration", () => {
  it("is one readable report, and nothing is created", async () => {
    project.configure("dev", (environment) => {
      environment.valuts = {};
      environment.cluster.nodeCount = "many";
      environment.storageAccounts.docs.containers.push("Not_A_Container");
      environment.workloads.mailer.serviceAccount = "orders";
      environment.workloads.orders.access[0].vault = "nowhere";
      environment.workloads.orders.trusts[0].subject = "s".repeat(601);
      environment.workloads.mailer.trusts = Array.from({ length: 20 }, (_, index) => ({
        name: `t${index}`,
        issuer: "https://issuer.example",
        subject: `subject-${index}`,
      }));
    });
    const { exitCode, output } = await project.run("dev", upArgs);
    expect(exitCode).not.toBe(0);
    for (const [path, allowed, found] of [
      ["valuts", "must not be there: the key is unknown", "{}"],
      ["cluster.nodeCount", "must be a number", '"many"'],
      ["storageAccounts.docs.containers[2]", "must be 3 to 63 lower-case letters", '"Not_A_Container"'],
      ["workloads.orders.serviceAccount", "must differ from that of workload mailer", '"shop/orders"'],
      ["workloads.orders.access[0].vault", "must be one of app", '"nowhere"'],
      ["workloads.orders.trusts[0].subject", "must be at most 600 characters", "601 characters"],
      ["workloads.mailer.trusts[19]", "at most 20 federated credentials", "21"],
    ] as const) {
      const at = output.indexOf(`azure-keyless:environment.${path}\n`);
      expect(at, path).toBeGreaterThan(0);
      const lines = output.slice(at).split("\n");
      expect(lines[1], path).toContain(allowed);
      expect(lines[1], path).toContain(`found `);
      expect(lines[1], path).toContain(found);
    }
    expect(output).toContain("7 problems in stacks/Pulumi.dev.yaml");
    expect(output).not.toMatch(/^\s+at .*\(.*:\d+:\d+\)/m);
    expect(output).not.toContain("node_modules");
    expect(azureResources(project.sandbox)).toEqual([]);
  });

  it("of a stack that is not there names those that are", async () => {
    await expect(project.run("nowhere", upArgs)).rejects.toThrow(
      /There is no stack 'nowhere': .* has a Pulumi.<stack>.yaml for dev, prod, staging/,
    );
  });
});
