import { webhookConfiguration } from "../kubernetes/aks-objects";
import type { KubernetesObject } from "../kubernetes/object";
import { type ApiServerClient, applyPatch } from "./api-server-client";

/** The user that the webhook is for the API server. */
export const webhookUser = "azure-wi-webhook-admin";
const roleName = "azure-wi-webhook-manager-role";
const fieldManager = "aks-sandbox";
const registration = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
const rbac = "/apis/rbac.authorization.k8s.io/v1";

/** What the webhook is started with. Certificates come with it, so it needs no right to renew them. */
export const webhookCommand = (args: {
  port: number;
  /** With `tls.crt` and `tls.key`. */
  certificateDirectory: string;
  kubeconfigFile: string;
  tenantId: string;
}): { args: string[]; env: Record<string, string> } => ({
  args: [
    `--port=${args.port}`,
    `--webhook-cert-dir=${args.certificateDirectory}`,
    `--kubeconfig=${args.kubeconfigFile}`,
  ],
  env: { AZURE_TENANT_ID: args.tenantId, AZURE_ENVIRONMENT: "AzurePublicCloud" },
});

/** Lets the webhook read ServiceAccounts, and nothing else. */
export async function allowWebhook(client: ApiServerClient): Promise<void> {
  const metadata = { name: roleName };
  const apiGroup = "rbac.authorization.k8s.io";
  await apply(client, `${rbac}/clusterroles`, {
    apiVersion: `${apiGroup}/v1`,
    kind: "ClusterRole",
    metadata,
    rules: [{ apiGroups: [""], resources: ["serviceaccounts"], verbs: ["get", "list", "watch"] }],
  });
  await apply(client, `${rbac}/clusterrolebindings`, {
    apiVersion: `${apiGroup}/v1`,
    kind: "ClusterRoleBinding",
    metadata,
    roleRef: { apiGroup, kind: "ClusterRole", name: roleName },
    subjects: [{ apiGroup, kind: "User", name: webhookUser }],
  });
}

/** Has the API server call the webhook for pods with the label. @param authority of the webhook's certificate */
export async function registerWebhook(
  client: ApiServerClient,
  port: number,
  authority: string,
): Promise<void> {
  const caBundle = Buffer.from(authority).toString("base64");
  const url = `https://127.0.0.1:${port}/mutate-v1-pod`;
  await apply(client, registration, webhookConfiguration({ url, caBundle }));
}

/** Has it call none, as after workload identity was turned off. */
export async function unregisterWebhook(client: ApiServerClient): Promise<void> {
  const { metadata } = webhookConfiguration({ url: "", caBundle: "" });
  await client.callIfThere("DELETE", `${registration}/${metadata.name}`);
}

async function apply(client: ApiServerClient, collection: string, object: KubernetesObject): Promise<void> {
  const path = `${collection}/${object.metadata.name}?fieldManager=${fieldManager}&force=true`;
  await client.call("PATCH", path, object, applyPatch);
}
