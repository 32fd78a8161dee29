import type { Difference } from "./differences";
import type { PropertyMap } from "./values";

/** Which resource of the program a request is about. */
export interface ResourceReference {
  /** `urn:pulumi:dev::shop::azure-native:keyvault:Vault::app` */
  urn: string;
  /** "azure-native:keyvault:Vault" */
  type: string;
  /** The resource's name in the program. */
  name: string;
}

/** An input that a provider does not accept. */
export interface CheckFailure {
  /** Empty when it is about the resource as a whole. */
  property: string;
  reason: string;
}

export interface CheckArgs extends ResourceReference {
  /** The inputs of the last deployment; undefined for a new resource. */
  oldInputs: PropertyMap | undefined;
  inputs: PropertyMap;
  /** Random bytes that belong to the resource: the same in preview and deployment. May be empty. */
  randomSeed: Uint8Array;
}

export interface CheckResult {
  /** The inputs with defaults and names filled in. */
  inputs: PropertyMap;
  failures: CheckFailure[];
}

export interface DiffArgs extends ResourceReference {
  id: string;
  oldInputs: PropertyMap;
  oldOutputs: PropertyMap;
  inputs: PropertyMap;
}

export interface DiffResult {
  changes: (Difference & { replaces: boolean })[];
  /** Delete the old resource before its replacement is created, as both would have the same name. */
  deleteBeforeReplace: boolean;
}

export interface CreateArgs extends ResourceReference {
  inputs: PropertyMap;
  /** Nothing may be created; what only the service knows is an unknown in the outputs. */
  preview: boolean;
  /** The user's `customTimeouts.create`, in seconds; 0 when there is none. */
  timeoutSeconds: number;
}

export interface UpdateArgs extends CreateArgs {
  id: string;
  oldInputs: PropertyMap;
  oldOutputs: PropertyMap;
}

export interface ReadArgs extends ResourceReference {
  id: string;
  /** Undefined when the resource is being imported. */
  oldInputs: PropertyMap | undefined;
  oldOutputs: PropertyMap;
}

export interface DeleteArgs extends ResourceReference {
  id: string;
  oldInputs: PropertyMap;
  oldOutputs: PropertyMap;
  /** The user's `customTimeouts.delete`, in seconds; 0 when there is none. */
  timeoutSeconds: number;
}

/** A resource as it is: its id, all that is known of it, and the inputs that would lead to it. */
export interface ReadResult {
  id: string;
  inputs: PropertyMap;
  outputs: PropertyMap;
}

/** A provider once it has its configuration. Errors thrown reach the user with their message and no more. */
export interface ProviderInstance {
  check(args: CheckArgs): CheckResult | Promise<CheckResult>;
  diff(args: DiffArgs): DiffResult | Promise<DiffResult>;
  /** @throws PartialResourceError when the resource exists and is not ready. */
  create(args: CreateArgs): Promise<{ id: string; outputs: PropertyMap }>;
  /** Undefined when the resource is gone. */
  read(args: ReadArgs): Promise<ReadResult | undefined>;
  /** @throws PartialResourceError when the update took effect only in part. */
  update(args: UpdateArgs): Promise<PropertyMap>;
  delete(args: DeleteArgs): Promise<void>;
  invoke?(token: string, args: PropertyMap): Promise<PropertyMap>;
  /** The user asked to stop: end waits and requests soon. */
  cancel?(): void;
}

/** Shows `message` beside a resource while the engine works on it; nothing comes of it when nobody listens. */
export type StatusReporter = (urn: string, message: string) => void;

/** What a provider package is, before the engine has configured it. */
export interface Provider {
  /** "azure-native" */
  readonly name: string;
  readonly version: string;
  /** The package schema, for `pulumi import` and `pulumi package get-schema`. */
  schema?(): object;
  /** What is wrong with a provider resource's inputs. Default: nothing is. */
  checkConfig?(inputs: PropertyMap): CheckFailure[];
  /** What a change of a provider resource's inputs means. Default: an update in place. */
  diffConfig?(args: DiffArgs): DiffResult;
  /** Called for each provider resource of a program, with its inputs. */
  configure(config: PropertyMap, report: StatusReporter): Promise<ProviderInstance>;
}

/** A resource that was created or changed but is not as asked: the engine records it and reports the reasons. */
export class PartialResourceError extends Error {
  constructor(
    readonly resource: ReadResult,
    readonly reasons: string[],
  ) {
    super(reasons.join("\n"));
    this.name = "PartialResourceError";
  }
}
