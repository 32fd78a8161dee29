import type { AzureError } from "../core/azure-error";
import type { SandboxContext } from "../core/context";
import type { ArmAnswer, ArmCall } from "./arm-call";
import type { JsonObject } from "./json";
import type { Operation } from "./operations";
import type { StoredResource } from "./resource";

/** A PUT, or a PATCH that has been merged with what was there. */
export interface Write {
  call: ArmCall;
  /** The id that the resource has, or will have: parents as they were created, its own name as it was asked for. */
  id: string;
  name: string;
  /** The region, checked; for types with a location only. */
  location: string | undefined;
  tags: Record<string, string> | undefined;
  body: JsonObject;
  existing: StoredResource | undefined;
  /** The parent of a child resource. */
  parent: StoredResource | undefined;
}

/** What Azure calls the phases of a long-running operation. */
export type ProvisioningState = "Creating" | "Updating" | "Deleting" | "Succeeded";

/** How long changes take, and how the service says that they are not done yet. */
export interface LongRunning {
  /** In seconds of Azure's time; 0 for what is done at once. */
  seconds: { create: number; update: number; delete: number };
  /**
   * What a write answers while it runs: the resource with Azure-AsyncOperation (`resource`), the resource alone, whose
   * provisioningState tells (`body`), or 202 with Location only (`location`) or with both headers (`accepted`).
   */
  writes: "resource" | "body" | "location" | "accepted";
  /** Where the resource shows the state. @default properties.provisioningState */
  show?(resource: StoredResource, state: ProvisioningState): void;
  /** What another change is told in the meantime. */
  busy(operation: Operation, resource: StoredResource): AzureError;
}

/** Work of which only one piece may run at a time. */
export interface Exclusive {
  /** Pieces with the same key exclude each other. */
  key(call: ArmCall): string;
  /** How long a piece takes, in real milliseconds. */
  milliseconds: number;
  conflict(call: ArmCall): AzureError;
}

export type Action = (call: ArmCall, resource: StoredResource) => ArmAnswer;

/** Everything that ARM has to know of a type of resource. One table holds them all. */
export interface ResourceType {
  /** "Microsoft.KeyVault/vaults/secrets": a child's parent is the type without the last part. */
  type: string;
  /** Newest first. */
  apiVersions: readonly string[];
  /** Where it is: a subscription, a group, or any scope for an extension. Children are where their parents are. */
  level: "subscription" | "resourceGroup" | "extension";
  /** What role definitions call it. @default `type` */
  operation?: string;
  /** Whether it has a location of its own and tags, and appears in lists of resources. @default false */
  tracked?: boolean;
  /** What can be done besides reading. @default all */
  methods?: readonly ("PUT" | "PATCH" | "DELETE")[];
  /** @throws AzureError when the name breaks the rule */
  checkName?(name: string): void;
  /** Answers what a write without its group or parent gets. @default ParentResourceNotFound */
  parentNotFound?(parentId: string): AzureError;

  /** What conditions of the caller's own role assignments may look at when this is written or deleted. */
  attributes?(call: ArmCall): Record<string, string>;

  /** Where the resource is, when it is not in the store's "resources". */
  find?(call: ArmCall, id: string): StoredResource | undefined;
  list?(call: ArmCall): StoredResource[];
  /** Whether `write` has put the resource where it belongs. @default false: the caller puts it */
  writesItself?: boolean;
  /** Checks, adds defaults, and returns the whole resource. It runs in a transaction. @throws AzureError */
  write?(write: Write): StoredResource;
  /** Status of a PUT that creates. @default 201 */
  createdStatus?: 200 | 201;
  /** Checks before a removal, or removes what is not in "resources". @throws AzureError */
  remove?(call: ArmCall, resource: StoredResource): void;
  /** What else goes when it is gone, also with its group. Must not mind being done twice. */
  removed?(context: SandboxContext, resource: StoredResource): void;
  /** Status of a DELETE of what was there. @default 200 */
  deletedStatus?: 200 | 204;
  /** Whether DELETE answers with what was there. @default false */
  deleteShowsBody?: boolean;
  /** The resource as this caller's API version has it. @default as it is kept */
  show?(resource: StoredResource, call: ArmCall): JsonObject;
  longRunning?: LongRunning;
  /** How long a write takes that is answered when it is done, in seconds of Azure's time. @default 0 */
  writeSeconds?: number;
  exclusive?: Exclusive;
  /** The member of the body that holds the ETag, which If-Match and If-None-Match are compared with. */
  etag?: "etag" | "eTag";
  /** POSTs on a resource, by name in lower case. */
  actions?: Readonly<Record<string, Action>>;
}

/** A POST that belongs to a provider, not to a resource: `checkNameAvailability`. */
export interface ProviderAction {
  /** "Microsoft.KeyVault/checkNameAvailability" */
  type: string;
  apiVersions: readonly string[];
  /** "Microsoft.KeyVault/checkNameAvailability/read" */
  operation: string;
  run(call: ArmCall): ArmAnswer;
}

/** What one file in `types/` contributes. */
export interface Provider {
  types: readonly ResourceType[];
  actions?: readonly ProviderAction[];
}
