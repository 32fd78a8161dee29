import { Metadata, type ServiceError, status } from "@grpc/grpc-js";
import {
  CheckFailure as CheckFailureMessage,
  CheckResponse,
  DiffResponse,
  ErrorResourceInitFailed,
  PropertyDiff,
} from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import { type Difference, formatPath } from "./differences";
import { type CheckResult, type DiffResult, PartialResourceError, type ResourceReference } from "./provider";
import { toStruct } from "./values";

interface UrnRequest {
  getUrn(): string;
}

/** Reads which resource a request names. The type in a URN is preceded by its parents' types. */
export function referenceOf(request: UrnRequest): ResourceReference {
  const urn = request.getUrn();
  const [, , qualifiedType = "", ...name] = urn.split("::");
  return { urn, type: qualifiedType.split("$").at(-1)!, name: name.join("::") };
}

export function checkResponse(result: CheckResult): CheckResponse {
  const response = new CheckResponse();
  response.setInputs(toStruct(result.inputs));
  response.setFailuresList(
    result.failures.map((failure) => {
      const message = new CheckFailureMessage();
      message.setProperty(failure.property);
      message.setReason(failure.reason);
      return message;
    }),
  );
  return response;
}

const kinds = {
  add: [PropertyDiff.Kind.ADD, PropertyDiff.Kind.ADD_REPLACE],
  delete: [PropertyDiff.Kind.DELETE, PropertyDiff.Kind.DELETE_REPLACE],
  update: [PropertyDiff.Kind.UPDATE, PropertyDiff.Kind.UPDATE_REPLACE],
} as const satisfies Record<Difference["kind"], readonly [PropertyDiff.Kind, PropertyDiff.Kind]>;

export function diffResponse(result: DiffResult): DiffResponse {
  const response = new DiffResponse();
  const { changes } = result;
  response.setChanges(
    changes.length > 0 ? DiffResponse.DiffChanges.DIFF_SOME : DiffResponse.DiffChanges.DIFF_NONE,
  );
  response.setHasdetaileddiff(true);
  const topLevel = (some: { path: Difference["path"] }[]) => [
    ...new Set(some.map((change) => String(change.path[0]))),
  ];
  response.setDiffsList(topLevel(changes));
  response.setReplacesList(topLevel(changes.filter((change) => change.replaces)));
  for (const change of changes) {
    const detail = new PropertyDiff();
    detail.setKind(kinds[change.kind][change.replaces ? 1 : 0]);
    detail.setInputdiff(true);
    response.getDetaileddiffMap().set(formatPath(change.path), detail);
  }
  response.setDeletebeforereplace(result.deleteBeforeReplace);
  return response;
}

/**
 * An error as gRPC carries it: its message, and for a partly created resource what the engine records of it.
 * @see https://github.com/googleapis/googleapis/blob/master/google/rpc/status.proto
 */
export function errorStatus(error: unknown): Partial<ServiceError> {
  const details = error instanceof Error ? error.message : String(error);
  if (!(error instanceof PartialResourceError)) return { code: status.UNKNOWN, details };
  const failure = new ErrorResourceInitFailed();
  failure.setId(error.resource.id);
  failure.setInputs(toStruct(error.resource.inputs));
  failure.setProperties(toStruct(error.resource.outputs));
  failure.setReasonsList(error.reasons);
  const packed = new Any();
  packed.pack(failure.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const rich = new Status();
  rich.setCode(status.UNKNOWN);
  rich.setMessage(details);
  rich.addDetails(packed);
  const metadata = new Metadata();
  metadata.add("grpc-status-details-bin", Buffer.from(rich.serializeBinary()));
  return { code: status.UNKNOWN, details, metadata };
}
