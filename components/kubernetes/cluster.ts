import * as containerservice from "@pulumi/azure-native/containerservice";
import { Provider } from "@pulumi/kubernetes/provider";
import * as pulumi from "@pulumi/pulumi";
import { check } from "../core/errors";
import type { NetworkAccess } from "../core/network-access";
import type { Permission } from "../core/permission";
import { assignRole } from "../core/role-assignment";
import type { TokenIssuer } from "../identity/federated-credential";
import { Propagation } from "../propagation/propagation";
import { automaticName, checkName, deployerPrincipal, type Placement } from "../resources/resource-group";
import { loginOf, unattendedKubeconfig } from "./kubeconfig";

/** A cluster that workloads can be put on. */
export interface ClusterReference extends TokenIssuer {
  readonly id: pulumi.Output<string>;
  /** Logs in as whoever runs the program; holds no credential. */
  readonly kubeconfig: pulumi.Output<string>;
  /** What Kubernetes resources of this cluster are given as their provider. */
  readonly provider: Provider;
}

export interface ClusterArgs {
  resourceGroup: Placement;
  /** "1.34", or with a patch "1.34.1". A change upgrades in place. @default AKS's own default */
  kubernetesVersion?: string;
  /** Nodes of the system pool: 1 to 1,000. @default 3 */
  nodeCount?: number;
  /** @default "Standard_D4ds_v5" */
  nodeSize?: string;
  /** "Standard" has an uptime SLA. @default "Standard" */
  tier?: "Free" | "Standard" | "Premium";
  /**
   * From where the API server can be reached. "private" also takes a way into its network from here.
   *
   * @default "public"
   */
  network?: NetworkAccess;
  /** Registries whose images the nodes pull. */
  registries?: { readonly pull: () => Permission }[];
  /**
   * A whole number from 1 to 999; one more makes the cluster anew. The new one comes up beside the old one; workloads,
   * their credentials and everything else that is given its `provider` are made there; and then the old ones go: pods,
   * then their credentials, the cluster last.
   *
   * From 2 on, `-g<generation>` ends the names of the cluster and of its resources in the stack, and a federated
   * credential for its ServiceAccounts counts twice among an identity's 20, old and new.
   *
   * @default 1
   */
  generation?: number;
  /**
   * 1 to 63 letters, digits, `_` or `-`, together with what `generation` adds. A change deletes the cluster before it
   * makes another.
   *
   * @default `aks-<name>-<stack>`
   */
  clusterName?: string;
  tags?: pulumi.Input<Record<string, pulumi.Input<string>>>;
}

/**
 * An AKS cluster for workload identity: OIDC issuer on, Entra and Azure RBAC for its users, no local accounts.
 * Whoever runs the program is made its administrator by a role assignment.
 *
 * @see https://learn.microsoft.com/azure/aks/workload-identity-overview
 */
export class Cluster extends pulumi.ComponentResource implements ClusterReference {
  readonly id: pulumi.Output<string>;
  readonly name: pulumi.Output<string>;
  readonly generation: number;
  readonly issuerUrl: pulumi.Output<string>;
  readonly kubeconfig: pulumi.Output<string>;
  readonly provider: Provider;
  /** The object id of the identity with which nodes pull images. */
  readonly kubeletPrincipalId: pulumi.Output<string>;

  readonly #label: string;

