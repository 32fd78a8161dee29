import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type CreateArgs,
  type DeleteArgs,
  PartialResourceError,
  type ReadArgs,
  type ReadResult,
  type StatusReporter,
  type UpdateArgs,
} from "../provider";
import { isMap, type PlainObject, type PropertyMap, toPlain } from "../values";
import { type ApiClient, KubernetesError, type ObjectAddress } from "./api-client";
import { inputsOf, patchForced, refreshedInputs, toBody, toOutputs } from "./live-object";
import { annotation, kindOfType, metadataOf } from "./object-kind";
import { readinessOf } from "./readiness";

export interface OperationContext {
  client: ApiClient;
  /** Where namespaced objects go that name no namespace. */
  namespace: string;
  signal: AbortSignal;
  report: StatusReporter;
}

/** How long an object may take to become ready, or to go, in seconds, unless `customTimeouts` say otherwise. */
const patience = 600;

/** Delays between two looks at an object, in milliseconds. */
const firstLook = 50;
const longestPause = 2000;

export async function createObject(args: CreateArgs, context: OperationContext) {
  const fieldManager = annotation(args.inputs, "pulumi.com/patchFieldManager") ?? managerOf(args.urn);
  const outputs = await applyAndAwait(args, fieldManager, context);
  return { id: idOf(outputs), outputs };
}

export async function updateObject(args: UpdateArgs, context: OperationContext): Promise<PropertyMap> {
  const kept = args.oldOutputs.__fieldManager;
  return applyAndAwait(args, typeof kept === "string" ? kept : managerOf(args.urn), context);
}

/** What is known of an object in the preview of a change: everything but what the change touches. */
export function previewUpdate({ oldOutputs, inputs }: UpdateArgs): PropertyMap {
  return { ...oldOutputs, ...inputs, metadata: { ...metadataOf(oldOutputs), ...metadataOf(inputs) } };
}

/** The same for the same resource, so that a lost state finds its fields again. */
const managerOf = (urn: string) =>
  `pulumi-kubernetes-${createHash("sha256").update(urn).digest("hex").slice(0, 8)}`;

async function applyAndAwait(
  args: CreateArgs,
  fieldManager: string,
  context: OperationContext,
): Promise<PropertyMap> {
  const { inputs, urn } = args;
  const body = toBody(toPlain(inputs));
  const address = addressOf(body, context.namespace);
  const force = patchForced(inputs);
  const applied = await context.client.apply(address, body, { fieldManager, force }).catch((error: Error) => {
    throw explained(error, address);
  });
  const kept = { __fieldManager: fieldManager, __initialApiVersion: address.apiVersion };
  const outputs = (live: PlainObject) => toOutputs(live, inputs, kept);
  if (annotation(inputs, "pulumi.com/skipAwait") === "true") return outputs(applied);
  const seconds = args.timeoutSeconds || Number(annotation(inputs, "pulumi.com/timeoutSeconds")) || patience;
  const { live, problem } = await awaitReady(applied, address, seconds, urn, context);
  if (problem === undefined) return outputs(live);
  throw new PartialResourceError({ id: idOf(outputs(live)), inputs, outputs: outputs(live) }, [
    `${address.kind} "${idOf(outputs(live))}" was applied and did not become ready: ${problem}`,
  ]);
}

async function awaitReady(
  applied: PlainObject,
  address: ObjectAddress,
  seconds: number,
  urn: string,
  { client, signal, report }: OperationContext,
): Promise<{ live: PlainObject; problem?: string }> {
  const deadline = Date.now() + seconds * 1000;
  let live = applied;
  for (let pause = 0; ; pause = Math.min(Math.max(pause * 1.5, firstLook), longestPause)) {
    // The answer to a write is older than what controllers have made of it since.
    const state = await readinessOf(live, client);
    if (state.ready) return { live };
    if ("failed" in state) return { live, problem: state.failed };
    if (Date.now() >= deadline) return { live, problem: `waited ${seconds} s for ${state.waitingFor}` };
    if (pause > firstLook) report(urn, `Waiting for ${state.waitingFor}`);
    await sleep(pause, undefined, { signal });
    const next = await client.get(address);
    if (!next) return { live, problem: "it was deleted meanwhile" };
    live = next;
  }
}

