import { rmSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { describeError, UsageError } from "../cli/errors";
import { startProgress } from "../cli/progress";
import { ensureEngine } from "../sandbox/engine/engine";
import { type Comparison, compare } from "./comparison";
import { comparisonTables, resourceNote } from "./comparison-tables";
import type { Operation } from "./environment-run";
import { temporaryDirectory } from "./sandbox";
import { measureThroughput } from "./throughput";
import { throughputTable } from "./throughput-table";

const usage = `Usage: npm run bench -- [--workloads 2,20,200] [--runs <number>] [--requests <number>]

  --workloads  sizes of the environment; without any only the sandbox is measured (default 2,20,200)
  --runs       how often each size is run; the median counts (default 3; 2 from 10 workloads on, 1 from 100)
  --requests   how many requests of each kind the sandbox is asked for; 0 leaves them out (default 3000)`;

/** From this many workloads on, writing the state to files at each step takes minutes. */
const largeEnvironment = 100;

const runsFor = (workloads: number): number => (workloads >= largeEnvironment ? 1 : workloads >= 10 ? 2 : 3);

function operationsFor(workloads: number): Operation[] {
  if (workloads === 0) return ["first preview", "preview"];
  const always: Operation[] = ["first preview", "preview", "up"];
  return workloads >= largeEnvironment ? always : [...always, "up, state in files"];
}

interface Settings {
  workloads: number[];
  /** Undefined: by size. */
  runs: number | undefined;
  requests: number;
}

function settings(): Settings {
  const { values } = parseArgs({
    options: {
      workloads: { type: "string", default: "2,20,200" },
      runs: { type: "string" },
      requests: { type: "string", default: "3000" },
    },
  });
  const wholeNumber = (name: string, text: string, least: number, most: number): number => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= least && number <= most) return number;
    throw new UsageError(
      `--${name} must be a whole number from ${least} to ${most}, got '${text}'.\n${usage}`,
    );
  };
  return {
    workloads: values.workloads
      .split(",")
      .filter((size) => size !== "")
      .map((size) => wholeNumber("workloads", size, 1, 2000)),
    runs: values.runs === undefined ? undefined : wholeNumber("runs", values.runs, 1, 100),
    requests: wholeNumber("requests", values.requests, 0, 1_000_000),
  };
}

async function comparePrograms({ workloads, runs }: Settings): Promise<void> {
  const home = temporaryDirectory();
  const line = startProgress("Looking for the Pulumi engine");
  try {
    const engine = await ensureEngine({ report: line.report, home });
    const onRun = (what: string) => line.report({ step: what });
    const all: Comparison[] = [];
    for (const size of [0, ...workloads]) {
      const often = runs ?? runsFor(size);
      const operations = operationsFor(size);
      all.push(...(await compare({ engine, workloads: size, runs: often, operations, onRun })));
    }
    line.done(`${engine.how}; Node.js ${process.versions.node}; ${machine()}`);
    console.log(`\n${comparisonTables(all)}`);
    for (const { workloads: size, resources } of all) {
      if (resources)
        console.log(`${size} workloads: ${resourceNote(resources.library, resources["hand-written"])}`);
    }
  } finally {
    line.stop();
    rmSync(home, { recursive: true, force: true });
  }
}

async function measureSandbox({ requests }: Settings): Promise<void> {
  const line = startProgress("Requests to the sandbox");
  try {
    const report = await measureThroughput(requests, (what) => line.report({ step: what }));
    line.stop();
    console.log(`\n${throughputTable(report)}`);
  } finally {
    line.stop();
  }
}

const machine = (): string =>
  `${cpus().length} × ${cpus()[0]?.model.trim() ?? "processor"}, ${Math.round(totalmem() / 1024 ** 3)} GB`;

async function main(): Promise<void> {
  const chosen = settings();
  if (chosen.workloads.length > 0) await comparePrograms(chosen);
  if (chosen.requests > 0) await measureSandbox(chosen);
}

main().catch((error: unknown) => {
  console.error(describeError(error));
  process.exitCode = 1;
});
