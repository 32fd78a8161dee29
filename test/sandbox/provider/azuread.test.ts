import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { noFaults } from "../../../sandbox/core/faults";
import { createAzureAdProvider } from "../../../sandbox/provider/azuread";
import { type PropertyMap, unknownValue } from "../../../sandbox/provider/values";
import { graphClient } from "../entra/graph-client";
import { startTestSandbox, type TestSandbox } from "../harness";
import { serveAndConnect } from "./provider-client";

const types = {
  application: "azuread:index/application:Application",
  registration: "azuread:index/applicationRegistration:ApplicationRegistration",
  uri: "azuread:index/applicationIdentifierUri:ApplicationIdentifierUri",
  role: "azuread:index/applicationAppRole:ApplicationAppRole",
  scope: "azuread:index/applicationPermissionScope:ApplicationPermissionScope",
  credential: "azuread:index/applicationFederatedIdentityCredential:ApplicationFederatedIdentityCredential",
  principal: "azuread:index/servicePrincipal:ServicePrincipal",
  assignment: "azuread:index/appRoleAssignment:AppRoleAssignment",
};

let sandbox: TestSandbox;
let graph: ReturnType<typeof graphClient>;
let served: Awaited<ReturnType<typeof serveAndConnect>>;
let close: () => Promise<void>;
beforeAll(async () => {
  sandbox = await startTestSandbox();
  graph = graphClient(sandbox);
  const { account } = sandbox.context;
  const provider = createAzureAdProvider({
    proxyUrl: sandbox.proxyUrl,
    caCertificate: readFileSync(sandbox.caCertificatePath, "utf8"),
    credential: (scope) => graph.tokenOf(undefined, scope.replace("/.default", "")),
    tenantId: account.tenantId,
    clientId: account.deployer.clientId,
    objectId: account.deployer.objectId,
  });
  served = await serveAndConnect(provider);
  close = () => provider.close();
});
afterAll(async () => {
  await served.stop();
  await close();
  await sandbox.stop();
});

/** Checked and created, as the engine does it. */
async function create(type: string, given: PropertyMap) {
  const { inputs, failures } = await served.client.check(type, "x", given);
  expect(failures).toEqual([]);
  return { inputs, ...(await served.client.create(type, inputs)) };
}
const register = () => create(types.registration, { displayName: "orders" });
const role = (applicationId: string, value: string, roleId = randomUUID() as string) => ({
  applicationId,
  roleId,
  value,
  displayName: value,
  description: `${value}, for callers`,
  allowedMemberTypes: ["Application"],
});
const credential = (applicationId: string, name: string) => ({
  applicationId,
  displayName: name,
  issuer: "https://issuer.example/",
  subject: `system:serviceaccount:shop:${name}`,
  audiences: ["api://AzureADTokenExchange"],
});

describe("each type is made, read again unchanged, imported, and removed", () => {
  it.each<[keyof typeof types, () => Promise<PropertyMap>, string[]]>([
    [
      "application",
      async () => ({
        displayName: "whole",
        tags: ["shop"],
        api: {
          requestedAccessTokenVersion: 2,
          oauth2PermissionScopes: [
            {
              id: randomUUID(),
              value: "Orders.Own",
              type: "User",
              enabled: true,
              adminConsentDisplayName: "a",
              adminConsentDescription: "b",
            },
          ],
        },
        appRoles: [
          {
            id: randomUUID(),
            value: "Orders.Read",
            displayName: "r",
            description: "d",
            enabled: true,
            allowedMemberTypes: ["Application"],
          },
        ],
        web: { redirectUris: ["https://orders.example/signin"] },
      }),
      ["clientId", "objectId", "appRoleIds"],
    ],
    [
      "registration",
      async () => ({ displayName: "bare", description: "d", homepageUrl: "https://orders.example" }),
      ["clientId", "objectId", "publisherDomain"],
    ],
    [
      "uri",
      async () => {
        const { id, outputs } = await register();
        return { applicationId: id, identifierUri: `api://${outputs.clientId as string}` };
      },
      [],
    ],
    ["role", async () => role((await register()).id, "Orders.Read"), []],
    [
      "scope",
      async () => ({
        applicationId: (await register()).id,
        scopeId: randomUUID(),
        value: "Orders.Own",
        adminConsentDisplayName: "a",
        adminConsentDescription: "b",
      }),
      [],
    ],
    ["credential", async () => credential((await register()).id, "orders"), ["credentialId"]],
    [
      "principal",
      async () => ({
        clientId: (await register()).outputs.clientId!,
        appRoleAssignmentRequired: true,
        tags: ["x"],
      }),
      ["objectId", "applicationTenantId", "displayName"],
    ],
    [
      "assignment",
      async () => {
        const { id, outputs } = await register();
        const { inputs } = await create(types.role, role(id, "Orders.Read"));
        const { outputs: api } = await create(types.principal, { clientId: outputs.clientId! });
        return {
          appRoleId: inputs.roleId!,
          resourceObjectId: api.objectId!,
          principalObjectId: sandbox.context.account.deployer.objectId,
        };
      },
      ["principalDisplayName", "resourceDisplayName"],
    ],
  ])("%s", async (kind, given, computed) => {
    const type = types[kind];
    const { inputs, id, outputs } = await create(type, await given());
    expect(outputs).toMatchObject(inputs);
    for (const name of computed) expect(outputs[name], name).toBeTruthy();
    const preview = await served.client.create(type, inputs, { preview: true });
    for (const name of computed) expect(preview.outputs[name], name).toBe(unknownValue);
    expect(await served.client.read(type, id, { inputs, outputs })).toEqual({ id, inputs, outputs });
    const imported = await served.client.read(type, id);
    expect(imported?.inputs).toMatchObject(inputs);
    expect(await served.client.diff(type, { id, oldInputs: inputs, outputs, inputs })).toMatchObject({
      changes: {},
    });
    await served.client.delete(type, id, { inputs, outputs });
    expect(await served.client.read(type, id, { inputs, outputs })).toBeUndefined();
    await served.client.delete(type, id, { inputs, outputs });
  });
});

