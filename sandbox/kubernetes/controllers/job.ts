import { builtInKind } from "../kinds";
import { at, recordAt, type StoredObject, timestamp } from "../object";
import type { ClusterRuntime } from "../runtime";
import { updateStatus } from "../update";
import { setCondition } from "./condition";
import { createPod, isReady, podsOf } from "./pods-of";

const jobs = builtInKind("Job");

/** As many pods at once as the Job allows, until enough have done their work. */
export function reconcileJob(runtime: ClusterRuntime, job: StoredObject): undefined {
  if (at(job, "spec", "suspend") === true) return;
  const completions = Number(at(job, "spec", "completions") ?? 1);
  const parallelism = Number(at(job, "spec", "parallelism") ?? 1);
  const succeeded = podsOf(runtime, job).filter((pod) => at(pod, "status", "phase") === "Succeeded").length;
  const active = podsOf(runtime, job).length - succeeded;
  const labels = {
    "batch.kubernetes.io/controller-uid": job.metadata.uid,
    "batch.kubernetes.io/job-name": job.metadata.name,
    "job-name": job.metadata.name,
  };
  for (let more = Math.min(parallelism, completions - succeeded) - active; more > 0; more -= 1) {
    if (createPod(runtime, jobs, job, { generateName: `${job.metadata.name}-` }, labels) !== undefined) break;
  }
  const status = recordAt(job, "status");
  const now = timestamp(runtime.context.clock.now());
  const working = podsOf(runtime, job).filter((pod) => at(pod, "status", "phase") !== "Succeeded");
  const done = succeeded >= completions;
  const complete = {
    type: "Complete",
    status: "True",
    reason: "CompletionsReached",
    message: "Reached expected number of succeeded pods",
  } as const;
  updateStatus(runtime, jobs, job, {
    startTime: status.startTime ?? now,
    ...(working.length > 0 && { active: working.length }),
    ready: working.filter(isReady).length,
    ...(succeeded > 0 && { succeeded }),
    ...(done && {
      completionTime: status.completionTime ?? now,
      conditions: setCondition(status, runtime, complete),
    }),
  });
}
