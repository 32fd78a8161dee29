import pc from "picocolors";
import { quantile } from "../quantiles";
import { table } from "../table";
import type { SeededUp } from "./seeded-up";
import type { Wait } from "./waits";

const seconds = (value: number | undefined) => (value === undefined ? "–" : `${Math.round(value)} s`);

/** What the waits of one update come to, in seconds of sandbox time. */
function totals({ waits }: SeededUp) {
  const sum = (of: (wait: Wait) => number) => waits.reduce((total, wait) => total + of(wait), 0);
  return {
    needed: sum(({ worksAt }) => worksAt),
    waited: sum(({ endedAt }) => endedAt),
    refusals: sum(({ refusals }) => refusals),
    longestNeeded: Math.max(0, ...waits.map(({ worksAt }) => worksAt)),
  };
}

/** How much longer a wait was than it had to be, in poll intervals. */
const overshoot = ({ worksAt, endedAt, pollInterval }: Wait): number => (endedAt - worksAt) / pollInterval;

/** Whether all of the updates came up, and how close to the moment at which everything worked they went on. */
export function convergenceText(ups: readonly SeededUp[], speed: number): string {
  const atOnce = ups.filter(({ converged, failures }) => converged && failures.length === 0).length;
  const converged = ups.filter((up) => up.converged).length;
  const struck = ups.reduce((sum, up) => sum + up.struck, 0);
  const waits = ups.flatMap((up) => up.waits);
  const over = waits.map(overshoot);
  const later = waits.filter((wait) => overshoot(wait) > 1);
  const laterByFaults = later.filter(({ struckAtEnd }) => struckAtEnd > 0).length;
  const intervals = waits.map(({ pollInterval }) => pollInterval);
  const longest = Math.max(...intervals);
  const mark = converged === ups.length ? pc.green("✔") : pc.red("✘");
  const show = (share: number) => `${(quantile(over, share) ?? 0).toFixed(2)}`;
  return [
    `${mark} ${converged} of ${ups.length} updates converged, ${atOnce} of them in one run; faults struck ${struck} requests.`,
    `  ${waits.length - later.length} of ${waits.length} waits ended within one poll interval of the moment at which` +
      ` everything worked, and of the other ${later.length} a fault struck the last looks of ${laterByFaults}; half within ${show(0.5)} of it, 99 of 100 within ${show(0.99)}, all within ${show(1)}.`,
    `  The clock ran ${speed} times as fast as a real one: the longest poll interval was ${seconds(longest)} of sandbox` +
      ` time, ${(longest / speed).toFixed(1)} s of real time.`,
  ].join("\n");
}

const perCredentialSeconds = 60;
const onceSeconds = 120;

/** Waiting by proof beside fixed delays: what each costs, and whether it would have been long enough. */
export function delayTable(groups: readonly { workloads: number; ups: readonly SeededUp[] }[]): string {
  const head = [
    ...["workloads", "needed", "waited", "longest poll", "refused looks"],
    ...[`${perCredentialSeconds} s per credential`, "long enough", `${onceSeconds} s once`, "long enough"],
  ];
  const rows = groups.map(({ workloads, ups }) => {
    const all = ups.map(totals);
    const half = (of: (total: ReturnType<typeof totals>) => number) => quantile(all.map(of), 0.5);
    const enough = (delay: number) =>
      `${all.filter(({ longestNeeded }) => longestNeeded <= delay).length} of ${all.length}`;
    const perCredential = perCredentialSeconds * workloads;
    return [
      String(workloads),
      seconds(half(({ needed }) => needed)),
      seconds(half(({ waited }) => waited)),
      seconds(Math.max(...ups.flatMap(({ waits }) => waits.map(({ pollInterval }) => pollInterval)))),
      String(Math.round(half(({ refusals }) => refusals) ?? 0)),
      seconds(perCredential),
      enough(perCredential),
      seconds(onceSeconds),
      enough(onceSeconds),
    ];
  });
  return [
    pc.bold("Waiting, in sandbox time; the median of the updates"),
    table(head, rows),
    "needed: from the first look until everything had taken effect, by the sandbox's journal; the cluster's wait and the",
    "workloads' together. waited: until the last look that showed it.",
  ].join("\n");
}