  /** @throws ArgumentError when a name, the number of nodes or the generation is out of range */
  constructor(name: string, args: ClusterArgs, options: pulumi.ComponentResourceOptions = {}) {
    const { resourceGroup, nodeCount = 3, network = "public", generation = 1 } = args;
    // The new cluster's resources are others than the old one's, not replacements of them: also a run that is interrupted
    // half-way can tell what is on which cluster.
    const ending = generation === 1 ? "" : `-g${generation}`;
    const label = `${name}${ending}`;
    const clusterName = args.clusterName === undefined ? undefined : `${args.clusterName}${ending}`;
    checkName(`Cluster ${name}`, "clusterName", "cluster", clusterName);
    check(`Cluster ${name}`, [
      {
        argument: "nodeCount",
        holds: Number.isInteger(nodeCount) && nodeCount >= 1 && nodeCount <= 1000,
        allowed: "a whole number from 1 to 1000",
        got: nodeCount,
      },
      {
        argument: "generation",
        holds: Number.isInteger(generation) && generation >= 1 && generation <= 999,
        allowed: "a whole number from 1 to 999",
        got: generation,
      },
    ]);
    super("azure-keyless:kubernetes:Cluster", name, {}, options);
    this.#label = label;
    this.generation = generation;
    const cluster = new containerservice.ManagedCluster(
      label,
      {
        resourceGroupName: resourceGroup.name,
        location: resourceGroup.location,
        resourceName: clusterName ?? automaticName("cluster", label, resourceGroup.deployer),
        dnsPrefix: `${name}-${pulumi.getStack()}`.replace(/[^A-Za-z0-9-]+/g, "-").slice(0, 54),
        identity: { type: "SystemAssigned" },
        sku: { name: "Base", tier: args.tier ?? "Standard" },
        ...(args.kubernetesVersion === undefined ? {} : { kubernetesVersion: args.kubernetesVersion }),
        oidcIssuerProfile: { enabled: true },
        securityProfile: { workloadIdentity: { enabled: true } },
        enableRBAC: true,
        aadProfile: { managed: true, enableAzureRBAC: true, tenantID: resourceGroup.deployer.tenantId },
        disableLocalAccounts: true,
        apiServerAccessProfile: apiServerAccess(network),
        networkProfile: { networkPlugin: "azure", networkPluginMode: "overlay" },
        agentPoolProfiles: [
          {
            name: "system",
            mode: "System",
            type: "VirtualMachineScaleSets",
            osType: "Linux",
            count: nodeCount,
            vmSize: args.nodeSize ?? "Standard_D4ds_v5",
          },
        ],
        ...(args.tags === undefined ? {} : { tags: args.tags }),
      },
      { parent: this },
    );
    this.id = cluster.id;
    this.name = cluster.name;
    // Asked for by its id, these are known in previews that change the cluster, and nothing seems to change with them.
    const found = findCluster(cluster.id, { parent: this });
    this.issuerUrl = found.apply(issuerOf);
    this.kubeletPrincipalId = found.apply(
      ({ identityProfile }) => identityProfile?.kubeletidentity?.objectId as string,
    );
    for (const registry of args.registries ?? []) this.attach(registry);

    const administrator = assignRole(
      `${label}-administrator`,
      {
        access: {
          name: "administrator",
          intent: `administer Kubernetes on cluster ${label}`,
          role: "Azure Kubernetes Service RBAC Cluster Admin",
          scope: this.id,
        },
        principal: deployerPrincipal(resourceGroup),
        holder: "deployer",
      },
      { parent: this },
    );
    this.kubeconfig = userKubeconfig(cluster.id, { parent: this });
    const reachable = new Propagation(
      `${label}-reachable`,
      {
        kubeconfig: this.kubeconfig,
        proofs: [
          pulumi.output({ kind: "cluster" as const, name: `cluster ${label}`, waitsFor: [administrator.id] }),
        ],
      },
      { parent: this },
    );
    this.provider = new Provider(
      `${label}-kubernetes`,
      { kubeconfig: this.kubeconfig, enableServerSideApply: true },
      // The assignment outlasts what is deleted through the provider.
      { parent: this, dependsOn: [reachable, administrator] },
    );
    this.registerOutputs({ id: this.id, name: this.name, issuerUrl: this.issuerUrl });
  }

  /**
   * A cluster that another stack owns. Whoever runs the program must be allowed to use it already.
   *
   * @param name the name of its provider in this stack
   * @param id its ARM id
   */
  static fromId(
    name: string,
    id: pulumi.Input<string>,
    options: pulumi.ResourceOptions = {},
  ): ClusterReference {
    const known = pulumi.output(id);
    const kubeconfig = userKubeconfig(known, options as pulumi.InvokeOutputOptions);
    return {
      id: known,
      issuerUrl: findCluster(known, options as pulumi.InvokeOutputOptions).apply(issuerOf),
      kubeconfig,
      provider: new Provider(`${name}-kubernetes`, { kubeconfig, enableServerSideApply: true }, options),
    };
  }

  /** Lets the nodes pull images from a registry. */
  attach(registry: { readonly pull: () => Permission }): void {
    const access = registry.pull();
    assignRole(
      `${this.#label}-${access.name}`,
      {
        access,
        principal: { principalId: this.kubeletPrincipalId, principalType: "ServicePrincipal" },
        holder: `nodes of cluster ${this.#label}`,
      },
      { parent: this },
    );
  }
}

const groupOf = (id: string): string => id.split("/")[4] ?? "";
const nameOf = (id: string): string => id.split("/").at(-1) ?? "";

const findCluster = (id: pulumi.Output<string>, options: pulumi.InvokeOutputOptions) =>
  containerservice.getManagedClusterOutput(
    { resourceGroupName: id.apply(groupOf), resourceName: id.apply(nameOf) },
    options,
  );

/** @throws Error when the cluster issues no tokens; in a preview, which may be the one that makes it, there may be one */
function issuerOf({ name, oidcIssuerProfile }: containerservice.GetManagedClusterResult): string {
  const url = oidcIssuerProfile?.issuerURL;
  if (url) return url;
  if (pulumi.runtime.isDryRun()) return pulumi.unknown as unknown as string;
  throw new Error(`cluster ${name} has no OIDC issuer`);
}

function userKubeconfig(
  id: pulumi.Output<string>,
  options: pulumi.InvokeOutputOptions,
): pulumi.Output<string> {
  const credentials = containerservice.listManagedClusterUserCredentialsOutput(
    { resourceGroupName: id.apply(groupOf), resourceName: id.apply(nameOf) },
    options,
  );
  return credentials.kubeconfigs.apply((kubeconfigs) => {
    const [first] = kubeconfigs;
    if (!first) throw new Error("the cluster hands out no user kubeconfig");
    return unattendedKubeconfig(Buffer.from(first.value, "base64").toString("utf8"), loginOf(process.env));
  });
}

function apiServerAccess(network: NetworkAccess) {
  if (network === "public") return { enablePrivateCluster: false };
  if (network === "private") return { enablePrivateCluster: true };
  return { enablePrivateCluster: false, authorizedIPRanges: network.allowedIpRanges };
}
