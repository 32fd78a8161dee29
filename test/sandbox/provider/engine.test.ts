import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Engine, ensureEngine } from "../../../sandbox/engine/engine";
import { capturePulumi, type Environment } from "../../../sandbox/engine/run";
import { prepareStack } from "../../../sandbox/engine/stack-config";
import { createAzureNativeProvider } from "../../../sandbox/provider/azure-native";
import { createRandomProvider } from "../../../sandbox/provider/random";
import { startProviders } from "../../../sandbox/provider/server";
import { startTestSandbox, type TestSandbox, temporaryDirectory } from "../harness";

const program = join(__dirname, "program");
const stack = "dev";
const minutes = 60_000;

let sandbox: TestSandbox;
let engine: Engine;
let env: Environment;
let stop: () => Promise<void>;

beforeAll(async () => {
  sandbox = await startTestSandbox();
  const { account, directory, tokens } = sandbox.context;
  const deployer = directory.byObjectId(account.deployer.objectId)!;
  const azureNative = createAzureNativeProvider({
    proxyUrl: sandbox.proxyUrl,
    caCertificate: readFileSync(sandbox.caCertificatePath, "utf8"),
    credential: (scope) => tokens.issue(deployer, scope.replace("/.default", ""), 3600),
    tenantId: account.tenantId,
    subscriptionId: account.subscriptionId,
    clientId: account.deployer.clientId,
    objectId: account.deployer.objectId,
  });
  const providers = await startProviders([azureNative, createRandomProvider()]);
  const home = temporaryDirectory();
  engine = await ensureEngine({ report: () => {}, home });
  const attached = { ...sandbox.env, PULUMI_DEBUG_PROVIDERS: providers.debugProviders };
  ({ env } = await prepareStack({ engine, projectDirectory: program, stack, env: attached }));
  await pulumi("config", "set", "azure-native:location", "westeurope");
  stop = async () => {
    await providers.close();
    await azureNative.close();
    await sandbox.stop();
    rmSync(home, { recursive: true, force: true });
  };
}, 10 * minutes);
afterAll(() => stop());

const pulumi = (...args: string[]) =>
  capturePulumi({ engine, cwd: program, env, args: [...args, "--stack", stack] });

/** How many resources an update did what with. */
async function changesOf(command: "up" | "preview" | "destroy" | "refresh", ...more: string[]) {
  const skip = command === "preview" ? [] : ["--yes", "--skip-preview"];
  const output = await pulumi(command, ...skip, "--json", ...more);
  const summary = [...output.matchAll(/"changeSummary":\s*(\{[^}]*\})/g)].at(-1)?.[1];
  const counts = summary ?? [...output.matchAll(/"resourceChanges":\s*(\{[^}]*\})/g)].at(-1)?.[1];
  return JSON.parse(counts ?? "{}") as Record<string, number>;
}

test(
  "the engine previews, makes, keeps, changes, refreshes and removes a program's resources",
  async () => {
    expect(await changesOf("preview")).toEqual({ create: 9 });
    expect(await changesOf("up")).toEqual({ create: 9 });
    expect(await changesOf("preview")).toEqual({ same: 9 });
    expect(await changesOf("refresh")).toEqual({ same: 9 });
    const outputs = JSON.parse(await pulumi("stack", "output", "--json"));
    expect(outputs).toMatchObject({
      secretValue: "[secret]",
      vaultUri: "https://kv-shop-program.vault.azure.net/",
    });
    const state = await pulumi("stack", "export");
    const shown = JSON.parse(await pulumi("stack", "output", "--json", "--show-secrets")) as {
      secretValue: string;
    };
    expect(shown.secretValue).toHaveLength(24);
    expect(state).not.toContain(JSON.stringify(shown.secretValue).slice(1, -1));
    await pulumi("config", "set", "owner", "payments");
    expect(await changesOf("up")).toEqual({ same: 8, update: 1 });
    const id = `/subscriptions/${sandbox.context.account.subscriptionId}/resourceGroups/shop`;
    await pulumi(
      ...["import", "azure-native:resources:ResourceGroup", "imported", id],
      ...["--yes", "--skip-preview", "--protect=false", "--generate-code=false"],
    );
    expect(JSON.parse(await pulumi("stack", "export")).deployment.resources).toContainEqual(
      expect.objectContaining({
        id,
        urn: expect.stringMatching(/::imported$/),
        inputs: expect.objectContaining({ resourceGroupName: "shop", location: "westeurope" }),
      }),
    );
    await pulumi(
      "state",
      "delete",
      `urn:pulumi:${stack}::provider-program::azure-native:resources:ResourceGroup::imported`,
    );
    expect(await changesOf("destroy")).toEqual({ delete: 9 });
  },
  5 * minutes,
);
