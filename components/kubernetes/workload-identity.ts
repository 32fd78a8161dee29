import { ServiceAccount } from "@pulumi/kubernetes/core/v1/serviceAccount";
import * as pulumi from "@pulumi/pulumi";
import { check } from "../core/errors";
import type { Access, Touch } from "../core/permission";
import {
  FederatedCredential,
  isMadeAnew,
  serviceAccountSubject,
  type TrustedToken,
  tokenExchangeAudience,
} from "../identity/federated-credential";
import { grantAccess } from "../identity/grant-access";
import { UserAssignedIdentity } from "../identity/user-assigned-identity";
import type { WorkloadProof } from "../propagation/proof";
import type { Placement } from "../resources/resource-group";
import type { ClusterReference } from "./cluster";

export interface WorkloadIdentityArgs {
  resourceGroup: Placement;
  cluster: ClusterReference;
  /** A namespace's name: a DNS label. A change replaces ServiceAccount and credential. */
  namespace: string;
  /**
   * The Namespace, where the program makes it too: the ServiceAccount comes after it. The identity, its roles and its
   * database users need not wait for the cluster, and `dependsOn` would have them.
   *
   * @default one that is there
   */
  ownNamespace?: pulumi.Resource;
  /** A ServiceAccount's name: a DNS subdomain. @default the component's name */
  serviceAccount?: string;
  /** What the workload may do. */
  access?: Access[];
  /** An identity that several workloads share. @default one of its own */
  identity?: UserAssignedIdentity;
  /** Who else may become the identity. */
  trusts?: TrustedToken[];
  /**
   * Lifetime of the token that pods get, in seconds: 3,600 to 86,400.
   *
   * @default 3600
   */
  tokenExpirationSeconds?: number;
  tags?: pulumi.Input<Record<string, pulumi.Input<string>>>;
}

const dnsLabel = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const dnsSubdomain = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;

/**
 * What a workload is and may do: a user-assigned identity with its role assignments and database users, and the
 * ServiceAccount whose tokens become it.
 *
 * @see https://learn.microsoft.com/azure/aks/workload-identity-overview
 */
export class WorkloadIdentity extends pulumi.ComponentResource {
  readonly identity: UserAssignedIdentity;
  readonly namespace: string;
  readonly serviceAccount: string;
  /** `system:serviceaccount:<namespace>:<name>` */
  readonly subject: string;
  readonly access: readonly Access[];
  /** What a `Propagation` has to see working before pods start. */
  readonly proof: pulumi.Output<WorkloadProof>;

  /** @throws ArgumentError when a name or the token's lifetime is out of range, or access is given twice */
  constructor(name: string, args: WorkloadIdentityArgs, options: pulumi.ComponentResourceOptions = {}) {
    const { cluster, namespace, serviceAccount = name, access = [], tokenExpirationSeconds = 3600 } = args;
    checkArguments(`WorkloadIdentity ${name}`, { namespace, serviceAccount, access, tokenExpirationSeconds });
    super("azure-keyless:kubernetes:WorkloadIdentity", name, {}, options);
    const tags = args.tags === undefined ? {} : { tags: args.tags };
    this.namespace = namespace;
    this.serviceAccount = serviceAccount;
    this.subject = serviceAccountSubject(namespace, serviceAccount);
    this.access = access;
    this.identity =
      args.identity ??
      new UserAssignedIdentity(name, { resourceGroup: args.resourceGroup, ...tags }, { parent: this });

    const grants = grantAccess(
      name,
      { access, principal: this.identity, holder: `workload ${name}` },
      { parent: this },
    );
    const credential = new FederatedCredential(
      name,
      {
        identity: this.identity,
        issuer: cluster.issuerUrl,
        subject: this.subject,
        issuerChanges: isMadeAnew(cluster),
      },
      { parent: this },
    );
    // Other tokens are not at hand to be tried, so nothing waits for these.
    for (const { name: ending, issuer, subject } of args.trusts ?? []) {
      new FederatedCredential(
        `${name}-${ending}`,
        { identity: this.identity, issuer, subject },
        { parent: this },
      );
    }
    const account = new ServiceAccount(
      name,
      {
        metadata: {
          name: serviceAccount,
          namespace,
          annotations: {
            "azure.workload.identity/client-id": this.identity.clientId,
            "azure.workload.identity/tenant-id": this.identity.tenantId,
            "azure.workload.identity/service-account-token-expiration": String(tokenExpirationSeconds),
          },
        },
      },
      {
        parent: this,
        provider: cluster.provider,
        // On the way out it is the other way round: no token can be had that is not accepted any more.
        dependsOn: args.ownNamespace ? [credential, args.ownNamespace] : [credential],
      },
    );
    this.proof = pulumi.output({
      kind: "workload" as const,
      name,
      namespace,
      // Through the ServiceAccount's id the proof comes after the ServiceAccount.
      serviceAccount: account.id.apply(() => serviceAccount),
      tenantId: this.identity.tenantId,
      clientId: this.identity.clientId,
      identityId: this.identity.id,
      audience: tokenExchangeAudience,
      issuer: credential.issuer,
      subject: credential.subject,
      touches: access.flatMap((permission): Touch[] =>
        "touch" in permission && permission.touch ? [permission.touch] : [],
      ),
      waitsFor: [...grants, credential].map((resource) => resource.id),
    }) as pulumi.Output<WorkloadProof>;
    this.registerOutputs({ subject: this.subject, clientId: this.identity.clientId });
  }
}

function checkArguments(
  component: string,
  args: { namespace: string; serviceAccount: string; access: Access[]; tokenExpirationSeconds: number },
): void {
  const { namespace, serviceAccount, access, tokenExpirationSeconds: seconds } = args;
  const names = access.map((permission) => permission.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  check(component, [
    {
      argument: "namespace",
      holds: dnsLabel.test(namespace),
      allowed: "a DNS label: 1 to 63 lower-case letters, digits or '-', not beginning or ending in '-'",
      got: namespace,
    },
    {
      argument: "serviceAccount",
      holds: dnsSubdomain.test(serviceAccount),
      allowed: "a DNS subdomain: 1 to 253 lower-case letters, digits, '-' or '.'",
      got: serviceAccount,
    },
    {
      argument: "tokenExpirationSeconds",
      holds: Number.isInteger(seconds) && seconds >= 3600 && seconds <= 86400,
      allowed: "a whole number from 3600 to 86400",
      got: seconds,
    },
    { argument: "access", holds: twice === undefined, allowed: "without repetition", got: twice },
  ]);
}
