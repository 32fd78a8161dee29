import { CoreV1Api, type V1Pod } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ensureControlPlane } from "../../sandbox/control-plane/programs";
import { startTestSandbox, type TestSandbox } from "../sandbox/harness";
import {
  addCluster,
  assignRole,
  clusterAdminRole,
  kubeConfig,
  tokenFor,
} from "../sandbox/kubernetes/cluster-fixture";
import { eventually } from "./eventually";

const prefix = "azure.workload.identity";
const namespace = "shop";
const clientId = "7d5e1c3a-52b6-4b3c-8c1e-3c55b1f3a001";
const otherTenant = "11111111-2222-4333-8444-555555555555";

/** ServiceAccounts by their annotations below the prefix. */
const accounts: Record<string, Record<string, string>> = {
  plain: {},
  orders: { "client-id": clientId },
  elsewhere: { "client-id": clientId, "tenant-id": otherTenant },
  nowhere: { "client-id": clientId, "tenant-id": "" },
  lasting: { "client-id": clientId, "service-account-token-expiration": "7200" },
  endless: { "client-id": clientId, "service-account-token-expiration": "86401" },
  unset: { "client-id": clientId, "service-account-token-expiration": "" },
};

/** What the real webhook makes of a pod. */
type Fate = "mutated" | "left alone" | "denied";

interface Case {
  what: string;
  /** @default "mutated" */
  fate?: Fate;
  account?: string;
  /** @default "true" */
  label?: string;
  /** Below the prefix. */
  annotations?: Record<string, string>;
  spec?: Partial<NonNullable<V1Pod["spec"]>>;
}

const image = "docker.io/library/busybox";
const expiring = (text: string, fate: Fate = "denied"): Case => ({
  fate,
  what: `whose annotation says ${JSON.stringify(text)} seconds`,
  account: "lasting",
  annotations: { "service-account-token-expiration": text },
});
const token = (path: string) => ({
  projected: {
    sources: [{ serviceAccountToken: { path, audience: "api://mine", expirationSeconds: 4000 } }],
  },
});

const cases: Case[] = [
  { what: "of an annotated ServiceAccount" },
  { what: "of a ServiceAccount without annotation", account: "plain" },
  { what: "of no ServiceAccount of its own", account: "default" },
  { what: "of a ServiceAccount that is not there", account: "missing", fate: "denied" },
  { what: "without the label's value", label: "false", fate: "left alone" },
  { what: "of another tenant", account: "elsewhere" },
  { what: "of no tenant", account: "nowhere" },
  { what: "whose ServiceAccount sets the lifetime", account: "lasting" },
  { what: "whose ServiceAccount sets too long a lifetime", account: "endless", fate: "denied" },
  { what: "whose ServiceAccount sets an empty lifetime", account: "unset" },
  ...["3600", "86400", "+4000", ""].map((text) => expiring(text, "mutated")),
  ...["3599", "86401", "-1", "4000.0", " 4000", "4e3", "an hour"].map((text) => expiring(text)),
  {
    what: "with several containers",
    spec: {
      initContainers: [{ name: "before", image }],
      containers: [
        { name: "one", image },
        { name: "two", image },
      ],
    },
  },
  {
    what: "with containers to skip",
    annotations: { "skip-containers": "before; two ;none" },
    spec: {
      initContainers: [{ name: "before", image }],
      containers: [
        { name: "one", image },
        { name: "two", image },
      ],
    },
  },
  {
    what: "with variables of its own",
    spec: {
      containers: [
        {
          name: "main",
          image,
          env: [
            { name: "AZURE_TENANT_ID", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } },
            { name: "AZURE_CLIENT_ID", value: "mine" },
            { name: "OTHER", value: "1" },
          ],
        },
      ],
    },
  },
  {
    what: "with a volume that has the token, under another name than the mount will have",
    fate: "denied",
    spec: {
      volumes: [{ name: "mine", ...token("azure-identity-token") }],
      containers: [{ name: "main", image }],
    },
  },
  {
    what: "with a volume and a mount of the webhook's name",
    spec: {
      volumes: [{ name: "azure-identity-token", ...token("azure-identity-token") }],
      containers: [
        { name: "main", image, volumeMounts: [{ name: "azure-identity-token", mountPath: "/mine" }] },
      ],
    },
  },
];

