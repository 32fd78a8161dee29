import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { credentials } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Properties } from "../../policy/core/resource";
import { policies } from "../../policy/index";
import { ids, resourceOf, valid, withProperty } from "./valid-resources";

/** A message of the protocol, as its generated code makes it. */
interface Message {
  setType(type: string): void;
  setName(name: string): void;
  setUrn(urn: string): void;
  setProperties(properties: unknown): void;
  setOptions(options: unknown): void;
  setProvider(provider: Message): void;
}

const { AnalyzerClient } = require("@pulumi/pulumi/proto/analyzer_grpc_pb");
const messages = require("@pulumi/pulumi/proto/analyzer_pb");
const { Empty } = require("google-protobuf/google/protobuf/empty_pb");
const { Struct } = require("google-protobuf/google/protobuf/struct_pb");

const UNKNOWN_STRING = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const SECRET = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };
const POLICY = join(__dirname, "../../policy");

const MANDATORY = [
  "federated-credential-well-formed",
  "no-aks-local-accounts",
  "no-broad-role",
  "no-grant-above-resource-group",
  "no-registry-admin-user",
  "no-shared-keys",
  "no-sql-passwords",
  "principal-type-set",
  "vault-with-rbac",
  "workload-identity-pods",
];

test("every rule file is in the pack, and every rule but the list of accepted grants is mandatory", () => {
  const files = readdirSync(join(POLICY, "rules")).map((file) => file.replace(/\.ts$/, ""));
  expect(policies.map(({ name }) => name).sort()).toEqual(files.sort());
  expect(
    policies
      .filter(({ enforcementLevel }) => enforcementLevel === "mandatory")
      .map(({ name }) => name)
      .sort(),
  ).toEqual(MANDATORY);
});

interface Diagnostic {
  policyname: string;
  enforcementlevel: number;
  message: string;
  urn: string;
}

interface Input {
  type: string;
  name: string;
  urn: string;
  properties: object;
}

