import { randomUUID } from "node:crypto";
import {
  type ApiException,
  AuthorizationV1Api,
  CoreV1Api,
  type KubeConfig,
  RbacAuthorizationV1Api,
} from "@kubernetes/client-node";
import { createLocalJWKSet, decodeJwt, type JSONWebKeySet, jwtVerify, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestSandbox, type TestSandbox } from "../harness";
import {
  addCluster,
  assignRole,
  clusterAdminRole,
  kubeConfig,
  readerRole,
  type TestCluster,
  tokenFor,
} from "./cluster-fixture";

let sandbox: TestSandbox;
let cluster: TestCluster;
let admin: KubeConfig;
const namespace = "default";

beforeAll(async () => {
  sandbox = await startTestSandbox();
  cluster = addCluster(sandbox, "access");
  assignRole(sandbox, sandbox.context.account.deployer.objectId, clusterAdminRole, cluster.id);
  admin = kubeConfig(sandbox, cluster, await tokenFor(sandbox));
});
afterAll(() => sandbox.stop());

const coreAs = (token: string, of = cluster) => kubeConfig(sandbox, of, token).makeApiClient(CoreV1Api);

const messageOf = (body: string | { message: string }) =>
  (typeof body === "string" ? (JSON.parse(body) as { message: string }) : body).message;

const refusal = (request: Promise<unknown>) =>
  request.then(
    () => expect.fail("was not refused"),
    (error: ApiException<string | { message: string }>) => ({
      code: error.code,
      // The client does not read the body of a 401.
      message: error.code === 401 ? "" : messageOf(error.body),
    }),
  );

function newPrincipal() {
  const displayName = `p-${randomUUID()}`;
  return sandbox.context.directory.createManagedIdentity({
    displayName,
    resourceId: `/subscriptions/x/${displayName}`,
  });
}

describe("callers from Entra", () => {
  it("are nobody without a role, Owner of the subscription or not", async () => {
    const other = addCluster(sandbox, "owner-only");
    const refused = await refusal(coreAs(await tokenFor(sandbox), other).listNamespacedPod({ namespace }));
    expect(refused).toEqual({
      code: 403,
      message: `pods is forbidden: User "${sandbox.context.account.deployer.objectId}" cannot list resource "pods" in API group "" in the namespace "default": User does not have access to the resource in Azure. Update role assignment to allow access.`,
    });
  });

  it("may do what a role on a namespace allows, there and nowhere else", async () => {
    const { objectId } = newPrincipal();
    assignRole(sandbox, objectId, readerRole, `${cluster.id}/namespaces/default`);
    const core = coreAs(await tokenFor(sandbox, objectId));
    expect((await core.listNamespacedConfigMap({ namespace })).items.length).toBeGreaterThan(0);
    expect((await refusal(core.listNamespacedSecret({ namespace }))).code).toBe(403);
    expect((await refusal(core.listNamespacedConfigMap({ namespace: "kube-system" }))).code).toBe(403);
    const body = { metadata: { name: "x" } };
    expect((await refusal(core.createNamespacedConfigMap({ namespace, body }))).code).toBe(403);
  });

  it("may do what a binding allows, on a cluster without Azure RBAC", async () => {
    const group = randomUUID();
    const aadProfile = { managed: true, enableAzureRBAC: false, adminGroupObjectIDs: [group] };
    const plain = addCluster(sandbox, "plain-rbac", { aadProfile });
    assignRole(sandbox, sandbox.context.account.deployer.objectId, clusterAdminRole, plain.id);
    expect(
      (await refusal(coreAs(await tokenFor(sandbox), plain).listNamespacedPod({ namespace }))).code,
    ).toBe(403);
  });

  it("can ask what they may", async () => {
    const api = admin.makeApiClient(AuthorizationV1Api);
    const resourceAttributes = { verb: "create", resource: "deployments", group: "apps", namespace };
    const review = await api.createSelfSubjectAccessReview({ body: { spec: { resourceAttributes } } });
    expect(review.status?.allowed).toBe(true);
  });
});

describe("tokens that are refused", () => {
  const unsigned = (claims: object) =>
    `${Buffer.from('{"alg":"none"}').toString("base64url")}.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.`;
  const foreign = (claims: Record<string, unknown>) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: "HS256" })
      .sign(new TextEncoder().encode("a key of my own, 32 bytes long"));

  it.each<[string, () => string | Promise<string>]>([
    ["none at all", () => ""],
    ["no JWT", () => "hunter2"],
    [
      "for another audience",
      async () => {
        const { directory, tokens, account } = sandbox.context;
        return tokens.issue(
          directory.byObjectId(account.deployer.objectId)!,
          "https://vault.azure.net",
          3600,
        );
      },
    ],
    [
      "unsigned, of a ServiceAccount",
      () => unsigned({ iss: cluster.issuerUrl, aud: cluster.issuerUrl, sub: "x" }),
    ],
    ["signed with a key of one's own", () => foreign({ iss: cluster.issuerUrl, aud: cluster.issuerUrl })],
    [
      "for the exchange, not for this API",
      async () => {
        const core = admin.makeApiClient(CoreV1Api);
        const body = { spec: { audiences: ["api://AzureADTokenExchange"] } };
        return (await core.createNamespacedServiceAccountToken({ namespace, name: "default", body })).status!
          .token;
      },
    ],
  ])("%s", async (_what, token) => {
    const refused = await refusal(coreAs(await token()).listNamespacedPod({ namespace }));
    expect(refused.code).toBe(401);
  });
});

