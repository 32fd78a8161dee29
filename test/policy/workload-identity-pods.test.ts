import { describe, expect, test } from "vitest";
import { type Properties, type Resource, UNKNOWN, type Value } from "../../policy/core/resource";
import { message } from "../../policy/core/rule";
import { workloadIdentityPods } from "../../policy/rules/workload-identity-pods";
import { ids, resourceOf } from "./valid-resources";

const LABEL = "azure.workload.identity/use";
const ANNOTATION = "azure.workload.identity/client-id";

const onCluster = (resource: Resource, urn = "urn:provider::aks", properties: Properties = {}): Resource => ({
  ...resource,
  provider: { urn, properties },
});

function account(clientId: Value = ids.CLIENT_ID, metadata: Properties = {}): Resource {
  const annotations: Properties = clientId === null ? {} : { [ANNOTATION]: clientId };
  return onCluster(
    resourceOf(
      "kubernetes:core/v1:ServiceAccount",
      { metadata: { name: "orders", namespace: "shop", annotations, ...metadata } },
      "orders-account",
    ),
  );
}

interface PodSettings {
  label?: Value;
  serviceAccountName?: Value;
  namespace?: Value;
}

function template({ label, serviceAccountName }: PodSettings): Properties {
  return {
    metadata: { labels: { app: "orders", ...(label === undefined ? {} : { [LABEL]: label }) } },
    spec: { containers: [], ...(serviceAccountName === undefined ? {} : { serviceAccountName }) },
  };
}

function deployment(settings: PodSettings): Resource {
  const { namespace = "shop" } = settings;
  return onCluster(
    resourceOf("kubernetes:apps/v1:Deployment", {
      metadata: { name: "orders", namespace, labels: { [LABEL]: "true" } },
      spec: { template: template(settings) },
    }),
  );
}

const labelled = deployment({ label: "true", serviceAccountName: "orders" });
const unlabelled = deployment({ serviceAccountName: "orders" });

const reported = (resources: Resource[], knownServiceAccounts?: string[]) =>
  workloadIdentityPods
    .check(resources, knownServiceAccounts ? { knownServiceAccounts } : {})
    .map(({ resource, violation }) => `${resource.name}: ${violation.property}: ${violation.found}`);

const LABEL_PATH = `it: spec.template.metadata.labels["${LABEL}"]`;
const ACCOUNT_PATH = "it: spec.template.spec.serviceAccountName";

describe("compliant", () => {
  test.each<[string, Resource[]]>([
    ["a labelled pod with an annotated account", [account(), labelled]],
    ["an account whose client id is not known yet", [account(UNKNOWN), labelled]],
    ["annotations of which none is known yet", [account(null, { annotations: UNKNOWN }), labelled]],
    [
      "the same, where a label would be needed if they held it",
      [account(null, { annotations: UNKNOWN }), unlabelled],
    ],
    ["an account whose name is not known yet", [account(ids.CLIENT_ID, { name: UNKNOWN }), labelled]],
    [
      "an account whose namespace is not known yet",
      [account(ids.CLIENT_ID, { namespace: UNKNOWN }), labelled],
    ],
    ["the same and a pod without label", [account(ids.CLIENT_ID, { namespace: UNKNOWN }), unlabelled]],
    ["an unlabelled pod with a plain account", [account(null), unlabelled]],
    [
      "an opted-out pod with a plain account",
      [account(null), deployment({ label: "false", serviceAccountName: "orders" })],
    ],
    ["a pod with neither", [deployment({})]],
    [
      "a pod whose label is not known yet",
      [account(), deployment({ label: UNKNOWN, serviceAccountName: "orders" })],
    ],
    ["a pod whose account is not known yet", [deployment({ label: "true", serviceAccountName: UNKNOWN })]],
    [
      "a pod whose namespace is not known yet",
      [deployment({ label: "true", serviceAccountName: "orders", namespace: UNKNOWN })],
    ],
    [
      "an account that is patched",
      [{ ...account(), type: "kubernetes:core/v1:ServiceAccountPatch" }, labelled],
    ],
    ["an account named in the older spelling", [account(), withSpec({ serviceAccount: "orders" })]],
    [
      "the default account, annotated",
      [account(ids.CLIENT_ID, { name: "default" }), deployment({ label: "true" })],
    ],
    [
      "a template that is not known yet",
      [account(), { ...labelled, properties: { spec: { template: UNKNOWN } } }],
    ],
    ["a pod of which nothing is known yet", [{ ...labelled, properties: {} }]],
    ["an account of which nothing is known yet", [{ ...account(), properties: {} }, labelled, unlabelled]],
  ])("%s", (_, resources) => {
    expect(reported(resources)).toEqual([]);
  });

  test("an account that is known to be annotated elsewhere", () => {
    expect(reported([labelled], ["shop/orders"])).toEqual([]);
    expect(reported([account(null), labelled], ["shop/orders"])).toEqual([]);
  });

  test("the provider's namespace stands in for one that is left out", () => {
    const pod = deployment({ label: "true", serviceAccountName: "orders", namespace: null });
    const inShop = onCluster(pod, "urn:provider::aks", { namespace: "shop" });
    expect(reported([account(), inShop])).toEqual([]);
    expect(reported([account(), pod])).toEqual([`${ACCOUNT_PATH}: default/orders, which is not one`]);
  });
});

function withSpec(spec: Properties): Resource {
  const metadata = { labels: { [LABEL]: "true" } };
  return {
    ...labelled,
    properties: { metadata: { namespace: "shop" }, spec: { template: { metadata, spec } } },
  };
}

