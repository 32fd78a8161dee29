import { rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { describeError, UsageError } from "../../cli/errors";
import { startProgress } from "../../cli/progress";
import { type Engine, ensureEngine } from "../../sandbox/engine/engine";
import { temporaryDirectory } from "../sandbox";
import { type SeededUp, seededUp } from "./seeded-up";
import { convergenceText, delayTable } from "./tables";

const usage = `Usage: npm run bench:propagation -- [--seeds 100] [--workloads 2] [--sizes 1,10,50] [--runs 3] [--speed 20] [--together 2]

  --seeds      how many updates of a small environment are made, each with faults of its own (default 100)
  --workloads  how many workloads the small environment has (default 2)
  --sizes      numbers of workloads for the comparison with fixed delays (default 1,10,50)
  --runs       how many updates of each size (default 3)
  --speed      how many seconds of sandbox time pass in a real one (default 20)
  --together   how many updates run at a time; more than the machine has processors for make looks late (default 2)`;

interface Settings {
  seeds: number;
  workloads: number;
  sizes: number[];
  runs: number;
  speed: number;
  together: number;
}

function settings(): Settings {
  const { values } = parseArgs({
    options: {
      seeds: { type: "string", default: "100" },
      workloads: { type: "string", default: "2" },
      sizes: { type: "string", default: "1,10,50" },
      runs: { type: "string", default: "3" },
      speed: { type: "string", default: "20" },
      together: { type: "string", default: "2" },
    },
  });
  const number = (name: string, text: string, least: number, most: number): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new UsageError(
      `--${name} must be a whole number from ${least} to ${most}, got '${text}'.\n${usage}`,
    );
  };
  return {
    seeds: number("seeds", values.seeds, 0, 10_000),
    workloads: number("workloads", values.workloads, 1, 200),
    sizes: values.sizes
      .split(",")
      .filter((size) => size !== "")
      .map((size) => number("sizes", size, 1, 200)),
    runs: number("runs", values.runs, 1, 100),
    speed: number("speed", values.speed, 1, 1000),
    together: number("together", values.together, 1, 16),
  };
}

interface Planned {
  seed: number;
  workloads: number;
}

async function runAll(
  planned: readonly Planned[],
  engine: Engine,
  { speed, together }: Settings,
  onDone: (up: SeededUp) => void,
): Promise<SeededUp[]> {
  const waiting = [...planned];
  const done: SeededUp[] = [];
  const next = async () => {
    for (let one = waiting.shift(); one; one = waiting.shift()) {
      const up = await seededUp({ engine, speed, ...one });
      done.push(up);
      onDone(up);
    }
  };
  await Promise.all(Array.from({ length: together }, next));
  return done;
}

async function main(): Promise<void> {
  const chosen = settings();
  const home = temporaryDirectory();
  const line = startProgress("Looking for the Pulumi engine");
  const started = performance.now();
  try {
    const engine = await ensureEngine({ report: line.report, home });
    const seeded = Array.from({ length: chosen.seeds }, (_, index) => ({
      seed: index + 1,
      workloads: chosen.workloads,
    }));
    // Seeds of their own: what was drawn for a small environment says nothing of a large one.
    const sized = chosen.sizes.flatMap((workloads) =>
      Array.from({ length: chosen.runs }, (_, index) => ({
        seed: 100_000 + 100 * workloads + index,
        workloads,
      })),
    );
    let count = 0;
    const failures: string[] = [];
    const onDone = ({ seed, failures: failed }: SeededUp) => {
      line.report({ step: `${++count} of ${seeded.length + sized.length} updates` });
      for (const output of failed) failures.push(`seed ${seed}:\n${errorsIn(output)}`);
    };
    const small = await runAll(seeded, engine, chosen, onDone);
    const large = await runAll(sized, engine, chosen, onDone);
    line.stop();
    if (small.length > 0) console.log(convergenceText(small, chosen.speed));
    const groups = chosen.sizes.map((workloads) => ({
      workloads,
      ups: large.filter((up) => up.workloads === workloads),
    }));
    if (groups.length > 0) console.log(`\n${delayTable(groups)}`);
    if (failures.length > 0) console.log(`\nRuns that had to be repeated:\n${failures.join("\n")}`);
    console.log(`\nAll of it took ${Math.round((performance.now() - started) / 60_000)} minutes.`);
    if ([...small, ...large].some(({ converged }) => !converged)) process.exitCode = 1;
  } finally {
    line.stop();
    rmSync(home, { recursive: true, force: true });
  }
}

const errorsIn = (output: string): string =>
  output
    .split("\n")
    .filter((text) => /error|failed/i.test(text))
    .slice(0, 6)
    .map((text) => `  ${text.trim()}`)
    .join("\n");

main().catch((error: unknown) => {
  console.error(describeError(error));
  process.exitCode = 1;
});