let sandboxes: TestSandbox[];
let real: CoreV1Api;
let simulated: CoreV1Api;

async function prepare(sandbox: TestSandbox): Promise<CoreV1Api> {
  const cluster = addCluster(sandbox, "webhook");
  assignRole(sandbox, sandbox.context.account.deployer.objectId, clusterAdminRole, cluster.id);
  const api = kubeConfig(sandbox, cluster, await tokenFor(sandbox)).makeApiClient(CoreV1Api);
  await api.createNamespace({ body: { metadata: { name: namespace } } });
  for (const [name, below] of Object.entries(accounts)) {
    await api.createNamespacedServiceAccount({
      namespace,
      body: { metadata: { name, annotations: prefixed(below) } },
    });
  }
  // A controller makes it, soon.
  await eventually(() => api.readNamespacedServiceAccount({ namespace, name: "default" }));
  return api;
}

const prefixed = (below: Record<string, string> = {}) =>
  Object.fromEntries(Object.entries(below).map(([name, value]) => [`${prefix}/${name}`, value]));

beforeAll(async () => {
  sandboxes = [
    await startTestSandbox({ controlPlane: await ensureControlPlane(() => {}) }),
    await startTestSandbox(),
  ];
  [real, simulated] = (await Promise.all(sandboxes.map(prepare))) as [CoreV1Api, CoreV1Api];
});
afterAll(async () => {
  for (const sandbox of sandboxes ?? []) await sandbox.stop();
});

/** What becomes of a pod: what was injected into it, or why it was denied. */
async function outcome(api: CoreV1Api, one: Case, tenantId: string): Promise<unknown> {
  const body: V1Pod = {
    metadata: {
      generateName: "pod-",
      labels: { [`${prefix}/use`]: one.label ?? "true" },
      annotations: prefixed(one.annotations),
    },
    spec: {
      serviceAccountName: one.account ?? "orders",
      containers: [{ name: "main", image }],
      ...one.spec,
    },
  };
  try {
    const { spec } = await api.createNamespacedPod({ namespace, body });
    const containers = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
    const text = JSON.stringify({
      containers: containers.map(({ name, env = [], volumeMounts = [] }) => ({
        name,
        // Version 1.3 also writes variables that have no value.
        env: env.filter(({ value, valueFrom }) => value || valueFrom),
        volumeMounts,
      })),
      volumes: spec?.volumes,
    });
    return JSON.parse(
      text.replaceAll(/kube-api-access-\w+/g, "kube-api-access").replaceAll(tenantId, "tenant"),
    );
  } catch (error) {
    const { code, body: answer } = error as { code: number; body: string };
    const { reason, message } = JSON.parse(answer) as { reason?: string; message: string };
    return { code, reason, message: message.replaceAll(/"pod-\w*"/g, '"pod"') };
  }
}

function fateOf(result: unknown): Fate {
  const text = JSON.stringify(result);
  if (text.startsWith('{"code"')) return "denied";
  return text.includes("AZURE_FEDERATED_TOKEN_FILE") ? "mutated" : "left alone";
}

describe("the simulated webhook does as the real one", () => {
  it.each(cases)("to a pod $what", async (one) => {
    const [realTenant, simulatedTenant] = sandboxes.map(({ context }) => context.account.tenantId);
    const expected = await outcome(real, one, realTenant as string);
    expect(fateOf(expected)).toBe(one.fate ?? "mutated");
    expect(await outcome(simulated, one, simulatedTenant as string)).toEqual(expected);
  });
});
