import { Deployment } from "@pulumi/kubernetes/apps/v1/deployment";
import { Service } from "@pulumi/kubernetes/core/v1/service";
import * as pulumi from "@pulumi/pulumi";
import { check } from "../core/errors";
import { Propagation } from "../propagation/propagation";
import type { ClusterReference } from "./cluster";
import { WorkloadIdentity, type WorkloadIdentityArgs } from "./workload-identity";

/** What runs. */
export interface ContainerArgs {
  /** `<registry>/<repository>:<tag>` or, better, `@sha256:<digest>`. */
  image: pulumi.Input<string>;
  /** 0 to 1,000 pods. @default 2 */
  replicas?: number;
  /** The port that the container listens on: 1 to 65,535. @default 8080 */
  containerPort?: number;
  /** The port of the Service: 1 to 65,535. @default 80 */
  servicePort?: number;
  /** Environment variables; never secrets, which the workload reads with its identity. */
  env?: Record<string, pulumi.Input<string>>;
  /** Whether the Service has an address outside of the cluster. @default "LoadBalancer" */
  serviceType?: "LoadBalancer" | "ClusterIP";
}

export type WorkloadArgs = ContainerArgs & { cluster: ClusterReference } & (
    | Omit<WorkloadIdentityArgs, "cluster">
    /** An identity that is made, and waited for, together with others: see `Propagation`. */
    | { workloadIdentity: WorkloadIdentity; propagation: Propagation }
  );

/**
 * A workload without a stored credential: its identity, what it may do, and a Deployment and Service that start
 * when all of that works.
 */
export class Workload extends pulumi.ComponentResource {
  readonly workloadIdentity: WorkloadIdentity;
  /** The address of the Service outside of the cluster; undefined for a ClusterIP one. */
  readonly address: pulumi.Output<string | undefined>;

  /** @throws ArgumentError when a port, a number or a name is out of range */
  constructor(name: string, args: WorkloadArgs, options: pulumi.ComponentResourceOptions = {}) {
    const { cluster, replicas = 2, containerPort = 8080, servicePort = 80 } = args;
    const { serviceType = "LoadBalancer" } = args;
    const port = (argument: string, got: number) => ({
      argument,
      holds: Number.isInteger(got) && got >= 1 && got <= 65535,
      allowed: "a port: 1 to 65535",
      got,
    });
    check(`Workload ${name}`, [
      {
        argument: "replicas",
        holds: Number.isInteger(replicas) && replicas >= 0 && replicas <= 1000,
        allowed: "a whole number from 0 to 1000",
        got: replicas,
      },
      port("containerPort", containerPort),
      port("servicePort", servicePort),
    ]);
    super("azure-keyless:kubernetes:Workload", name, {}, options);
    const { identity, propagation } =
      "workloadIdentity" in args
        ? { identity: args.workloadIdentity, propagation: args.propagation }
        : this.#ownIdentity(name, args);
    this.workloadIdentity = identity;

    const { namespace } = identity;
    const labels = { "app.kubernetes.io/name": name };
    // On the identity itself too, and on what the workload depends on: they outlast the pods, also when all of them go
    // because there are new ones on another cluster.
    const onIdentity = pulumi.mergeOptions(
      { dependsOn: options.dependsOn ?? [] },
      { parent: this, provider: cluster.provider, dependsOn: [propagation, identity] },
    );
    const deployment = new Deployment(
      name,
      {
        metadata: { name, namespace, labels },
        spec: {
          replicas,
          selector: { matchLabels: labels },
          template: {
            metadata: {
              // The label is what the webhook looks at, and it looks at the pod.
              labels: { ...labels, "azure.workload.identity/use": "true" },
              // A pod keeps the identity that it started with, so another identity means new pods.
              annotations: { "azure-keyless/client-id": identity.identity.clientId },
            },
            spec: {
              serviceAccountName: identity.serviceAccount,
              automountServiceAccountToken: false,
              securityContext: { seccompProfile: { type: "RuntimeDefault" } },
              containers: [
                {
                  name,
                  image: args.image,
                  ports: [{ containerPort }],
                  env: Object.entries(args.env ?? {}).map(([key, value]) => ({ name: key, value })),
                  securityContext: { allowPrivilegeEscalation: false },
                },
              ],
            },
          },
        },
      },
      onIdentity,
    );
    const service = new Service(
      name,
      {
        metadata: { name, namespace, labels },
        spec: {
          type: serviceType,
          selector: deployment.spec.selector.matchLabels,
          ports: [{ port: servicePort, targetPort: containerPort, protocol: "TCP" }],
        },
      },
      // After the Deployment: Pulumi waits for a Service to have pods, and Services that hold all of the engine's places
      // would keep the Deployments out for ever.
      onIdentity,
    );
    this.address = service.status.apply((status) => {
      const [ingress] = status?.loadBalancer?.ingress ?? [];
      return ingress?.ip ?? ingress?.hostname;
    });
    this.registerOutputs({ address: this.address });
  }

  #ownIdentity(
    name: string,
    args: WorkloadIdentityArgs,
  ): { identity: WorkloadIdentity; propagation: Propagation } {
    const identity = new WorkloadIdentity(name, args, { parent: this });
    const propagation = new Propagation(
      name,
      { kubeconfig: args.cluster.kubeconfig, proofs: [identity.proof] },
      { parent: this },
    );
    return { identity, propagation };
  }
}
