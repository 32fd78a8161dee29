import { resolve } from "node:path";
import { createAuthorizer } from "../arm/authorizer";
import type { ControlPlanePrograms } from "../control-plane/programs";
import { settleControlPlane } from "../control-plane/settings";
import { createDirectory } from "../entra/directory";
import { createManagedIdentityService } from "../entra/managed-identity";
import { createPipelineService } from "../entra/pipeline";
import { openSigningKey } from "../entra/signing-key";
import { createTokens } from "../entra/tokens";
import { createAccount, findAccount } from "./account";
import { openCertificates } from "./certificates";
import { deployerEnvironment, networkEnvironment } from "./client-environment";
import type { AdjustableClock } from "./clock";
import { openClock } from "./clock-keeper";
import type { SandboxContext } from "./context";
import { controlRoutes, createLocalService } from "./control";
import { keepDeployerAssertion } from "./deployer-assertion";
import { createDispatcher } from "./dispatcher";
import { createFaults, type FaultSettings } from "./faults";
import { takeOwnership } from "./instance-lock";
import { createJournal, journalDecisions } from "./journal";
import { listen } from "./listener";
import { createNetwork } from "./network";
import { createServices } from "./services";
import { openStore } from "./store";

export interface SandboxArgs {
  /** Where state, keys and certificates are kept; made when it is not there. One process at a time may use it. */
  directory: string;
  /** @default 0: any free port */
  port?: number;
  /** A loopback address. @default "127.0.0.1" */
  host?: string;
  /** @default nothing goes wrong and everything is known at once */
  faults?: FaultSettings;
  /** How many sandbox seconds pass in a real one, from 1 to 100,000. @default 1 */
  speed?: number;
  /** The process with which this one ends; whoever comes next then knows whether to wait for that. */
  endsWith?: number;
  /** A clock of the caller's own, in place of `speed`. */
  clock?: AdjustableClock;
  /**
   * The programs with which each AKS cluster gets a control plane of its own. The choice holds for as long as the
   * directory has clusters, and the clock must be the machine's.
   * @default clusters are simulated
   */
  controlPlane?: ControlPlanePrograms;
}

/** A local Azure that answers. */
export interface RunningSandbox {
  /** What `HTTPS_PROXY` is set to: "http://127.0.0.1:49152". */
  readonly proxyUrl: string;
  /** A file with the certificate that clients must trust. */
  readonly caCertificatePath: string;
  /** The variables that lead a process to the sandbox, without making it anybody. */
  readonly networkEnv: Record<string, string>;
  /** {@link networkEnv} with the variables that make a process the deployer. */
  readonly env: Record<string, string>;
  readonly context: SandboxContext;
  /** The names of what it plays, in Azure's words. */
  readonly services: string[];
  /** Stops listening and releases the directory. Clients that are still connected are cut off. */
  close(): Promise<void>;
}

/**
 * Starts a sandbox, with the state that an earlier one left in the same directory.
 *
 * @throws SandboxInUse when another process has the directory in use
 * @throws ControlPlaneMismatch when the directory's clusters have the other kind of control plane
 * @throws Error when the host is not loopback or the port is taken
 */
export async function startSandbox(args: SandboxArgs): Promise<RunningSandbox> {
  const cleanUp: (() => void | Promise<void>)[] = [];
  const close = async () => {
    for (let step = cleanUp.pop(); step; step = cleanUp.pop()) await step();
  };
  try {
    return await start(args, cleanUp, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function start(
  args: SandboxArgs,
  cleanUp: (() => void | Promise<void>)[],
  close: () => Promise<void>,
): Promise<RunningSandbox> {
  const { port = 0, host = "127.0.0.1" } = args;
  const directory = resolve(args.directory);
  const store = openStore(directory);
  cleanUp.push(() => store.close());
  cleanUp.push(takeOwnership(store, directory, args.endsWith));
  const certificates = await openCertificates(directory);
  const kept = args.clock ? { clock: args.clock, stop: () => {} } : openClock(store, args.speed ?? 1);
  cleanUp.push(kept.stop);
  const { clock } = kept;
  settleControlPlane(store, clock, args.controlPlane !== undefined);
  const faults = createFaults(clock, args.faults);
  const journal = createJournal(clock);
  const people = createDirectory({ store, clock, faults });
  const account = findAccount(store) ?? createAccount(store, people, clock.now());
  const tokens = createTokens({
    account,
    clock,
    directory: people,
    store,
    key: await openSigningKey(store, "entra"),
  });
  const pipelineKey = await openSigningKey(store, "pipeline");

  let proxyUrl = "";
  const network = createNetwork(() => proxyUrl, certificates.authorityPem);
  cleanUp.push(network.close);
  const parts = {
    account,
    dataDirectory: directory,
    store,
    clock,
    faults,
    journal,
    directory: people,
    tokens,
    certificates,
    network,
  };
  const context: SandboxContext = {
    ...parts,
    authorizer: journalDecisions(createAuthorizer(parts), journal),
  };

  const machines = createManagedIdentityService(context);
  const { http, tcp } = createServices(context, args.controlPlane);
  for (const service of [...http, ...tcp]) cleanUp.push(async () => service.close?.());
  const all = [...http, machines.service, createPipelineService(pipelineKey)];
  const services = [...all, ...tcp].map(({ name }) => name);
  const routes = [
    ...controlRoutes({
      faults,
      journal,
      clock,
      about: () => ({ tenantId: account.tenantId, subscriptionId: account.subscriptionId, services }),
    }),
    ...machines.routes(() => ({ proxyUrl, networkEnv: (url) => networkEnvironment(url, certificates) })),
  ];
  const listener = await listen({
    host,
    port,
    certificates,
    dispatcher: createDispatcher(all, faults, journal.struck),
    tcpServices: tcp,
    local: createLocalService(routes, machines.service),
  });
  cleanUp.push(listener.close);
  proxyUrl = `http://${host.includes(":") ? `[${host}]` : host}:${listener.port}`;

  const assertion = await keepDeployerAssertion(directory, pipelineKey, clock);
  cleanUp.push(assertion.stop);
  const networkEnv = networkEnvironment(proxyUrl, certificates);
  return {
    proxyUrl,
    caCertificatePath: certificates.authorityFile,
    networkEnv,
    env: { ...networkEnv, ...deployerEnvironment(account, assertion.file) },
    context,
    services,
    close,
  };
}
