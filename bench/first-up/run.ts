import { rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import pc from "picocolors";
import { describeError, UsageError } from "../../cli/errors";
import { startProgress } from "../../cli/progress";
import type { FaultSettings } from "../../sandbox/core/faults";
import { ensureEngine, type Report } from "../../sandbox/engine/engine";
import { startFreshSandbox, temporaryDirectory } from "../sandbox";
import { prepareStackRun } from "../stack-run";
import { table } from "../table";
import { type ChainStep, longestChain } from "./chain";
import { constraints, stepsOf } from "./constraints";

const usage = `Usage: npm run bench:first-up -- [--stack dev] [--speed 5] [--runs 3]

  --stack  the environment that is brought up (default dev)
  --speed  how many seconds of sandbox time pass in a real one (default 5)
  --runs   how often, each with other times until what is written takes effect (default 3)`;

/** Azure on a usual day: its latencies, and what is usual of delays that are documented as up to ten minutes. */
const usualDay: Partial<FaultSettings> = {
  operationTimeFactor: 1,
  replicationSeconds: { principal: [0, 20], roleAssignment: [20, 120], federatedCredential: [5, 60] },
};

interface FirstUp {
  measured: number;
  /** Until ARM was asked for the first resource: the engine's and the program's start. */
  untilFirstWrite: number;
  chain: ChainStep[];
}

const root = join(__dirname, "..", "..");

async function firstUp(args: {
  stack: string;
  speed: number;
  seed: number;
  report: Report;
}): Promise<FirstUp> {
  const { stack, speed, seed, report } = args;
  // A home of its own: each of them is a first one.
  const home = temporaryDirectory();
  const engine = await ensureEngine({ report, home });
  const sandbox = await startFreshSandbox({ speed, faults: { ...usualDay, seed } });
  const temporary = temporaryDirectory();
  try {
    const run = await prepareStackRun({ engine, sandbox, temporary, cwd: root, stack, config: {} });
    const started = await sandbox.now();
    const { exitCode, output, seconds } = await run.up();
    if (exitCode !== 0) throw new Error(`The update failed:\n${output}`);
    const resources = await run.resources();
    const all = (type: string) => resources.filter((resource) => resource.type === type);
    const issuers = new Map(
      all("azure-native:managedidentity:FederatedIdentityCredential").map(({ id, outputs }) => [
        id?.toLowerCase(),
        String(outputs?.issuer),
      ]),
    );
    const [cluster] = all("azure-native:containerservice:ManagedCluster");
    const profile = cluster?.outputs?.oidcIssuerProfile as { issuerURL?: string } | undefined;
    const journal = await sandbox.journal();
    const steps = stepsOf({
      journal,
      clusterIssuer: profile?.issuerURL ?? "",
      issuerOf: (id) => issuers.get(id.toLowerCase()),
    });
    return {
      measured: seconds * speed,
      untilFirstWrite: (Math.min(...journal.writes.map(({ startedAt }) => startedAt)) - started) / 1000,
      chain: longestChain(steps),
    };
  } finally {
    await sandbox.stop();
    for (const directory of [temporary, home]) rmSync(directory, { recursive: true, force: true });
  }
}

const seconds = (value: number) => `${value.toFixed(1)} s`;

function describeUp({ measured, untilFirstWrite, chain }: FirstUp, seed: number, speed: number): string {
  const bound = chain.at(-1)?.endsAt ?? 0;
  const ratio = measured / bound;
  const show = (value: number) => (value <= 1.1 ? pc.green(value.toFixed(3)) : pc.yellow(value.toFixed(3)));
  return [
    `${pc.bold(`Seed ${seed}`)}: the longest chain that Azure forces takes ${seconds(bound)} of sandbox time, the update took` +
      ` ${seconds(measured)}: ${show(ratio)} times as long.`,
    `  Until ARM was asked for anything it took ${seconds(untilFirstWrite)} of these` +
      ` (${seconds(untilFirstWrite / speed)} of real time); without that, ${show((measured - untilFirstWrite) / bound)} times.`,
    table(
      ["the chain", "at the earliest from", "takes"],
      chain
        .filter((step) => step.seconds > 0)
        .map((step) => [step.label, seconds(step.startsAt), seconds(step.seconds)]),
    ),
  ].join("\n");
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      stack: { type: "string", default: "dev" },
      speed: { type: "string", default: "5" },
      runs: { type: "string", default: "3" },
    },
  });
  const number = (name: "speed" | "runs", most: number): number => {
    const value = Number(values[name]);
    if (/^\d+$/.test(values[name]) && value >= 1 && value <= most) return value;
    throw new UsageError(
      `--${name} must be a whole number from 1 to ${most}, got '${values[name]}'.\n${usage}`,
    );
  };
  const speed = number("speed", 100);
  const runs = number("runs", 100);
  const line = startProgress("Looking for the Pulumi engine");
  const started = performance.now();
  try {
    const reports: string[] = [];
    for (let seed = 1; seed <= runs; seed++) {
      line.report({ step: `${values.stack}, run ${seed} of ${runs}` });
      reports.push(
        describeUp(await firstUp({ stack: values.stack, speed, seed, report: line.report }), seed, speed),
      );
    }
    line.stop();
    console.log(
      `The first update of ${values.stack}, on a clock that runs ${speed} times as fast as a real one.\n\n` +
        `${reports.join("\n\n")}\n\nWhat Azure forces:\n${constraints.map((text) => `  ${text}`).join("\n")}\n\n` +
        `All of it took ${Math.round((performance.now() - started) / 60_000)} minutes.`,
    );
  } finally {
    line.stop();
  }
}

main().catch((error: unknown) => {
  console.error(describeError(error));
  process.exitCode = 1;
});
