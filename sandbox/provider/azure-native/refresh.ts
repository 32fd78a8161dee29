import { differences } from "../differences";
import { isMap, type PropertyMap, type PropertyValue, rewrapSecrets, unwrapSecrets } from "../values";
import type { ResourceType } from "./resource-type";
import { inputsFromOutputs } from "./translation";

/** `value` with what changed from `before` to `after` changed in it too, and nothing else. */
function applyChange(value: PropertyValue, before: PropertyValue, after: PropertyValue): PropertyValue {
  if (isMap(value) && isMap(before) && isMap(after)) {
    const result: PropertyMap = {};
    for (const key of new Set([...Object.keys(value), ...Object.keys(before), ...Object.keys(after)])) {
      const own = value[key];
      const old = before[key];
      const current = after[key];
      if (differences(old, current).length === 0) {
        if (own !== undefined) result[key] = own;
      } else if (current !== undefined) {
        result[key] = own !== undefined && old !== undefined ? applyChange(own, old, current) : current;
      }
    }
    return result;
  }
  if (Array.isArray(value) && Array.isArray(before) && Array.isArray(after)) {
    return after.map((item, index) => {
      const own = value[index];
      const old = before[index];
      return own === undefined || old === undefined ? item : applyChange(own, old, item);
    });
  }
  return differences(before, after).length === 0 ? value : after;
}

/**
 * The inputs that would lead to a resource as it is now. Azure fills in much that was never asked for, so only
 * what changed since the last look is taken over: what was left to Azure stays left to Azure.
 */
export function refreshedInputs(
  type: ResourceType,
  oldInputs: PropertyMap,
  oldOutputs: PropertyMap,
  outputs: PropertyMap,
): PropertyMap {
  const before = inputsFromOutputs(type, withoutUnsetLists(type, unwrapSecrets(oldOutputs), oldInputs));
  const after = inputsFromOutputs(type, withoutUnsetLists(type, outputs, oldInputs));
  const inputs = applyChange(unwrapSecrets(oldInputs), before, after) as PropertyMap;
  return rewrapSecrets(inputs, oldInputs) as PropertyMap;
}

/** Without the lists under `properties` that other resources fill, unless the inputs fill them too. */
function withoutUnsetLists(type: ResourceType, outputs: PropertyMap, inputs: PropertyMap): PropertyMap {
  if (type.maintained === undefined || !isMap(outputs.properties)) return outputs;
  const given = unwrapSecrets(inputs.properties ?? {});
  const unset = type.maintained.filter((name) => !isMap(given) || given[name] === undefined);
  const kept = Object.entries(outputs.properties).filter(([name]) => !unset.includes(name));
  return { ...outputs, properties: Object.fromEntries(kept) };
}
