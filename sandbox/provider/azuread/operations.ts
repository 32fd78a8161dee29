import { differences } from "../differences";
import type {
  CheckArgs,
  CheckResult,
  CreateArgs,
  DiffArgs,
  DiffResult,
  ReadArgs,
  ReadResult,
  UpdateArgs,
} from "../provider";
import { type PropertyMap, rewrapSecrets, toPlain, unknownValue } from "../values";
import type { GraphClient } from "./graph-client";
import type { AzureAdType } from "./resource-type";

/** Fills in defaults, and refuses what is missing and what the sandbox does not know. */
export function checkInputs(type: AzureAdType, args: CheckArgs): CheckResult {
  const given = Object.entries(args.inputs).filter(([, value]) => value !== null);
  const inputs: PropertyMap = { ...type.defaults, ...Object.fromEntries(given) };
  const missing = type.required
    .filter((property) => inputs[property] === undefined)
    .map((property) => ({ property, reason: `missing required property '${property}'` }));
  const unknown = Object.keys(inputs)
    .filter((property) => !type.inputs.includes(property))
    .map((property) => ({ property, reason: `the sandbox's azuread provider does not know '${property}'` }));
  return { inputs, failures: [...missing, ...unknown] };
}

export function diffInputs(type: AzureAdType, args: DiffArgs): DiffResult {
  const changes = differences(args.oldInputs, args.inputs).map((change) => ({
    ...change,
    replaces: type.replaceOn.includes(String(change.path[0])),
  }));
  return { changes, deleteBeforeReplace: false };
}

async function outputsOf(
  type: AzureAdType,
  id: string,
  inputs: PropertyMap,
  graph: GraphClient,
): Promise<PropertyMap> {
  const outputs = await type.read(id, graph);
  if (outputs === undefined) throw new Error(`'${id}' was written and cannot be found.`);
  return rewrapSecrets(outputs, inputs) as PropertyMap;
}

export async function createResource(
  type: AzureAdType,
  { inputs, preview }: CreateArgs,
  graph: GraphClient,
): Promise<{ id: string; outputs: PropertyMap }> {
  if (preview) {
    const computed = type.computed.map((name) => [name, unknownValue] as const);
    return { id: "", outputs: { ...inputs, ...Object.fromEntries(computed) } };
  }
  const id = await type.create(toPlain(inputs), graph);
  return { id, outputs: await outputsOf(type, id, inputs, graph) };
}

export async function updateResource(
  type: AzureAdType,
  { id, inputs, oldOutputs, preview }: UpdateArgs,
  graph: GraphClient,
): Promise<PropertyMap> {
  if (preview) return { ...oldOutputs, ...inputs };
  await type.update(id, toPlain(inputs), graph);
  return await outputsOf(type, id, inputs, graph);
}

/** Of the inputs, only what changed since the last look is taken from what is there now. */
export async function readResource(
  type: AzureAdType,
  { id, oldInputs, oldOutputs }: ReadArgs,
  graph: GraphClient,
): Promise<ReadResult | undefined> {
  const found = await type.read(id, graph);
  if (found === undefined) return undefined;
  const outputs = rewrapSecrets(found, oldOutputs) as PropertyMap;
  const inputs: PropertyMap = {};
  for (const name of type.inputs) {
    const changed = differences(oldOutputs[name], outputs[name]).length > 0;
    const value = oldInputs === undefined || changed ? outputs[name] : oldInputs[name];
    if (value !== undefined) inputs[name] = value;
  }
  return { id, inputs, outputs };
}
