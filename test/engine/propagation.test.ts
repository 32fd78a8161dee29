import { randomUUID } from "node:crypto";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { watchedIn } from "../../bench/propagation/waits";
import type { PropagationInputs, WorkloadProof } from "../../components/propagation/proof";
import { noFaults } from "../../sandbox/core/faults";
import type { JournalWrite } from "../../sandbox/core/journal";
import { installKubelogin } from "../../sandbox/kubernetes/kubelogin-shim";
import { type Client, type ClientFailure, startClient } from "../sandbox/harness";
import { type AsDeployer, asDeployer } from "./as-deployer";
import { type StateResource, startProject, type TestProject, upArgs } from "./project";

type ClientModule = typeof import("./propagation-client");

const faults = {
  ...noFaults,
  replicationSeconds: {
    principal: [0, 60],
    roleAssignment: [0, 600],
    federatedCredential: [0, 180],
  } satisfies typeof noFaults.replicationSeconds,
};

/** Neither roles that only ARM looks at, nor tokens of other issuers, are at hand to be tried. */
const canBeShown = ({ id, type }: JournalWrite) =>
  type === "Microsoft.Authorization/roleAssignments"
    ? /Microsoft\.(KeyVault|Storage|ContainerService)\//.test(id)
    : !id.includes("github");

let project: TestProject;
let resources: StateResource[];
let deployer: AsDeployer;
let client: Client<ClientModule>;

const start = async (seed: number) => startProject({ speed: 40, faults: { ...faults, seed } });

describe.each([3, 4])(
  "an environment whose grants take effect after minutes, seed %i",
  { timeout: 240_000 },
  (seed) => {
    let output: string;
    beforeAll(async () => {
      project = await start(seed);
      let exitCode: number;
      ({ exitCode, output } = await project.run("dev", upArgs));
      expect(output).not.toMatch(/error:/);
      expect(exitCode).toBe(0);
    }, 240_000);
    // The last of them goes on being used.
    afterAll(async () => {
      if (seed === 3) await project.stop();
    });

    it("comes up at the first look at which everything works, and not before", () => {
      const { cluster, workloads } = watchedIn(project.sandbox.context.journal.entries());
      expect(workloads).toHaveLength(2);
      for (const { grants, accesses } of [cluster, ...workloads]) {
        expect(accesses.length).toBeGreaterThan(0);
        const works = Math.max(
          ...grants.filter(canBeShown).map(({ effectiveAt = Number.NaN }) => effectiveAt),
        );
        const shown = Math.max(...accesses.map(({ allowedAt = Number.NaN }) => allowedAt));
        expect(shown).toBeGreaterThanOrEqual(works);
        for (const { lastRefusedAt = 0 } of accesses) expect(lastRefusedAt).toBeLessThan(works);
      }
      // The clients of the cluster go on; as a workload nobody asks for more once it is shown.
      for (const { accesses } of workloads) {
        expect(accesses.map(({ allowances }) => allowances)).toEqual(accesses.map(() => 1));
      }
    });

    it("says meanwhile what it waits for, beside the resource", () => {
      const line =
        /azure-keyless:Propagation \S+ creating.* waits for .+ \((AADSTS\d+|403 \w+)\), \d+ s of 900 s/;
      expect(output).toMatch(line);
      expect(output).not.toMatch(/eyJ[\w-]{10,}\./);
    });
  },
);