describe("violating", () => {
  test.each<[string, Resource[], string]>([
    ["no account of that name", [labelled], `${ACCOUNT_PATH}: shop/orders, which is not one`],
    [
      "an account in another namespace",
      [account(ids.CLIENT_ID, { namespace: "other" }), labelled],
      `${ACCOUNT_PATH}: shop/orders, which is not one`,
    ],
    [
      "an account on another cluster",
      [onCluster(account(), "urn:provider::other"), labelled],
      `${ACCOUNT_PATH}: shop/orders, which is not one`,
    ],
    [
      "no account named",
      [account(), deployment({ label: "true" })],
      `${ACCOUNT_PATH}: shop/default, which is not one`,
    ],
    [
      "no annotation",
      [account(null), labelled],
      `${ACCOUNT_PATH}: shop/orders, where it is nothing (it is not set)`,
    ],
    [
      "no annotations at all",
      [account(null, { annotations: null }), labelled],
      `${ACCOUNT_PATH}: shop/orders, where it is nothing (it is not set)`,
    ],
    ["an empty annotation", [account(""), labelled], `${ACCOUNT_PATH}: shop/orders, where it is ""`],
    [
      "an annotation that is no GUID",
      [account("orders"), labelled],
      `${ACCOUNT_PATH}: shop/orders, where it is "orders"`,
    ],
    [
      "a wrongly typed annotation",
      [account([ids.CLIENT_ID]), labelled],
      `${ACCOUNT_PATH}: shop/orders, where it is a list of 1`,
    ],
    ["the label on the Deployment only", [account(), unlabelled], `${LABEL_PATH}: nothing (it is not set)`],
    [
      "no label, with a client id not known yet",
      [account(UNKNOWN), unlabelled],
      `${LABEL_PATH}: nothing (it is not set)`,
    ],
    [
      "an opted-out pod with an annotated account",
      [account(), deployment({ label: "false", serviceAccountName: "orders" })],
      `${LABEL_PATH}: "false"`,
    ],
    [
      "a capital letter in the label",
      [account(null), deployment({ label: "True", serviceAccountName: "orders" })],
      `${LABEL_PATH}: "True"`,
    ],
    [
      "a boolean label",
      [account(), deployment({ label: true, serviceAccountName: "orders" })],
      `${LABEL_PATH}: true`,
    ],
  ])("%s", (_, resources, violation) => {
    expect(reported(resources)).toEqual([violation]);
  });

  test.each<[string, Properties]>([
    ["no spec", { metadata: { namespace: "shop" } }],
    ["no template", { spec: {} }],
    ["a template without spec", { spec: { template: { metadata: { labels: {} } } } }],
    ["a template that is text", { spec: { template: "orders" } }],
    ["labels that are a list", { spec: { template: { metadata: { labels: [LABEL] }, spec: {} } } }],
    ["metadata that is text", { spec: { template: { metadata: LABEL, spec: {} } } }],
  ])("an unreadable template: %s", (_, properties) => {
    expect(reported([{ ...labelled, properties }])).toEqual([
      "it: spec.template.metadata.labels: something else",
    ]);
  });

  test("an account annotated elsewhere wants the label too", () => {
    expect(reported([unlabelled], ["shop/orders"])).toEqual([`${LABEL_PATH}: nothing (it is not set)`]);
  });

  test("a message says what to do", () => {
    const [found] = workloadIdentityPods.check([account(), unlabelled], {});
    expect(message(workloadIdentityPods, found!.resource, found!.violation)).toBe(
      `Deployment 'it': 'spec.template.metadata.labels["${LABEL}"]' must be the string "true", got nothing (it is not set). ` +
        `Its ServiceAccount shop/orders is annotated with ${ANNOTATION}; label the pod template itself, not only the resource around it. ` +
        "See https://learn.microsoft.com/azure/aks/workload-identity-overview",
    );
  });
});

describe("every kind that runs pods is looked at, in every API version", () => {
  const spec = { template: template({ serviceAccountName: "orders", label: "true" }) };
  test.each<[string, string, Properties]>([
    ["apps/v1:Deployment", "spec.template.", { spec }],
    ["apps/v1beta1:Deployment", "spec.template.", { spec }],
    ["extensions/v1beta1:Deployment", "spec.template.", { spec }],
    ["apps/v1:StatefulSet", "spec.template.", { spec }],
    ["apps/v1:DaemonSet", "spec.template.", { spec }],
    ["apps/v1:ReplicaSet", "spec.template.", { spec }],
    ["core/v1:ReplicationController", "spec.template.", { spec }],
    ["batch/v1:Job", "spec.template.", { spec }],
    ["batch/v1:CronJob", "spec.jobTemplate.spec.template.", { spec: { jobTemplate: { spec } } }],
    ["core/v1:Pod", "", { ...spec.template, metadata: { namespace: "shop", labels: { [LABEL]: "true" } } }],
  ])("%s", (kind, path, properties) => {
    const resource = onCluster(
      resourceOf(`kubernetes:${kind}`, { metadata: { namespace: "shop" }, ...properties }),
    );
    expect(reported([resource])).toEqual([
      `it: ${path}spec.serviceAccountName: shop/orders, which is not one`,
    ]);
    expect(reported([resource, account()])).toEqual([]);
  });

  test("a custom resource that happens to be called Job is not", () => {
    expect(reported([resourceOf("kubernetes:batch.volcano.sh/v1alpha1:Job", { spec })])).toEqual([]);
  });
});
