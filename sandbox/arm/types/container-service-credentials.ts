import { stringify } from "yaml";
import { AzureError } from "../../core/azure-error";
import type { ArmCall } from "../arm-call";
import type { JsonObject } from "../json";
import type { StoredResource } from "../resource";
import { groupNameIn } from "../resource-path";
import type { Action } from "../resource-type";

/** The applications that kubelogin gets users' tokens for and as. @see https://learn.microsoft.com/azure/aks/kubelogin-authentication */
const aksServer = "6dae42f8-4368-4678-94ff-3960e28e3630";
const aksClient = "80faf920-1908-4b52-b5ef-a8e7bedfc67a";

const installHint = `
kubelogin is not installed which is required to connect to AAD enabled cluster.

To learn more, please go to https://aka.ms/aks/kubelogin
`;

/** How users of a cluster with Entra get in: kubelogin asks Entra for a token. */
const throughEntra = ({ context }: ArmCall): JsonObject => ({
  exec: {
    apiVersion: "client.authentication.k8s.io/v1beta1",
    command: "kubelogin",
    args: [
      "get-token",
      "--login",
      "devicecode",
      "--server-id",
      aksServer,
      "--client-id",
      aksClient,
      "--tenant-id",
      context.account.tenantId,
      "--environment",
      "AzurePublicCloud",
    ],
    env: null,
    installHint,
    provideClusterInfo: false,
  },
});

const withToken = ({ internal }: StoredResource): JsonObject => ({ token: internal?.adminToken });

/** A kubeconfig as AKS returns it. */
function kubeconfig({ context }: ArmCall, { body }: StoredResource, name: string, user: JsonObject): string {
  const userName = `${name}_${groupNameIn(body.id)}_${body.name}`;
  const authority = Buffer.from(context.certificates.authorityPem).toString("base64");
  return stringify(
    {
      apiVersion: "v1",
      kind: "Config",
      clusters: [
        {
          name: body.name,
          cluster: {
            "certificate-authority-data": authority,
            server: `https://${String(body.properties.fqdn)}:443`,
          },
        },
      ],
      contexts: [{ name: body.name, context: { cluster: body.name, user: userName } }],
      "current-context": body.name,
      preferences: {},
      users: [{ name: userName, user }],
    },
    { lineWidth: 0 },
  );
}

const answer = (name: string, config: string) => ({
  status: 200,
  body: { kubeconfigs: [{ name, value: Buffer.from(config).toString("base64") }] },
});

const hasLocalAccounts = ({ body }: StoredResource) => body.properties.disableLocalAccounts !== true;

/** @throws AzureError 400 when the cluster's own accounts are off */
function requireLocalAccounts(cluster: StoredResource): void {
  if (hasLocalAccounts(cluster)) return;
  throw new AzureError(
    400,
    "BadRequest",
    "Getting static credential is not allowed because this cluster is set to disable local accounts.",
  );
}

export const userCredential: Action = (call, cluster) => {
  const entra = cluster.body.properties.aadProfile !== undefined;
  const user = entra ? throughEntra(call) : withToken(cluster);
  return answer("clusterUser", kubeconfig(call, cluster, "clusterUser", user));
};

export const adminCredential: Action = (call, cluster) => {
  requireLocalAccounts(cluster);
  return answer("clusterAdmin", kubeconfig(call, cluster, "clusterAdmin", withToken(cluster)));
};

export const monitoringCredential: Action = (call, cluster) => {
  requireLocalAccounts(cluster);
  return answer(
    "clusterMonitoringUser",
    kubeconfig(call, cluster, "clusterMonitoringUser", withToken(cluster)),
  );
};
