import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listResources } from "../../sandbox/arm/resource";
import { azureResources, destroyArgs, startProject, type TestProject, upArgs } from "./project";

const example = { projectDirectory: join(__dirname, "../../examples/product-team") };
const secretsUser = "4633458b-17de-408a-b874-0445c86b69e6";

let project: TestProject;
let platform: string[];
beforeAll(async () => {
  project = await startProject();
  const { exitCode, output } = await project.run("dev", upArgs);
  expect(output).not.toMatch(/error:/);
  expect(exitCode).toBe(0);
  platform = azureResources(project.sandbox);
});
afterAll(() => project.stop());

/** The example's stack has the name of the platform's, in a project of its own. */
async function exampleState() {
  const { output } = await project.run("dev", ["stack", "export"], example);
  return JSON.parse(output).deployment.resources as { type: string; outputs: Record<string, any> }[];
}

// The product team's stack, from nothing to nothing; each test goes on from the one before.
describe("a product team's stack on the platform's", { timeout: 120_000 }, () => {
  it("comes up with a workload of its own", async () => {
    const { exitCode, output } = await project.run("dev", upArgs, example);
    expect(output).not.toMatch(/error:/);
    expect(exitCode).toBe(0);
    const { output: printed } = await project.run("dev", ["stack", "output", "--json"], example);
    expect(JSON.parse(printed)).toMatchObject({
      subject: "system:serviceaccount:reports:reports",
      clientId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  it("may read one secret of the platform's vault, and nothing else", async () => {
    const identity = (await exampleState()).find(({ type }) => type.endsWith(":UserAssignedIdentity"));
    const principalId = identity?.outputs.principalId;
    expect(principalId).toMatch(/^[0-9a-f-]{36}$/);
    const grants = listResources(project.sandbox.context.store, "/")
      .map(({ body }) => body)
      .filter(
        ({ type, properties }) => /roleAssignments$/i.test(type) && properties.principalId === principalId,
      );
    expect(grants).toHaveLength(1);
    expect(grants[0]?.properties).toMatchObject({
      scope: expect.stringMatching(/\/vaults\/kv-app-dev-[a-z2-7]{6}\/secrets\/mail-key$/),
      roleDefinitionId: expect.stringContaining(secretsUser),
      principalType: "ServicePrincipal",
    });
  });

  it("is unchanged by a second up", async () => {
    const { exitCode, output } = await project.run("dev", [...upArgs, "--expect-no-changes"], example);
    expect(output).toMatch(/\d+ unchanged/);
    expect(exitCode).toBe(0);
  });

  it("goes, and leaves the platform as it was", async () => {
    const { exitCode, output } = await project.run("dev", destroyArgs, example);
    expect(output).not.toMatch(/error:/);
    expect(exitCode).toBe(0);
    expect(azureResources(project.sandbox)).toEqual(platform);
    const { exitCode: unchanged } = await project.run("dev", [...upArgs, "--expect-no-changes"]);
    expect(unchanged).toBe(0);
  });
});
