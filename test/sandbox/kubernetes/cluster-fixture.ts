import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { KubeConfig } from "@kubernetes/client-node";
import { putResource, type ResourceBody } from "../../../sandbox/arm/resource";
import type { RunningSandbox } from "../../../sandbox/core/sandbox";
import { aksServerApplicationId } from "../../../sandbox/kubernetes/server-application";

export const clusterAdminRole = "b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b";
export const readerRole = "7f6c6a51-bcf8-42ba-9220-52d62157d7db";

/** A cluster as ARM would have put it into the store. */
export interface TestCluster {
  id: string;
  guid: string;
  fqdn: string;
  issuerUrl: string;
}

export function addCluster(
  { context }: RunningSandbox,
  name: string,
  properties: Record<string, unknown> = {},
): TestCluster {
  const { tenantId, subscriptionId } = context.account;
  const id = `/subscriptions/${subscriptionId}/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/${name}`;
  const guid = randomUUID();
  const fqdn = `${name}-dns-0a1b2c3d.hcp.westeurope.azmk8s.io`;
  const issuerUrl = `https://westeurope.oic.prod-aks.azure.com/${tenantId}/${guid}/`;
  putResource(context.store, {
    body: {
      id,
      name,
      type: "Microsoft.ContainerService/managedClusters",
      location: "westeurope",
      properties: {
        fqdn,
        currentKubernetesVersion: "1.33.2",
        oidcIssuerProfile: { enabled: true, issuerURL: issuerUrl },
        securityProfile: { workloadIdentity: { enabled: true } },
        aadProfile: { managed: true, enableAzureRBAC: true },
        agentPoolProfiles: [{ name: "system", count: 2 }],
        ...properties,
      },
    } as ResourceBody,
    internal: { clusterGuid: guid },
  });
  return { id, guid, fqdn, issuerUrl };
}

/** Gives a principal a role, as ARM would have put it into the store. */
export function assignRole(
  { context }: RunningSandbox,
  principalId: string,
  role: string,
  scope: string,
): void {
  const name = randomUUID();
  const id = `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`;
  putResource(context.store, {
    body: {
      id,
      name,
      type: "Microsoft.Authorization/roleAssignments",
      properties: {
        roleDefinitionId: `/subscriptions/${context.account.subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${role}`,
        principalId,
        principalType: "ServicePrincipal",
        scope,
      },
    },
  });
}

/** An Entra token for the cluster, of the deployer or of another principal. */
export async function tokenFor(
  { context }: RunningSandbox,
  objectId = context.account.deployer.objectId,
): Promise<string> {
  const principal = context.directory.byObjectId(objectId);
  if (!principal) throw new Error(`no principal ${objectId}`);
  return context.tokens.issue(principal, aksServerApplicationId, 3600);
}

/** A kubeconfig with a token, through the sandbox's proxy. */
export function kubeConfig(sandbox: RunningSandbox, cluster: TestCluster, token: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromOptions({
    clusters: [
      {
        name: "c",
        server: `https://${cluster.fqdn}:443`,
        caData: readFileSync(sandbox.caCertificatePath).toString("base64"),
        proxyUrl: sandbox.proxyUrl,
      },
    ],
    users: [{ name: "u", token }],
    contexts: [{ name: "x", cluster: "c", user: "u" }],
    currentContext: "x",
  });
  return config;
}