export async function readObject(
  args: ReadArgs,
  { client }: OperationContext,
): Promise<ReadResult | undefined> {
  const { apiVersion, kind } = { ...kindOfType(args.type), ...textsOf(args.oldInputs ?? {}) };
  const [name = "", namespace] = args.id.split("/").reverse();
  const live = await client.get({ apiVersion, kind, name, namespace });
  if (!live) return undefined;
  const inputs = args.oldInputs ? refreshedInputs(live, args.oldInputs) : inputsOf(live);
  const { __fieldManager, __initialApiVersion } = args.oldOutputs;
  const kept: PropertyMap = {
    ...(__fieldManager !== undefined && { __fieldManager }),
    __initialApiVersion: __initialApiVersion ?? apiVersion,
  };
  const outputs = toOutputs(live, inputs, kept);
  return { id: idOf(outputs), inputs, outputs };
}

/** Deletes the object and waits until it is gone. One that is not there is as good as deleted. */
export async function deleteObject(
  args: DeleteArgs,
  { client, signal, report }: OperationContext,
): Promise<void> {
  const { apiVersion, kind } = { ...kindOfType(args.type), ...textsOf(args.oldInputs) };
  const [name = "", namespace] = args.id.split("/").reverse();
  const address = { apiVersion, kind, name, namespace };
  const uid = metadataOf(args.oldOutputs).uid;
  const there = await client.delete(address);
  if (!there || annotation(args.oldInputs, "pulumi.com/skipAwait") === "true") return;
  const seconds = args.timeoutSeconds || patience;
  const deadline = Date.now() + seconds * 1000;
  for (let pause = firstLook; ; pause = Math.min(pause * 1.5, longestPause)) {
    const live = await client.get(address);
    if (!live || (uid !== undefined && metadataOf(live).uid !== uid)) return;
    if (Date.now() >= deadline)
      throw new Error(`${kind} "${args.id}" is still there ${seconds} s after its deletion.`);
    report(args.urn, `Waiting for ${kind} "${args.id}" to be gone`);
    await sleep(pause, undefined, { signal });
  }
}

/** The API version and kind of a custom resource, which its type alone may not say. */
function textsOf({ apiVersion, kind }: PropertyMap): { apiVersion?: string; kind?: string } {
  return {
    ...(typeof apiVersion === "string" && { apiVersion }),
    ...(typeof kind === "string" && { kind }),
  };
}

/** @throws Error for an object that only the API server could name */
function addressOf(body: PlainObject, defaultNamespace: string): ObjectAddress {
  const { name, namespace } = isMap(body.metadata) ? body.metadata : {};
  if (typeof name !== "string")
    throw new Error("'metadata.name' must be a text: 'generateName' is not supported.");
  return {
    apiVersion: String(body.apiVersion),
    kind: String(body.kind),
    namespace: typeof namespace === "string" ? namespace : defaultNamespace,
    name,
  };
}

/** "shop/orders", or the name alone of an object in no namespace. */
function idOf(outputs: PropertyMap): string {
  const { name, namespace } = metadataOf(outputs);
  return namespace === undefined ? String(name) : `${String(namespace)}/${String(name)}`;
}

function explained(error: Error, { kind, namespace, name }: ObjectAddress): Error {
  if (!(error instanceof KubernetesError)) return error;
  const subject = `${kind} "${namespace === undefined ? name : `${namespace}/${name}`}"`;
  const hint =
    error.status === 409 && error.message.startsWith("Apply failed")
      ? '\nAnother manager owns these fields. The annotation "pulumi.com/patchForce: true" takes them over.'
      : "";
  return new KubernetesError(
    error.status,
    error.reason,
    `${subject} was refused by the Kubernetes API server: ${error.message}${hint}`,
  );
}
