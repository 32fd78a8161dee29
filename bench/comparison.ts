import type { Engine } from "../sandbox/engine/engine";
import {
  type EnvironmentRun,
  type Operation,
  type OperationMeasurement,
  type Program,
  programs,
  runEnvironment,
} from "./environment-run";
import { median } from "./quantiles";
import type { ResourceCount } from "./resource-count";

/** What one program took: the median of its runs, undefined where the system does not tell. */
export type Figures = Record<keyof OperationMeasurement, number | undefined>;

/** One row of what the programs took. */
export interface Comparison {
  workloads: number;
  operation: Operation;
  figures: Record<Program, Figures>;
  /** What the stacks hold; after `up` only. */
  resources?: Record<Program, ResourceCount>;
}

export interface ComparisonArgs {
  engine: Engine;
  workloads: number;
  /** How often each program is run. */
  runs: number;
  operations: readonly Operation[];
  /** Called before each run, with what it is. */
  onRun: (what: string) => void;
}

let started = 0;

/** Runs the programs in turn, as often as is asked, so that what else the machine does meets both of them. */
export async function compare(args: ComparisonArgs): Promise<Comparison[]> {
  const { engine, workloads, runs, operations, onRun } = args;
  const done: Record<Program, EnvironmentRun[]> = { library: [], "hand-written": [] };
  for (let run = 1; run <= runs; run++) {
    for (const program of programs) {
      onRun(`${program}, ${workloads} workloads, run ${run} of ${runs}`);
      const stackPrefix = `run-${++started}`;
      done[program].push(await runEnvironment({ engine, program, workloads, stackPrefix, operations }));
    }
  }
  const forBoth = <T>(of: (runs: EnvironmentRun[]) => T): Record<Program, T> => ({
    library: of(done.library),
    "hand-written": of(done["hand-written"]),
  });
  return operations.map((operation) => ({
    workloads,
    operation,
    figures: forBoth((all) => figuresOf(all.flatMap((one) => one.operations[operation] ?? []))),
    ...(operation === "up" ? { resources: forBoth((all) => all[0]?.resources as ResourceCount) } : {}),
  }));
}

function figuresOf(measurements: OperationMeasurement[]): Figures {
  const of = (key: keyof OperationMeasurement) => median(measurements.flatMap((one) => one[key] ?? []));
  return {
    wallSeconds: of("wallSeconds"),
    processorSeconds: of("processorSeconds"),
    peakMemoryBytes: of("peakMemoryBytes"),
    sandboxSeconds: of("sandboxSeconds"),
  };
}
