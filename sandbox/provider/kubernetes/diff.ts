import { differences } from "../differences";
import type { DiffArgs, DiffResult } from "../provider";
import type { PropertyMap } from "../values";
import { isAutonamed } from "./check";
import { configuredText, isUnknown, kubeconfigFacts } from "./kubeconfig";
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

/**
 * Another cluster behind a provider means other objects; anything else changes how the same cluster is reached. As for
 * the real provider, it is another one when `clusterIdentifier` says so or, without that, when the kubeconfig's entry of
 * the active cluster differs in anything; and what is not known yet is taken to be another one.
 * @see https://www.pulumi.com/registry/packages/kubernetes/api-docs/provider/
 */
export function diffProviderInputs({ oldInputs, inputs }: DiffArgs): DiffResult {
  const unknown = ["kubeconfig", "context", "cluster"].some((key) => isUnknown(inputs, key));
  const moved = unknown || isAnotherCluster(oldInputs, inputs);
  const changes = differences(oldInputs, inputs).map((change) => ({ ...change, replaces: moved }));
  return { changes, deleteBeforeReplace: false };
}

function isAnotherCluster(oldInputs: PropertyMap, inputs: PropertyMap): boolean {
  const [oldIdentifier, identifier] = [oldInputs, inputs].map((one) =>
    configuredText(one, "clusterIdentifier"),
  );
  if (oldIdentifier !== undefined && identifier !== undefined) return oldIdentifier !== identifier;
  const [before, after] = [oldInputs, inputs].map((one) =>
    one.kubeconfig === undefined ? undefined : kubeconfigFacts(one).cluster,
  );
  return before !== undefined && after !== undefined && differences(before, after).length > 0;
}