/** The pack as the engine runs it: Pulumi's own loader in a process, asked over gRPC. */
describe("the pack under Pulumi's own loader", () => {
  let loader: ChildProcess;
  let client: {
    [call in "getAnalyzerInfo" | "configure" | "analyze" | "analyzeStack"]: (
      request: unknown,
      callback: (error: Error | null, answer: { toObject(): unknown }) => void,
    ) => void;
  } & { close(): void };

  beforeAll(async () => {
    const run = require.resolve("@pulumi/pulumi/cmd/run-policy-pack");
    loader = spawn(process.execPath, [run, "127.0.0.1:0", "."], {
      cwd: POLICY,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [port] = await once(createInterface(loader.stdout!), "line");
    client = new AnalyzerClient(`127.0.0.1:${port}`, credentials.createInsecure());
  }, 30_000);

  afterAll(async () => {
    client?.close();
    const exited = once(loader, "exit");
    loader.kill();
    await exited;
  });

  const ask = <Answer>(call: keyof Omit<typeof client, "close">, request: unknown) =>
    new Promise<Answer>((resolve, reject) =>
      client[call](request, (error, answer) =>
        error ? reject(error) : resolve(answer.toObject() as Answer),
      ),
    );

  function fill<Filled extends Message>(message: Filled, { type, name, urn, properties }: Input): Filled {
    message.setType(type);
    message.setName(name);
    message.setUrn(urn);
    message.setProperties(Struct.fromJavaScript(properties));
    message.setOptions(new messages.AnalyzerResourceOptions());
    const provider: Message = new messages.AnalyzerProviderResource();
    provider.setUrn("urn:provider::aks");
    provider.setProperties(Struct.fromJavaScript({}));
    message.setProvider(provider);
    return message;
  }

  const analyze = async (resource: Input) =>
    (await ask<{ diagnosticsList: Diagnostic[] }>("analyze", fill(new messages.AnalyzeRequest(), resource)))
      .diagnosticsList;

  const analyzeStack = async (resources: Input[]) => {
    const request = new messages.AnalyzeStackRequest();
    request.setResourcesList(resources.map((resource) => fill(new messages.AnalyzerResource(), resource)));
    return (await ask<{ diagnosticsList: Diagnostic[] }>("analyzeStack", request)).diagnosticsList;
  };

  const configure = (policy: string, properties: object) => {
    const config = new messages.PolicyConfig();
    config.setEnforcementlevel(messages.EnforcementLevel.MANDATORY);
    config.setProperties(Struct.fromJavaScript(properties));
    const request = new messages.ConfigureAnalyzerRequest();
    request.getPolicyconfigMap().set(policy, config);
    return ask("configure", request);
  };

  test("it introduces itself with all its rules", async () => {
    const info = await ask<{ name: string; policiesList: { name: string }[] }>(
      "getAnalyzerInfo",
      new Empty(),
    );
    expect(info.name).toBe("azure-keyless");
    expect(info.policiesList.map(({ name }) => name)).toEqual(policies.map(({ name }) => name));
  });

  test("valid resources pass every rule", async () => {
    for (const resource of Object.values(valid)) expect(await analyze(resource)).toEqual([]);
    expect(await analyzeStack(Object.values(valid))).toEqual([]);
  });

  test("a setting left out stops the engine", async () => {
    const [diagnostic, ...others] = await analyze(
      withProperty(valid.vault, "properties.enableRbacAuthorization", undefined),
    );
    expect(others).toEqual([]);
    expect(diagnostic).toMatchObject({
      policyname: "vault-with-rbac",
      enforcementlevel: messages.EnforcementLevel.MANDATORY,
      message: expect.stringContaining("'properties.enableRbacAuthorization' must be true, got nothing"),
    });
  });

  test("values not known in a preview are let pass, and what is wrong beside them is not", async () => {
    const assignment = resourceOf("azure-native:authorization:RoleAssignment", {
      scope: UNKNOWN_STRING,
      principalId: UNKNOWN_STRING,
      roleDefinitionId: `${ids.ROLES}/8e3af657-a8ff-443c-a75c-2fe8c4bcb635`,
      principalType: UNKNOWN_STRING,
    });
    expect((await analyze(assignment)).map(({ policyname }) => policyname)).toEqual(["no-broad-role"]);
  });

  test("a secret password is reported and not shown", async () => {
    const server = {
      ...valid.sqlServer,
      properties: {
        ...valid.sqlServer.properties,
        administratorLoginPassword: { ...SECRET, value: "hunter2" },
      },
    };
    const [diagnostic] = await analyze(server);
    expect(diagnostic?.policyname).toBe("no-sql-passwords");
    expect(JSON.stringify(diagnostic)).not.toContain("hunter2");
  });

  test("an accepted broad grant is a warning with its reason", async () => {
    const scope = withProperty(valid.roleAssignment, "scope", ids.SUBSCRIPTION);
    const [diagnostic, ...others] = await analyze(withProperty(scope, "description", "[broad: inventory]"));
    expect(others).toEqual([]);
    expect(diagnostic).toMatchObject({
      policyname: "accepted-broad-grant",
      enforcementlevel: messages.EnforcementLevel.ADVISORY,
    });
    expect(diagnostic?.message).toBe(
      "Grants that are broad on purpose, with the reason that was given.\n" +
        `RoleAssignment 'it': 'scope' is "${ids.SUBSCRIPTION}", the whole subscription, accepted for this reason: inventory. ` +
        "See https://learn.microsoft.com/azure/role-based-access-control/best-practices",
    );
  });

  describe("pods and ServiceAccounts", () => {
    const account = resourceOf("kubernetes:core/v1:ServiceAccount", {
      metadata: {
        name: "orders",
        namespace: "shop",
        annotations: { "azure.workload.identity/client-id": UNKNOWN_STRING },
      },
    });
    const deployment = (labels: Properties, name = "orders") =>
      resourceOf(
        "kubernetes:apps/v1:Deployment",
        {
          metadata: { name, namespace: "shop" },
          spec: { template: { metadata: { labels }, spec: { serviceAccountName: "orders" } } },
        },
        name,
      );
    const labelled = deployment({ "azure.workload.identity/use": "true" });
    const violation = { policyname: "workload-identity-pods", urn: labelled.urn };

    test("are looked at together, and the pod is named", async () => {
      expect(await analyzeStack([account, labelled])).toEqual([]);
      expect(await analyzeStack([account, deployment({})])).toMatchObject([violation]);
      expect(await analyzeStack([labelled])).toMatchObject([violation]);
    });

    test("are judged by their inputs while the cluster is still to be created", async () => {
      const early = deployment({ "azure.workload.identity/use": true }, "early");
      expect(await analyze(early)).toEqual([]);
      expect(await analyzeStack([{ ...early, properties: {} }])).toMatchObject([
        { ...violation, urn: early.urn },
      ]);
    });

    test("may be listed in the pack's configuration", async () => {
      await configure("workload-identity-pods", { knownServiceAccounts: ["shop/orders"] });
      expect(await analyzeStack([labelled])).toEqual([]);
      await configure("workload-identity-pods", {});
      expect(await analyzeStack([labelled])).toMatchObject([violation]);
    });
  });
});