describe("ServiceAccount tokens", () => {
  const request = (spec: object, name = "default") =>
    admin
      .makeApiClient(CoreV1Api)
      .createNamespacedServiceAccountToken({ namespace, name, body: { spec } as never });
  const fetchJson = async (url: string) => (await sandbox.context.network.fetch(url)).json();

  it("verify with the keys that the issuer publishes, and say what Kubernetes' say", async () => {
    const { status } = await request({ audiences: ["api://AzureADTokenExchange"], expirationSeconds: 3600 });
    const discovery = (await fetchJson(`${cluster.issuerUrl}.well-known/openid-configuration`)) as Record<
      string,
      string
    >;
    expect(discovery.issuer).toBe(cluster.issuerUrl);
    const keys = (await fetchJson(discovery.jwks_uri!)) as JSONWebKeySet;
    const { payload, protectedHeader } = await jwtVerify(status!.token, createLocalJWKSet(keys), {
      issuer: cluster.issuerUrl,
      audience: "api://AzureADTokenExchange",
      subject: "system:serviceaccount:default:default",
    });
    expect(protectedHeader.alg).toBe("RS256");
    expect(payload.exp! - payload.iat!).toBe(3600);
    expect(payload["kubernetes.io"]).toMatchObject({
      namespace: "default",
      serviceaccount: { name: "default" },
    });
    expect(JSON.stringify(keys)).not.toContain('"d"');
  });

  it("are bound to a pod, and die with it", async () => {
    const core = admin.makeApiClient(CoreV1Api);
    const spec = { containers: [{ name: "c", image: "mcr.microsoft.com/a:1" }] };
    const pod = await core.createNamespacedPod({ namespace, body: { metadata: { name: "bound" }, spec } });
    const boundObjectRef = { kind: "Pod", apiVersion: "v1", name: "bound", uid: pod.metadata!.uid! };
    const token = (await request({ boundObjectRef })).status!.token;
    expect(decodeJwt(token)["kubernetes.io"]).toMatchObject({
      pod: { name: "bound", uid: pod.metadata!.uid },
    });
    expect((await refusal(coreAs(token).listNamespacedPod({ namespace }))).code).toBe(403);
    await core.deleteNamespacedPod({ namespace, name: "bound" });
    expect((await refusal(coreAs(token).listNamespacedPod({ namespace }))).code).toBe(401);
  });

  it.each([
    [{ expirationSeconds: 599 }, 422, "may not specify a duration less than 10 minutes"],
    [{ expirationSeconds: 2 ** 33 }, 422, "may not specify a duration larger than 2^32 seconds"],
    [{ boundObjectRef: { kind: "Pod", name: "none" } }, 404, 'pods "none" not found'],
  ])("are not made for %j", async (spec, code, message) => {
    const refused = await refusal(request(spec));
    expect(refused.code).toBe(code);
    expect(refused.message).toContain(message);
  });

  it("may do what bindings allow", async () => {
    const rbac = admin.makeApiClient(RbacAuthorizationV1Api);
    const { token } = (await request({})).status!;
    const rules = [{ apiGroups: [""], resources: ["pods"], verbs: ["list"] }];
    await rbac.createNamespacedRole({ namespace, body: { metadata: { name: "lister" }, rules } });
    await rbac.createNamespacedRoleBinding({
      namespace,
      body: {
        metadata: { name: "lister" },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "lister" },
        subjects: [{ kind: "ServiceAccount", name: "default", namespace }],
      },
    });
    await coreAs(token).listNamespacedPod({ namespace });
    expect((await refusal(coreAs(token).listNamespacedSecret({ namespace }))).code).toBe(403);
  });
});

describe("the issuer", () => {
  const status = async (url: string) => (await sandbox.context.network.fetch(url)).status;

  it("knows its own clusters only", async () => {
    const { tenantId } = sandbox.context.account;
    const elsewhere = `https://westeurope.oic.prod-aks.azure.com/${tenantId}/${randomUUID()}/.well-known/openid-configuration`;
    expect(await status(elsewhere)).toBe(404);
    const inNorth = cluster.issuerUrl.replace("westeurope", "northeurope");
    expect(await status(`${inNorth}.well-known/openid-configuration`)).toBe(404);
  });

  it("publishes nothing while it is off", async () => {
    const off = addCluster(sandbox, "off", { oidcIssuerProfile: { enabled: false } });
    expect(await status(`${off.issuerUrl}openid/v1/jwks`)).toBe(404);
  });
});
