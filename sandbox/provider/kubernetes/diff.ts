import { differences } from "../differences";
import type { DiffArgs, DiffResult } from "../provider";
import { isAutonamed } from "./check";
import { kubeconfigFacts } from "./kubeconfig";
import { kindOfType, metadataOf, replaces } from "./object-kind";

/** What a change of inputs means: in place, or a new object, for which a name that stays must first become free. */
export function diffInputs({ type, oldInputs, inputs }: DiffArgs): DiffResult {
  const { kind } = kindOfType(type);
  const changes = differences(oldInputs, inputs).map((change) => ({
    ...change,
    replaces: replaces(kind, change.path),
  }));
  const before = metadataOf(oldInputs);
  const after = metadataOf(inputs);
  const sameName = before.name === after.name && before.namespace === after.namespace;
  return {
    changes,
    deleteBeforeReplace: sameName && !isAutonamed(inputs) && changes.some((one) => one.replaces),
  };
}

/** Another cluster behind a provider means other objects; anything else changes how the same cluster is reached. */
export function diffProviderInputs({ oldInputs, inputs }: DiffArgs): DiffResult {
  const before = kubeconfigFacts(oldInputs).server;
  const after = kubeconfigFacts(inputs).server;
  const moved = before !== undefined && after !== undefined && before !== after;
  const changes = differences(oldInputs, inputs).map((change) => ({
    ...change,
    replaces: moved && ["cluster", "context", "kubeconfig"].includes(String(change.path[0])),
  }));
  return { changes, deleteBeforeReplace: false };
}
