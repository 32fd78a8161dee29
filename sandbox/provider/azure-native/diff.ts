import { type Difference, differences, type PropertyPath } from "../differences";
import type { DiffArgs, DiffResult } from "../provider";
import { type PropertyMap, type PropertyValue, Secret } from "../values";
import { createBeforeDelete } from "./check";
import { pathInputs, type ResourceType } from "./resource-type";

/** "West US 2" and "westus2" are the same place. */
function normalized(location: PropertyValue | undefined): PropertyValue | undefined {
  if (location instanceof Secret) return normalized(location.value);
  return typeof location === "string" ? location.toLowerCase().replaceAll(" ", "") : location;
}

function pattern(path: PropertyPath): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === "number") return `${text}[]`;
    return text === "" ? step : `${text}.${step}`;
  }, "");
}

/** Whether a change at `path` is one inside, at, or around a place that cannot be changed. */
function touches(path: PropertyPath, fixed: readonly string[]): boolean {
  const changed = pattern(path);
  return fixed.some(
    (place) => place === changed || changed.startsWith(`${place}.`) || changed.startsWith(`${place}[`),
  );
}

function saysWhatIsAlreadySo(change: Difference, args: DiffArgs): boolean {
  const [name] = change.path;
  if (change.kind !== "add" || change.path.length !== 1 || typeof name !== "string") return false;
  return differences(args.oldOutputs[name], args.inputs[name]).length === 0;
}

/** What an update of the inputs means: in place, or a new resource where ARM allows no change. */
export function diffInputs(type: ResourceType, args: DiffArgs): DiffResult {
  // Imported resources have no API version among their inputs; the one in their outputs stands for it.
  const oldInputs: PropertyMap = {
    azureApiVersion: args.oldOutputs.azureApiVersion ?? null,
    ...args.oldInputs,
  };
  const fixed = [...pathInputs(type), ...(type.replaceOn ?? [])];
  const changes = differences(oldInputs, args.inputs)
    .filter((change) => change.path[0] !== createBeforeDelete)
    .filter((change) => {
      if (change.path.length !== 1 || change.path[0] !== "location") return true;
      return normalized(oldInputs.location) !== normalized(args.inputs.location);
    })
    .map((change) => ({
      ...change,
      replaces: touches(change.path, fixed) && !saysWhatIsAlreadySo(change, args),
    }));
  return {
    changes,
    deleteBeforeReplace:
      changes.some((change) => change.replaces) && args.oldInputs[createBeforeDelete] !== true,
  };
}