describe("changes", () => {
  it("are made in place where Entra allows it", async () => {
    const { id, inputs, outputs } = await register();
    const next = { ...inputs, displayName: "renamed", notes: "n" };
    const { changes, replaces } = await served.client.diff(types.registration, {
      id,
      oldInputs: inputs,
      outputs,
      inputs: next,
    });
    expect([changes, replaces]).toEqual([{ displayName: "UPDATE", notes: "ADD" }, []]);
    const args = { id, oldInputs: inputs, outputs, inputs: next };
    const updated = await served.client.update(types.registration, args);
    expect(updated).toMatchObject({ displayName: "renamed", notes: "n", clientId: outputs.clientId });
    const made = await create(types.credential, credential(id, "orders"));
    const subject = "system:serviceaccount:shop:else";
    const changed = await served.client.update(types.credential, {
      id: made.id,
      oldInputs: made.inputs,
      outputs: made.outputs,
      inputs: { ...made.inputs, subject },
    });
    expect(changed).toMatchObject({ subject, credentialId: made.outputs.credentialId });
  });

  it("take an enabled role away, by disabling it first", async () => {
    const appRoles = ["A", "B"].map((value) => ({
      id: randomUUID() as string,
      value,
      displayName: value,
      description: value,
      allowedMemberTypes: ["Application"],
    }));
    const { id, inputs, outputs } = await create(types.application, { displayName: "whole", appRoles });
    const next = { ...inputs, appRoles: [appRoles[1]!] };
    const updated = await served.client.update(types.application, {
      id,
      oldInputs: inputs,
      outputs,
      inputs: next,
    });
    expect(updated.appRoleIds).toEqual({ B: appRoles[1]?.id });
  });

  it("of what identifies a resource replace it", async () => {
    const oldInputs = role("/applications/x", "A");
    const inputs = { ...oldInputs, roleId: randomUUID() as string };
    expect(await served.client.diff(types.role, { oldInputs, inputs })).toMatchObject({
      replaces: ["roleId"],
      deleteBeforeReplace: false,
    });
  });

  it("made by others are found", async () => {
    const { id, inputs, outputs } = await register();
    await graph.call("PATCH", id, { displayName: "by hand", notes: "hello" });
    const read = await served.client.read(types.registration, id, { inputs, outputs });
    expect(read?.inputs).toEqual({ ...inputs, displayName: "by hand", notes: "hello" });
  });
});