describe("a mistake that was made behind the program's back", { timeout: 60_000 }, () => {
  let inputs: PropagationInputs;
  let proof: WorkloadProof;

  beforeAll(async () => {
    project.sandbox.context.faults.settings = noFaults;
    resources = await project.state("dev");
    deployer = asDeployer(project.sandbox);
    const found = resources.find(
      ({ type, urn }) => type.endsWith(":Propagation") && urn.endsWith("::workloads"),
    );
    inputs = {
      kubeconfig: found?.outputs.kubeconfig,
      proofs: found?.outputs.proofs,
      method: { kind: "proof", deadlineSeconds: 3600 },
    };
    proof = inputs.proofs.find(({ name }) => name === "orders") as WorkloadProof;
    const tools = dirname(await installKubelogin(join(project.directory, "bin")));
    client = startClient(join(__dirname, "propagation-client.ts"), {
      ...project.sandbox.env,
      PATH: `${tools}:${process.env.PATH}`,
    });
  });
  afterAll(async () => {
    client.stop();
    await project.stop();
  });

  const waitAgain = () => client.call("wait", inputs);
  const failure = () =>
    waitAgain().then(
      () => expect.fail("the wait ended well"),
      ({ message }: ClientFailure) => message,
    );
  const credential = () => ({
    id: proof.waitsFor.find((id) => id.includes("/federatedIdentityCredentials/")) as string,
    properties: { issuer: proof.issuer, subject: proof.subject, audiences: [proof.audience] },
  });
  const putCredential = (changes: object = {}) => {
    const { id, properties } = credential();
    return deployer.arm("PUT", id, "2023-01-31", { properties: { ...properties, ...changes } });
  };

  it("does not keep what is right from being shown", async () => {
    await expect(waitAgain()).resolves.toMatchObject({ id: expect.any(String) });
  });

  it.each([
    ["AADSTS7002138", "`Orders` against `orders`", () => ({ subject: "system:serviceaccount:shop:Orders" })],
    ["AADSTS700211", "`…` against `…/`", () => ({ issuer: proof.issuer.replace(/\/$/, "") })],
    ["AADSTS700212", "`other` against `AzureADTokenExchange`", () => ({ audiences: ["api://other"] })],
  ])("%s is diagnosed at once, with both values: %s", async (code, pointed, changes) => {
    await putCredential(changes());
    const message = await failure();
    await putCredential();
    const changed = Object.values(changes())[0] as string | string[];
    const kind = Object.keys(changes())[0] as "issuer" | "subject" | "audiences";
    const expected = credential().properties[kind];
    const lines = message.split("\n");
    expect(lines[1]).toBe(
      `  orders: token exchange at Entra: ${code}, a mistake, which waiting does not mend`,
    );
    expect(lines[2]).toMatch(/^ {4}In federated credential fc-orders.* of identity id-orders-dev:$/);
    expect(lines[3]).toContain(pointed);
    expect(lines[4]).toMatch(/^ {6}the credential says /);
    expect(lines[4]).toContain([changed].flat()[0]);
    expect(lines[5]).toMatch(/^ {6}the token says /);
    expect(lines[5]).toContain([expected].flat()[0]);
    expect(message).not.toMatch(/eyJ[\w-]{10,}\./);
  });

  it("a credential, a role assignment or a ServiceAccount that was deleted is named", async () => {
    await deployer.arm("DELETE", credential().id, "2023-01-31");
    expect(await failure()).toMatch(/orders: token exchange at Entra: AADSTS70\d+, a mistake/);
    await putCredential();

    const roleId = proof.waitsFor.find((id) => id.includes("/roleAssignments/")) as string;
    const { properties } = await deployer.arm("GET", roleId, "2022-04-01");
    await deployer.arm("DELETE", roleId, "2022-04-01");
    const message = await failure();
    expect(message).toMatch(/orders: .*: 403 \w+, a mistake/);
    expect(message).toContain(`The role assignment is gone: ${roleId}`);
    await deployer.arm("PUT", roleId, "2022-04-01", { properties });

    const other = { ...proof, serviceAccount: `gone-${randomUUID().slice(0, 8)}` };
    inputs = { ...inputs, proofs: [other] };
    expect(await failure()).toMatch(/token of ServiceAccount shop\/gone-\w+: 404 NotFound, a mistake/);
    inputs = { ...inputs, proofs: [proof] };
    await expect(waitAgain()).resolves.toMatchObject({ id: expect.any(String) });
  });

  it("at the deadline, what may be delay is called so", async () => {
    const settings = {
      ...noFaults.replicationSeconds,
      federatedCredential: [7200, 7200] as [number, number],
    };
    project.sandbox.context.faults.settings = { ...noFaults, replicationSeconds: settings };
    await putCredential({ issuer: "https://elsewhere.example/" });
    await putCredential();
    inputs = { ...inputs, method: { kind: "proof", deadlineSeconds: 2 } };
    expect(await failure()).toMatch(
      /orders: token exchange at Entra: AADSTS\d+, which may be delay; running again goes on waiting\n.*fc-orders.* as the token asks for it, and Entra does not know it everywhere yet/,
    );
  });
});
