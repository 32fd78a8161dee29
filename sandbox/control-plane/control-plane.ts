import { connect } from "node:net";
import { basename, dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { AzureSide } from "../kubernetes/azure-side";
import { type ApiServerClient, createApiServerClient } from "./api-server-client";
import { apiServerArguments, controllerManagerArguments, etcdArguments } from "./arguments";
import { type ControlPlaneFiles, createTrust, kubeconfig, openFiles, type Trust } from "./files";
import { freePorts } from "./free-ports";
import { type Nodes, startNodes } from "./nodes";
import type { Programs } from "./processes";
import type { ControlPlanePrograms } from "./programs";
import { type ReviewServer, startReviewServer } from "./review-server";
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
  args: ControlPlaneArgs,
  cleanUp: (() => unknown)[],
  stop: () => Promise<void>,
): Promise<ControlPlane> {
  const { side, executables, programs } = args;
  const files = openFiles(args.directory);
  const trust = await createTrust();
  const ends: Promise<string>[] = [];
  const launch: Launch = {
    side,
    executables,
    files,
    trust,
    run: (executable, programArgs, env = {}) => {
      const logFile = files.log(basename(executable));
      const program = programs.start({ executable, args: programArgs, env, logFile });
      cleanUp.push(program.stop);
      ends.push(program.ended);
    },
    until: (attempt) => until(ends, attempt),
  };
  const [port = 0, etcdPort = 0, webhookPort = 0] = await freePorts(3);
  await startEtcd(launch, etcdPort);
  const reviews = await startReviewServer(side, await trust.backend.server(), trust.backend.certificate);
  cleanUp.push(reviews.close);
  const server = await startApiServer(launch, { port, etcdPort, reviews });
  const administrator = await trust.cluster.client("aks-sandbox", "system:masters");
  const client = createApiServerClient(server, administrator, trust.cluster.certificate);
  cleanUp.push(client.close);
  await launch.until(async () => {
    await client.call("GET", "/readyz");
  });
  await startControllers(launch, server);
  if (side().cluster.workloadIdentity) await startWebhook(launch, { server, client, port: webhookPort });
  else await unregisterWebhook(client);
  const nodes = await startNodes(side, client);
  cleanUp.push(nodes.stop);
  let stopping = false;
  return {
    server,
    authority: trust.cluster.certificate,
    client,
    nodes,
    broken: Promise.race(ends).then((reason) => (stopping ? new Promise(() => {}) : reason)),
    stop: async () => {
      stopping = true;
      await stop();
    },
  };
}

/** What the programs of one control plane have in common while they are started. */
interface Launch {
  side: () => AzureSide;
  executables: ControlPlanePrograms;
  files: ControlPlaneFiles;
  trust: Trust;
  run(executable: string, args: string[], env?: Record<string, string>): void;
  /** Tries until it succeeds. @throws Error when a program has ended, or when it takes too long */
  until(attempt: () => Promise<void>): Promise<void>;
}

async function startEtcd({ executables, files, trust, run, until }: Launch, port: number): Promise<void> {
  const pair = files.pair("etcd", await trust.backend.server());
  const authorityFile = files.write("backend-ca.crt", trust.backend.certificate);
  run(executables.etcd, etcdArguments({ port, files, pair, authorityFile }));
  // The API server would be slow to try again.
  await until(() => connects(port));
}

/** @returns where it will answer */
async function startApiServer(
  { side, executables, files, trust, run }: Launch,
  { port, etcdPort, reviews }: { port: number; etcdPort: number; reviews: ReviewServer },
): Promise<string> {
  const self = await trust.backend.client("kube-apiserver");
  const reviewer = (url: string) => kubeconfig(url, trust.backend.certificate, self);
  run(
    executables.kubeApiServer,
    apiServerArguments({
      port,
      etcdPort,
      issuerUrl: side().cluster.issuerUrl,
      files,
      server: files.pair("kube-apiserver", await trust.cluster.server()),
      etcdClient: files.pair("kube-apiserver-backend", self),
      clusterAuthorityFile: files.write("ca.crt", trust.cluster.certificate),
      backendAuthorityFile: files.write("backend-ca.crt", trust.backend.certificate),
      authenticationConfig: files.write("authentication.yaml", reviewer(reviews.authenticationUrl)),
      authorizationConfig: files.write("authorization.yaml", reviewer(reviews.authorizationUrl)),
    }),
  );
  return `https://127.0.0.1:${port}`;
}

async function startControllers(
  { side, executables, files, trust, run }: Launch,
  server: string,
): Promise<void> {
  const user = await trust.cluster.client("system:kube-controller-manager");
  const config = kubeconfig(server, trust.cluster.certificate, user);
  run(
    executables.kubeControllerManager,
    controllerManagerArguments({
      kubeconfig: files.write("kube-controller-manager.yaml", config),
      files,
      authorityFile: side().context.certificates.authorityFile,
    }),
  );
}

async function startWebhook(
  { side, executables, files, trust, run, until }: Launch,
  { server, client, port }: { server: string; client: ApiServerClient; port: number },
): Promise<void> {
  await allowWebhook(client);
  const authority = trust.cluster.certificate;
  const { certificate } = files.pair("webhook/tls", await trust.cluster.server());
  const user = await trust.cluster.client(webhookUser);
  const { args, env } = webhookCommand({
    port,
    certificateDirectory: dirname(certificate),
    kubeconfigFile: files.write("webhook.yaml", kubeconfig(server, authority, user)),
    tenantId: side().context.account.tenantId,
  });
  run(executables.webhook, args, env);
  await until(() => connects(port));
  await registerWebhook(client, port, authority);
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
