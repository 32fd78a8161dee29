import pc from "picocolors";
import type { Comparison, Figures } from "./comparison";
import type { Program } from "./environment-run";
import { difference, isOfService, type ResourceCount } from "./resource-count";
import { table } from "./table";

const seconds = (value: number) => `${value.toFixed(value < 10 ? 2 : 1)} s`;
const megabytes = (value: number) => `${Math.round(value / 1024 / 1024)} MB`;
const milliseconds = (value: number) => `${(1000 * value).toFixed(1)} ms`;

/** What is compared, its heading, and how it is written. */
const metrics: { key: keyof Figures; heading: string; show: (value: number) => string }[] = [
  { key: "wallSeconds", heading: "Time from start to end", show: seconds },
  {
    key: "processorSeconds",
    heading: "Processor time of program, engine and what they start; the local Azure is a process of its own",
    show: seconds,
  },
  {
    key: "peakMemoryBytes",
    heading: "The most memory that program, engine and what they start held at one time",
    show: megabytes,
  },
  { key: "sandboxSeconds", heading: "Processor time of the local Azure meanwhile", show: seconds },
];

/** The comparison as text, one table for each thing that was measured. */
export function comparisonTables(comparisons: readonly Comparison[]): string {
  const tables = metrics.flatMap(({ key, heading, show }) => {
    const rows = comparisons.flatMap(({ figures, ...row }) => {
      const library = figures.library[key];
      const handWritten = figures["hand-written"][key];
      if (library === undefined || handWritten === undefined) return [];
      return [[nameOf(row), show(library), show(handWritten), showRatio(library / handWritten)]];
    });
    const head = ["", "library", "hand-written", "ratio"];
    return rows.length === 0 ? [] : [pc.bold(heading), table(head, rows), ""];
  });
  return [...tables, ...linearity(comparisons), notes].join("\n");
}

const notes = `
"first preview" comes after each edit of a program, and in a pipeline: a plain program has its types checked then.
"up" writes the state once, as PULUMI_SKIP_CHECKPOINTS=true has it; "up, state in files" as Pulumi's own backends for
files and blobs do, all of the state at each step, which is why it is left out for large environments.`;

function nameOf({ workloads, operation }: Pick<Comparison, "workloads" | "operation">): string {
  const name = workloads === 0 ? `start-up: ${operation}` : operation;
  return `${name}, ${workloads} workloads`;
}

/** Below 1 the library takes less. */
function showRatio(ratio: number): string {
  const text = ratio.toFixed(2);
  return ratio <= 1 ? pc.green(text) : pc.yellow(text);
}

/** The time of `up` divided by what it made: where that stays the same, time grows with size and no faster. */
function linearity(comparisons: readonly Comparison[]): string[] {
  const rows = comparisons.flatMap(({ workloads, operation, figures, resources }) => {
    if (!resources) return [];
    const cells = (program: Program) => {
      const { custom, components } = resources[program];
      return [
        milliseconds((figures[program].wallSeconds ?? 0) / custom),
        components === 0 ? `${custom}` : `${custom} and ${components} components`,
      ];
    };
    return [[nameOf({ workloads, operation }), ...cells("library"), ...cells("hand-written")]];
  });
  if (rows.length === 0) return [];
  const head = ["", "library", "its resources", "hand-written", "its resources"];
  return [pc.bold("Time for each resource"), table(head, rows)];
}

/** What the library's stack holds besides what the hand-written one does; a mistake when it is more than its own. */
export function resourceNote(library: ResourceCount, handWritten: ResourceCount): string {
  const differing = Object.entries(difference(library, handWritten));
  const list = (ofService: boolean) =>
    differing
      .filter(([type]) => isOfService(type) === ofService)
      .map(([type, more]) => `${more} ${type}`)
      .join(", ");
  return list(true) === ""
    ? `The same Azure and Kubernetes resources; the library adds ${list(false)} and its components.`
    : pc.red(`Not the same Azure and Kubernetes resources; the library has more or less by ${list(true)}.`);
}
