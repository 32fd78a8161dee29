import pc from "picocolors";
import type { Comparison, ProgramFigures } from "./comparison";
import type { Program } from "./environment-run";
import { difference, isOfService, type ResourceCount } from "./resource-count";
import { table } from "./table";

const seconds = (value: number) => `${value.toFixed(value < 10 ? 2 : 1)} s`;
const megabytes = (value: number) => `${Math.round(value / 1024 / 1024)} MB`;
const perResource = (value: number, resources: number) => `${((1000 * value) / resources).toFixed(1)} ms`;

/** What is compared, how it is written, and a heading. */
const metrics: { key: keyof ProgramFigures; heading: string; show: (value: number) => string }[] = [
  { key: "wallSeconds", heading: "Time from start to end", show: seconds },
  {
    key: "processorSeconds",
    heading:
      "Processor time of program, engine and what they start (the local Azure is a process of its own)",
    show: seconds,
  },
  {
    key: "peakMemoryBytes",
    heading: "Most memory that program, engine and what they start held at one time",
    show: megabytes,
  },
  {
    key: "sandboxSeconds",
    heading: "Processor time of the local Azure and its providers, for comparison",
    show: seconds,
  },
];

/** The comparison as text, one table for each thing that was measured. */
export function comparisonTables(comparisons: readonly Comparison[]): string {
  const tables = metrics.flatMap(({ key, heading, show }) => {
    const measured = comparisons.filter(({ figures }) => figures.library[key] !== undefined);
    if (measured.length === 0) return [];
    const rows = measured.map(({ workloads, operation, figures }) => {
      const value = (program: Program) => figures[program][key] as number;
      const ratio = (program: Program) => showRatio(value("library") / value(program));
      return [
        workloads === 0 ? "start-up: preview without workloads" : `${operation}, ${workloads} workloads`,
        show(value("library")),
        show(value("hand-written")),
        ratio("hand-written"),
        show(value("hand-written-unchecked")),
        ratio("hand-written-unchecked"),
      ];
    });
    const head = ["", "library", "hand-written", "ratio", "hand-written, types unchecked", "ratio"];
    return [pc.bold(heading), table(head, rows), ""];
  });
  return [...tables, ...linearity(comparisons)].join("\n");
}

/** Below 1 the library takes less. */
function showRatio(ratio: number): string {
  const text = ratio.toFixed(2);
  return ratio <= 1 ? pc.green(text) : pc.yellow(text);
}

/** The time of `up` divided by what it made: where that stays the same, time grows with size and no faster. */
function linearity(comparisons: readonly Comparison[]): string[] {
  const rows = comparisons.flatMap(({ workloads, figures, resources }) => {
    if (!resources) return [];
    const cells = (program: Program) => {
      const { custom, components } = resources[program];
      return [
        perResource(figures[program].wallSeconds, custom),
        components === 0 ? `${custom}` : `${custom} and ${components} components`,
      ];
    };
    return [[`up, ${workloads} workloads`, ...cells("library"), ...cells("hand-written")]];
  });
  if (rows.length === 0) return [];
  const head = ["", "library", "its resources", "hand-written", "its resources"];
  return [pc.bold("Time of up for each resource"), table(head, rows)];
}

/** What the library's stack holds besides what the hand-written one does; a mistake when it is more than that. */
export function resourceNotes(library: ResourceCount, handWritten: ResourceCount): string[] {
  const more = Object.entries(difference(library, handWritten));
  const ours = more
    .filter(([type]) => !isOfService(type))
    .map(([type, count]) => `${count} × ${type.split(/[:/]/).at(-1)}`);
  const uneven = more
    .filter(([type]) => isOfService(type))
    .map(([type, count]) => `${type}: ${count > 0 ? "+" : ""}${count}`);
  return uneven.length === 0
    ? [
        `Both make the same Azure and Kubernetes resources; the library adds ${ours.join(", ")} and its components.`,
      ]
    : [pc.red(`The programs do not make the same (library against hand-written): ${uneven.join(", ")}`)];
}
