import { createHash } from "node:crypto";
import type { CheckArgs, CheckFailure, CheckResult } from "../provider";
import { hasUnknowns, isMap, type PropertyMap, secretOf } from "../values";
import { annotation, kindOfType, metadataOf } from "./object-kind";

const autonamed = "pulumi.com/autonamed";

export const isAutonamed = (inputs: PropertyMap): boolean => annotation(inputs, autonamed) === "true";

/**
 * The inputs with API version, kind, a name and a namespace. An object that was given a name keeps it.
 * @param defaultNamespace for an object without one; undefined for a kind that is in none
 */
export function checkInputs(args: CheckArgs, defaultNamespace: string | undefined): CheckResult {
  const { inputs, oldInputs } = args;
  const failures: CheckFailure[] = [];
  const typed = { ...kindOfType(args.type), ...inputs };
  const { metadata } = typed as PropertyMap;
  if (metadata !== undefined && !isMap(metadata)) {
    if (!hasUnknowns(metadata))
      failures.push({ property: "metadata", reason: "'metadata' must be an object" });
    return { inputs: typed, failures };
  }
  const named = withName(args, metadataOf(typed), oldInputs);
  const complete =
    defaultNamespace !== undefined && named.namespace === undefined
      ? { ...named, namespace: defaultNamespace }
      : named;
  return { inputs: withSecrets({ ...typed, metadata: complete }), failures };
}

/** What is in a Secret is one, whether the program says so or not. */
function withSecrets(inputs: PropertyMap): PropertyMap {
  if (inputs.kind !== "Secret" || inputs.apiVersion !== "v1") return inputs;
  const given = ["data", "stringData"].flatMap((field) => {
    const value = inputs[field];
    return value === undefined ? [] : [[field, secretOf(value)] as const];
  });
  return { ...inputs, ...Object.fromEntries(given) };
}

function withName(args: CheckArgs, metadata: PropertyMap, oldInputs: PropertyMap | undefined): PropertyMap {
  if (metadata.name !== undefined || metadata.generateName !== undefined) return metadata;
  const before = oldInputs && isAutonamed(oldInputs) ? metadataOf(oldInputs).name : undefined;
  const annotations = isMap(metadata.annotations) ? metadata.annotations : {};
  return {
    ...metadata,
    name: before ?? `${args.name.toLowerCase()}-${suffix(args)}`,
    annotations: { ...annotations, [autonamed]: "true" },
  };
}

/** Eight hexadecimal digits that are the same in preview and deployment. */
const suffix = ({ randomSeed, urn }: CheckArgs) =>
  createHash("sha256").update(randomSeed).update(urn).digest("hex").slice(0, 8);