describe("under way together", () => {
  it("many parts of one application are all there in the end", async () => {
    const { id, outputs } = await register();
    const values = ["A", "B", "C", "D", "E"];
    await Promise.all([
      ...values.map((value) => create(types.role, role(id, value))),
      ...values.map((value) => create(types.credential, credential(id, value.repeat(3)))),
      create(types.uri, { applicationId: id, identifierUri: `api://${outputs.clientId as string}` }),
    ]);
    const { body } = await graph.call("GET", id);
    expect(body.appRoles.map((one: any) => one.value).sort()).toEqual(values);
    expect(body.identifierUris).toEqual([`api://${outputs.clientId as string}`]);
    const { body: credentials } = await graph.call("GET", `${id}/federatedIdentityCredentials`);
    expect(credentials.value).toHaveLength(values.length);
  });

  it("what a stopped run has made already is taken over, and nothing else is", async () => {
    const { id, outputs } = await register();
    const made = await create(types.credential, credential(id, "orders"));
    expect((await create(types.credential, credential(id, "orders"))).id).toBe(made.id);
    const other = { ...made.inputs, subject: "somebody else" };
    await expect(served.client.create(types.credential, other)).rejects.toThrow(/name orders already exists/);

    const principal = await create(types.principal, { clientId: outputs.clientId! });
    const closed: PropertyMap = { clientId: outputs.clientId!, appRoleAssignmentRequired: true };
    const again = await create(types.principal, closed);
    expect([again.id, again.outputs.appRoleAssignmentRequired]).toEqual([principal.id, true]);

    const { inputs } = await create(types.role, role(id, "Orders.Read"));
    const assignment: PropertyMap = {
      appRoleId: inputs.roleId!,
      resourceObjectId: principal.outputs.objectId!,
      principalObjectId: sandbox.context.account.deployer.objectId,
    };
    const { id: assigned } = await create(types.assignment, assignment);
    expect((await create(types.assignment, assignment)).id).toBe(assigned);
  });

  it("an application whose creation was not answered is found again, also among namesakes", async () => {
    const { faults } = sandbox.context;
    faults.settings = { ...noFaults, seed: 3, resetRate: 0.5 };
    try {
      const registrations = Array.from({ length: 8 }, () =>
        create(types.registration, { displayName: "namesake" }),
      );
      const made = (await Promise.all(registrations)).map(({ id }) => id.split("/").at(-1));
      faults.settings = noFaults;
      const { body } = await graph.call("GET", "/applications?$filter=displayName eq 'namesake'");
      expect(body.value.map((one: any) => one.id).sort()).toEqual(made.sort());
    } finally {
      faults.settings = noFaults;
    }
  });

  it("lost answers and throttling lead to nothing twice", async () => {
    const { id, outputs } = await register();
    const { faults } = sandbox.context;
    faults.settings = { ...noFaults, seed: 7, resetRate: 0.3, throttleRate: 0.05, serverErrorRate: 0.1 };
    try {
      const { outputs: principal } = await create(types.principal, { clientId: outputs.clientId! });
      const { inputs } = await create(types.role, role(id, "Orders.Read"));
      for (const name of ["one", "two", "three"]) await create(types.credential, credential(id, name));
      await create(types.assignment, {
        appRoleId: inputs.roleId!,
        resourceObjectId: principal.objectId!,
        principalObjectId: sandbox.context.account.deployer.objectId,
      });
      faults.settings = noFaults;
      const { body } = await graph.call(
        "GET",
        `/servicePrincipals/${String(principal.objectId)}/appRoleAssignedTo`,
      );
      expect(body.value).toHaveLength(1);
    } finally {
      faults.settings = noFaults;
    }
    const { body } = await graph.call("GET", `${id}/federatedIdentityCredentials`);
    expect(body.value.map(({ name }: any) => name).sort()).toEqual(["one", "three", "two"]);
  });
});

describe("what cannot be", () => {
  it("is said before anything is made", async () => {
    const { failures } = await served.client.check(types.application, "x", {
      password: { displayName: "p" },
    });
    expect(failures).toEqual([
      "missing required property 'displayName'",
      "the sandbox's azuread provider does not know 'password'",
    ]);
    await expect(served.client.check("azuread:index/user:User", "x", {})).rejects.toThrow(
      /does not know the resource type 'azuread:index\/user:User'/,
    );
  });

  it("is reported in Graph's words", async () => {
    const { id } = await register();
    await expect(
      served.client.create(types.uri, { applicationId: id, identifierUri: "api://else where" }),
    ).rejects.toThrow(/unexpected status 400 with OData error: Request_BadRequest: Invalid value specified/);
    await expect(served.client.read(types.role, "/nonsense")).rejects.toThrow(/is no id of the form/);
  });

  it("getClientConfig says who deploys", async () => {
    const { tenantId, deployer } = sandbox.context.account;
    expect(await served.client.invoke("azuread:index/getClientConfig:getClientConfig", {})).toMatchObject({
      tenantId,
      clientId: deployer.clientId,
      objectId: deployer.objectId,
    });
  });
});
