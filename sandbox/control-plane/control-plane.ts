import { connect } from "node:net";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { AzureSide } from "../kubernetes/azure-side";
import { type ApiServerClient, createApiServerClient } from "./api-server-client";
import { apiServerArguments, controllerManagerArguments, etcdArguments } from "./arguments";
import { createTrust, kubeconfig, openFiles } from "./files";
import { freePorts } from "./free-ports";
import { type Nodes, startNodes } from "./nodes";
import type { Program, Programs } from "./processes";
import type { ControlPlanePrograms } from "./programs";
import { startReviewServer } from "./review-server";
import { allowWebhook, registerWebhook, unregisterWebhook, webhookCommand, webhookUser } from "./webhook";

/** How long a control plane has to come up, and how often it is looked at meanwhile, in milliseconds. */
const patience = 120_000;
const interval = 100;

/** A running control plane of one cluster. */
export interface ControlPlane {
  /** `https://127.0.0.1:port` */
  readonly server: string;
  /** The authority of the API server's certificate, in PEM. */
  readonly authority: string;
  /** The sandbox as an administrator of the cluster. */
  readonly client: ApiServerClient;
  readonly nodes: Nodes;
  /** Resolves with the reason when one of its programs ends unasked. */
  readonly broken: Promise<string>;
  stop(): Promise<void>;
}

export interface ControlPlaneArgs {
  /** What Azure has to do with the cluster, at any time. */
  side: () => AzureSide;
  /** Where the cluster's files are kept. */
  directory: string;
  executables: ControlPlanePrograms;
  programs: Programs;
}

/**
 * Starts the control plane of a cluster: etcd, the API server, the controllers, and the workload-identity webhook
 * where ARM says so. What an earlier one kept in the directory is there again.
 *
 * @throws Error when it does not come up, with the reason
 */
export async function startControlPlane(args: ControlPlaneArgs): Promise<ControlPlane> {
  const cleanUp: (() => unknown)[] = [];
  const stop = async () => {
    for (let step = cleanUp.pop(); step; step = cleanUp.pop()) await step();
  };
  try {
    return await start(args, cleanUp, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(
  { side, directory, executables, programs }: ControlPlaneArgs,
  cleanUp: (() => unknown)[],
  stop: () => Promise<void>,
): Promise<ControlPlane> {
  const { context, cluster } = side();
  const files = openFiles(directory);
  const trust = await createTrust();
  const authority = trust.cluster.certificate;
  const [port = 0, etcdPort = 0, webhookPort = 0] = await freePorts(3);
  const server = `https://127.0.0.1:${port}`;
  const ends: Promise<string>[] = [];
  const run = (executable: string, programArgs: string[], env: Record<string, string> = {}): Program => {
    const logFile = files.log(executable.split("/").at(-1) ?? "");
    const program = programs.start({ executable, args: programArgs, env, logFile });
    cleanUp.push(program.stop);
    ends.push(program.ended);
    return program;
  };

  const backendAuthorityFile = files.write("backend-ca.crt", trust.backend.certificate);
  const etcdPair = files.pair("etcd", await trust.backend.server());
  run(
    executables.etcd,
    etcdArguments({ port: etcdPort, files, pair: etcdPair, authorityFile: backendAuthorityFile }),
  );

  const reviews = await startReviewServer(side, await trust.backend.server(), trust.backend.certificate);
  cleanUp.push(reviews.close);
  const apiServer = await trust.backend.client("kube-apiserver");
  const reviewer = (url: string) => kubeconfig(url, trust.backend.certificate, apiServer);
  run(
    executables.kubeApiServer,
    apiServerArguments({
      port,
      etcdPort,
      issuerUrl: cluster.issuerUrl,
      files,
      server: files.pair("kube-apiserver", await trust.cluster.server()),
      etcdClient: files.pair("kube-apiserver-backend", apiServer),
      clusterAuthorityFile: files.write("ca.crt", authority),
      backendAuthorityFile,
      authenticationConfig: files.write("authentication.yaml", reviewer(reviews.authenticationUrl)),
      authorizationConfig: files.write("authorization.yaml", reviewer(reviews.authorizationUrl)),
    }),
  );
  const administrator = await trust.cluster.client("aks-sandbox", "system:masters");
  const client = createApiServerClient(server, administrator, authority);
  cleanUp.push(client.close);
  await until(ends, async () => {
    await client.call("GET", "/readyz");
  });

  const controllers = await trust.cluster.client("system:kube-controller-manager");
  run(
    executables.kubeControllerManager,
    controllerManagerArguments({
      kubeconfig: files.write("kube-controller-manager.yaml", kubeconfig(server, authority, controllers)),
      files,
      authorityFile: context.certificates.authorityFile,
    }),
  );
  if (cluster.workloadIdentity) {
    await allowWebhook(client);
    const { certificate } = files.pair("webhook/tls", await trust.cluster.server());
    const user = await trust.cluster.client(webhookUser);
    const command = webhookCommand({
      port: webhookPort,
      certificateDirectory: dirname(certificate),
      kubeconfigFile: files.write("webhook.yaml", kubeconfig(server, authority, user)),
      tenantId: context.account.tenantId,
    });
    run(executables.webhook, command.args, command.env);
    await until(ends, () => connects(webhookPort));
    await registerWebhook(client, webhookPort, authority);
  } else {
    await unregisterWebhook(client);
  }
  const nodes = await startNodes(side, client);
  cleanUp.push(nodes.stop);
  let stopping = false;
  return {
    server,
    authority,
    client,
    nodes,
    broken: Promise.race(ends).then((reason) => (stopping ? new Promise(() => {}) : reason)),
    stop: async () => {
      stopping = true;
      await stop();
    },
  };
}

/** Tries until it succeeds. @throws Error when a program has ended, or when it takes too long */
async function until(ends: Promise<string>[], attempt: () => Promise<void>): Promise<void> {
  let reason: string | undefined;
  for (const end of ends) {
    end.then((text) => {
      reason = text;
    });
  }
  const deadline = Date.now() + patience;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (reason !== undefined) throw new Error(reason);
      if (Date.now() > deadline) throw error;
    }
    await sleep(interval);
  }
}

const connects = (port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port }, () => {
      socket.destroy();
      resolve();
    });
    socket.once("error", reject);
  });
