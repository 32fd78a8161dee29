import type { Engine } from "../sandbox/engine/engine";
import { type EnvironmentRun, type Program, programs, runEnvironment } from "./environment-run";
import { median } from "./quantiles";
import type { ResourceCount } from "./resource-count";

/** What one program took at one size: the median of its runs; absent where the system does not tell. */
export interface ProgramFigures {
  wallSeconds: number;
  processorSeconds: number | undefined;
  peakMemoryBytes: number | undefined;
  /** Processor time of the local Azure; of `up` only. */
  sandboxSeconds: number | undefined;
}

export interface Comparison {
  workloads: number;
  operation: "preview" | "up";
  figures: Record<Program, ProgramFigures>;
  /** What the stacks hold after `up`. */
  resources?: Record<Program, ResourceCount>;
}

export interface ComparisonArgs {
  engine: Engine;
  workloads: number;
  /** How often each program is run. */
  runs: number;
  /** Whether to bring environments up, or to preview them only. */
  up: boolean;
  /** Called before each run, with what it is. */
  onRun: (what: string) => void;
}

let stacks = 0;

/** Runs every program in turn, as often as is asked, so that what else the machine does meets all of them. */
export async function compare(args: ComparisonArgs): Promise<Comparison[]> {
  const { engine, workloads, runs, up, onRun } = args;
  const done: Record<Program, EnvironmentRun[]> = {
    library: [],
    "hand-written": [],
    "hand-written-unchecked": [],
  };
  for (let run = 1; run <= runs; run++) {
    for (const program of programs) {
      onRun(`${program}, ${workloads} workloads, run ${run} of ${runs}`);
      const stack = `run-${++stacks}`;
      done[program].push(await runEnvironment({ engine, program, workloads, stack, up }));
    }
  }
  const forEach = <T>(of: (runs: EnvironmentRun[]) => T) =>
    Object.fromEntries(programs.map((program) => [program, of(done[program])])) as Record<Program, T>;
  const preview = {
    workloads,
    operation: "preview" as const,
    figures: forEach((all) => figuresOf(all.map((one) => one.preview))),
  };
  if (!up) return [preview];
  return [
    preview,
    {
      workloads,
      operation: "up",
      figures: forEach((all) => figuresOf(all.flatMap((one) => one.up ?? []))),
      resources: forEach((all) => all[0]?.resources as ResourceCount),
    },
  ];
}

function figuresOf(measurements: (Partial<ProgramFigures> & { wallSeconds: number })[]): ProgramFigures {
  const of = (key: keyof ProgramFigures) =>
    median(measurements.flatMap((measurement) => measurement[key] ?? []));
  return {
    wallSeconds: of("wallSeconds") as number,
    processorSeconds: of("processorSeconds"),
    peakMemoryBytes: of("peakMemoryBytes"),
    sandboxSeconds: of("sandboxSeconds"),
  };
}
