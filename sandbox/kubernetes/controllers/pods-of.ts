import { createObject } from "../creation";
import { deleteObject } from "../deletion";
import { builtInKind, type Kind } from "../kinds";
import { at, isRecord, recordAt, recordsAt, type StoredObject } from "../object";
import type { ClusterRuntime } from "../runtime";
import { ApiError } from "../status";
import { recordEvent } from "./event";

const pods = builtInKind("Pod");

/** The pods that `owner` controls and that still count. */
export function podsOf({ objects }: ClusterRuntime, owner: StoredObject): StoredObject[] {
  return objects
    .ownedBy(owner.metadata.uid)
    .filter((pod) => pod.kind === "Pod" && pod.metadata.deletionTimestamp === undefined);
}

export const isReady = (pod: StoredObject): boolean =>
  recordsAt(pod, "status", "conditions").some(({ type, status }) => type === "Ready" && status === "True");

/** How a new pod is called: exactly, or by a prefix. */
export type PodName = { name: string } | { generateName: string };

export const ownerReference = (owner: StoredObject) => ({
  apiVersion: owner.apiVersion,
  kind: owner.kind,
  name: owner.metadata.name,
  uid: owner.metadata.uid,
  controller: true,
  blockOwnerDeletion: true,
});

/**
 * Makes a pod from `owner`'s template.
 * @returns why it was refused, or undefined when it was made
 */
export function createPod(
  runtime: ClusterRuntime,
  kind: Kind,
  owner: StoredObject,
  name: PodName,
  labels: Record<string, string> = {},
): string | undefined {
  const template = recordAt(owner, "spec", "template");
  const metadata = recordAt(template, "metadata");
  const annotations = metadata.annotations;
  try {
    createObject(runtime, pods, {
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        ...name,
        namespace: owner.metadata.namespace!,
        labels: { ...(recordAt(metadata, "labels") as Record<string, string>), ...labels },
        ...(isRecord(annotations) && { annotations: annotations as Record<string, string> }),
        ownerReferences: [ownerReference(owner)],
      },
      spec: at(template, "spec"),
    });
    return undefined;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    // The name differs at every attempt; the refusal has to read the same.
    const prefix = "generateName" in name ? name.generateName : undefined;
    const why = prefix
      ? error.message.replaceAll(new RegExp(`${prefix}[a-z0-9]{5}`, "g"), prefix)
      : error.message;
    const message = `Error creating: ${why}`;
    recordEvent(runtime, owner, {
      type: "Warning",
      reason: "FailedCreate",
      message,
      component: kind.singular,
    });
    return why;
  }
}

export function deletePod(runtime: ClusterRuntime, pod: StoredObject): void {
  deleteObject(runtime, pods, pod);
}
