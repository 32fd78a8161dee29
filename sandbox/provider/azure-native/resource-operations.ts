import {
  type CreateArgs,
  type DeleteArgs,
  PartialResourceError,
  type ReadArgs,
  type ReadResult,
  type UpdateArgs,
} from "../provider";
import { type PlainObject, type PropertyMap, rewrapSecrets, toPlain } from "../values";
import { type ArmClient, UnfinishedError } from "./arm-client";
import type { AzureClient } from "./azure-client";
import { AzureRequestError } from "./azure-request";
import { deleteKeyVaultSecret } from "./key-vault-secrets";
import { refreshedInputs } from "./refresh";
import { armId, parseArmId, type ResourceType } from "./resource-type";
import { inputsForImport, outputsOf, previewOutputs, requestBody } from "./translation";

/** What one operation works with. */
export interface OperationContext {
  arm: ArmClient;
  client: AzureClient;
  subscriptionId: string;
  /** Take over what is there already instead of refusing to create it. */
  adoptExisting: boolean;
  signal: AbortSignal;
}

const defaultTimeoutSeconds = 2 * 60 * 60;

/** `context` with a signal that also goes off after so many seconds; 0 means azure-native's two hours. */
function withTimeout(context: OperationContext, seconds: number): OperationContext {
  const limit = AbortSignal.timeout((seconds > 0 ? seconds : defaultTimeoutSeconds) * 1000);
  return { ...context, signal: AbortSignal.any([context.signal, limit]) };
}

function isUntouched(type: ResourceType, existing: PlainObject): boolean {
  const outputs = outputsOf(type, existing);
  return Object.entries(type.untouched ?? { never: true }).every(([name, value]) => outputs[name] === value);
}

/** Refuses to create what is there already, in azure-native's words. */
async function assertCanCreate(type: ResourceType, id: string, context: OperationContext): Promise<void> {
  let existing: PlainObject | undefined;
  try {
    existing = await context.arm.get(id, type.apiVersion, context.signal);
  } catch (error) {
    if (!(error instanceof AzureRequestError)) throw error;
    throw new Error(`cannot check existence of resource '${id}': ${error.message}`);
  }
  if (existing === undefined || type.singleton === true || isUntouched(type, existing)) return;
  throw new Error(`cannot create already existing ${type.untouched ? "subresource" : "resource"} '${id}'`);
}

/** Lists that the inputs leave out: empty in a new resource, as they are in one that exists. */
function withMaintained(
  type: ResourceType,
  body: PlainObject,
  existing: PlainObject | undefined,
): PlainObject {
  const current = (existing?.properties ?? {}) as PlainObject;
  const lists = (type.maintained ?? []).map((name) => [name, current[name] ?? []]);
  if (lists.length === 0) return body;
  return { ...body, properties: { ...Object.fromEntries(lists), ...(body.properties as PlainObject) } };
}

async function putAndRead(
  type: ResourceType,
  id: string,
  body: PlainObject,
  inputs: PropertyMap,
  context: OperationContext,
): Promise<{ id: string; outputs: PropertyMap }> {
  const { arm, signal } = context;
  const read = () => arm.get(id, type.apiVersion, signal);
  const result = (response: PlainObject | undefined) => ({
    id: typeof response?.id === "string" ? response.id : id,
    outputs: rewrapSecrets(outputsOf(type, response ?? {}), inputs) as PropertyMap,
  });
  try {
    const answer = await arm.put(id, type.apiVersion, body, signal);
    return result((await read()) ?? answer);
  } catch (error) {
    if (!(error instanceof UnfinishedError)) throw error;
    const state = result(
      await arm.get(id, type.apiVersion, AbortSignal.timeout(10_000)).catch(() => undefined),
    );
    throw new PartialResourceError({ ...state, inputs }, [error.message]);
  }
}

export async function createResource(
  type: ResourceType,
  args: CreateArgs,
  context: OperationContext,
): Promise<{ id: string; outputs: PropertyMap }> {
  if (args.preview) return { id: "", outputs: previewOutputs(type, args.inputs) };
  const inputs = toPlain(args.inputs);
  const id = armId(type.path, context.subscriptionId, inputs);
  const limited = withTimeout(context, args.timeoutSeconds);
  if (!limited.adoptExisting) await assertCanCreate(type, id, limited);
  const body = withMaintained(type, requestBody(type, inputs), undefined);
  return await putAndRead(type, id, body, args.inputs, limited);
}

export async function updateResource(
  type: ResourceType,
  args: UpdateArgs,
  context: OperationContext,
): Promise<PropertyMap> {
  if (args.preview) {
    const { name, location } = args.oldOutputs;
    return {
      ...previewOutputs(type, args.inputs),
      ...(name === undefined ? {} : { name }),
      ...(location === undefined ? {} : { location }),
    };
  }
  const limited = withTimeout(context, args.timeoutSeconds);
  const existing =
    type.maintained === undefined
      ? undefined
      : await limited.arm.get(args.id, type.apiVersion, limited.signal);
  const body = withMaintained(type, requestBody(type, toPlain(args.inputs)), existing);
  return (await putAndRead(type, args.id, body, args.inputs, limited)).outputs;
}

export async function readResource(
  type: ResourceType,
  args: ReadArgs,
  context: OperationContext,
): Promise<ReadResult | undefined> {
  const pathValues = parseArmId(type, args.id);
  const response = await context.arm.get(args.id, type.apiVersion, context.signal);
  if (response === undefined) return undefined;
  const outputs = outputsOf(type, response);
  const inputs =
    args.oldInputs === undefined
      ? inputsForImport(type, pathValues, outputs)
      : refreshedInputs(type, args.oldInputs, args.oldOutputs, outputs);
  return {
    id: args.id,
    inputs,
    outputs: rewrapSecrets(rewrapSecrets(outputs, args.oldOutputs), inputs) as PropertyMap,
  };
}

export async function deleteResource(
  type: ResourceType,
  args: DeleteArgs,
  context: OperationContext,
): Promise<void> {
  const { arm, client, signal } = withTimeout(context, args.timeoutSeconds);
  if (type.deletedThrough === "keyVault") {
    const { vaultName, secretName } = parseArmId(type, args.id);
    await deleteKeyVaultSecret(client, vaultName!, secretName!, signal);
  } else if (type.singleton === true) {
    await arm.put(args.id, type.apiVersion, { properties: {} }, signal);
  } else {
    await arm.delete(args.id, type.apiVersion, signal);
  }
}
