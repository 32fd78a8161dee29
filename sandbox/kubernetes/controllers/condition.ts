import { recordsAt, timestamp } from "../object";
import type { ClusterRuntime } from "../runtime";

export interface Condition {
  type: string;
  status: "True" | "False" | "Unknown";
  reason: string;
  message: string;
}

/** The conditions of `status` with `condition` among them; times change only with what they tell of. */
export function setCondition(status: unknown, runtime: ClusterRuntime, condition: Condition) {
  const now = timestamp(runtime.context.clock.now());
  const all = recordsAt(status, "conditions");
  const old = all.find(({ type }) => type === condition.type);
  const same = old && old.reason === condition.reason && old.message === condition.message;
  if (same && old.status === condition.status) return all;
  const lastTransitionTime = old?.status === condition.status ? old.lastTransitionTime : now;
  const next = { ...condition, lastTransitionTime, lastUpdateTime: now };
  return old ? all.map((one) => (one === old ? next : one)) : [...all, next];
}
