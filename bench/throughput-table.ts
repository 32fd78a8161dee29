import pc from "picocolors";
import { table } from "./table";
import type { ThroughputReport } from "./throughput";

/** How the sandbox bore its requests, as text. */
export function throughputTable(report: ThroughputReport): string {
  const megabytes = (value: number) => (value === 0 ? "" : `${Math.round(value / 1024 / 1024)} MB`);
  const rows = report.kinds.map((kind) => [
    kind.what,
    String(kind.requests),
    Math.round(kind.requestsPerSecond).toLocaleString("en"),
    `${kind.medianMilliseconds.toFixed(1)} ms`,
    `${kind.slowMilliseconds.toFixed(1)} ms`,
    kind.processorShare === undefined ? "" : `${Math.round(100 * kind.processorShare)} %`,
    megabytes(kind.memoryBytes),
  ]);
  const { concurrency, idleMemoryBytes, peakMemoryBytes } = report;
  const memory =
    peakMemoryBytes === 0
      ? ""
      : ` Its memory: ${megabytes(idleMemoryBytes)} at rest, ${megabytes(peakMemoryBytes)} at most.`;
  return [
    pc.bold(`Requests to the sandbox, ${concurrency} at a time, over HTTPS through its proxy`),
    table(["", "requests", "per second", "median", "99 of 100 below", "processor", "memory after"], rows),
    `Every request is authenticated and authorised.${memory}`,
  ].join("\n");
}
