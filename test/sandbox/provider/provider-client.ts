import { credentials, type ServiceError } from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import {
  CheckRequest,
  type CheckResponse,
  ConfigureRequest,
  CreateRequest,
  type CreateResponse,
  DeleteRequest,
  DiffRequest,
  type DiffResponse,
  ErrorResourceInitFailed,
  GetSchemaRequest,
  type GetSchemaResponse,
  InvokeRequest,
  type InvokeResponse,
  PropertyDiff,
  ReadRequest,
  type ReadResponse,
  UpdateRequest,
  type UpdateResponse,
} from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import type { Provider } from "../../../sandbox/provider/provider";
import { startProviders } from "../../../sandbox/provider/server";
import { fromStruct, type PropertyMap, toStruct } from "../../../sandbox/provider/values";

const urnOf = (type: string, name: string) => `urn:pulumi:dev::shop::${type}::${name}`;

type Call<Request, Response> = (
  request: Request,
  callback: (error: ServiceError | null, response: Response) => void,
) => unknown;

function ask<Request, Response>(
  client: ResourceProviderClient,
  call: Call<Request, Response>,
  request: Request,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    call.call(client, request, (error, response) => (error ? reject(error) : resolve(response)));
  });
}

const kindNames = Object.fromEntries(Object.entries(PropertyDiff.Kind).map(([name, value]) => [value, name]));

/** The engine's side of a provider, as far as tests need it. */
export interface ProviderClient {
  configure(config: PropertyMap): Promise<void>;
  check(
    type: string,
    name: string,
    inputs: PropertyMap,
    more?: { olds?: PropertyMap; seed?: string },
  ): Promise<{ inputs: PropertyMap; failures: string[] }>;
  diff(
    type: string,
    args: { id?: string; oldInputs: PropertyMap; outputs?: PropertyMap; inputs: PropertyMap },
  ): Promise<{ changes: Record<string, string>; replaces: string[]; deleteBeforeReplace: boolean }>;
  create(
    type: string,
    inputs: PropertyMap,
    more?: { preview?: boolean; timeout?: number },
  ): Promise<{ id: string; outputs: PropertyMap }>;
  read(
    type: string,
    id: string,
    state?: { inputs: PropertyMap; outputs: PropertyMap },
  ): Promise<{ id: string; inputs: PropertyMap; outputs: PropertyMap } | undefined>;
  update(
    type: string,
    args: {
      id: string;
      oldInputs: PropertyMap;
      outputs: PropertyMap;
      inputs: PropertyMap;
      preview?: boolean;
    },
  ): Promise<PropertyMap>;
  delete(type: string, id: string, state?: { inputs: PropertyMap; outputs: PropertyMap }): Promise<void>;
  invoke(token: string, args: PropertyMap): Promise<PropertyMap>;
  schema(): Promise<Record<string, unknown>>;
  cancel(): Promise<void>;
  close(): void;
}

/** Connects as one provider resource of a program would. */
export function connectProvider(port: number): ProviderClient {
  // Clients with the same options would share one connection, which engines never do.
  const client = new ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure(), {
    "grpc.use_local_subchannel_pool": 1,
  });
  const named = <T extends { setUrn(urn: string): unknown }>(request: T, type: string, name = "x"): T => {
    request.setUrn(urnOf(type, name));
    return request;
  };
  return {
    async configure(config) {
      const request = new ConfigureRequest();
      request.setArgs(toStruct(config));
      await ask(client, client.configure as Call<ConfigureRequest, unknown>, request);
    },
    async check(type, name, inputs, more = {}) {
      const request = named(new CheckRequest(), type, name);
      request.setNews(toStruct(inputs));
      if (more.olds !== undefined) request.setOlds(toStruct(more.olds));
      request.setRandomseed(Buffer.from(more.seed ?? ""));
      const response = await ask(client, client.check as Call<CheckRequest, CheckResponse>, request);
      return {
        inputs: fromStruct(response.getInputs()),
        failures: response.getFailuresList().map((failure) => failure.getReason()),
      };
    },
    async diff(type, args) {
      const request = named(new DiffRequest(), type);
      request.setId(args.id ?? "id");
      request.setOldInputs(toStruct(args.oldInputs));
      request.setOlds(toStruct(args.outputs ?? {}));
      request.setNews(toStruct(args.inputs));
      const method = type.startsWith("pulumi:providers:") ? client.diffConfig : client.diff;
      const response = await ask(client, method as Call<DiffRequest, DiffResponse>, request);
      const changes: Record<string, string> = {};
      response.getDetaileddiffMap().forEach((change, path) => {
        changes[path] = kindNames[change.getKind()]!;
      });
      return {
        changes,
        replaces: response.getReplacesList(),
        deleteBeforeReplace: response.getDeletebeforereplace(),
      };
    },
    async create(type, inputs, more = {}) {
      const request = named(new CreateRequest(), type);
      request.setProperties(toStruct(inputs));
      request.setPreview(more.preview ?? false);
      request.setTimeout(more.timeout ?? 0);
      const response = await ask(client, client.create as Call<CreateRequest, CreateResponse>, request);
      return { id: response.getId(), outputs: fromStruct(response.getProperties()) };
    },
    async read(type, id, state) {
      const request = named(new ReadRequest(), type);
      request.setId(id);
      if (state !== undefined) {
        request.setInputs(toStruct(state.inputs));
        request.setProperties(toStruct(state.outputs));
      }
      const response = await ask(client, client.read as Call<ReadRequest, ReadResponse>, request);
      if (response.getId() === "") return undefined;
      return {
        id: response.getId(),
        inputs: fromStruct(response.getInputs()),
        outputs: fromStruct(response.getProperties()),
      };
    },
    async update(type, args) {
      const request = named(new UpdateRequest(), type);
      request.setId(args.id);
      request.setOldInputs(toStruct(args.oldInputs));
      request.setOlds(toStruct(args.outputs));
      request.setNews(toStruct(args.inputs));
      request.setPreview(args.preview ?? false);
      const response = await ask(client, client.update as Call<UpdateRequest, UpdateResponse>, request);
      return fromStruct(response.getProperties());
    },
    async delete(type, id, state = { inputs: {}, outputs: {} }) {
      const request = named(new DeleteRequest(), type);
      request.setId(id);
      request.setOldInputs(toStruct(state.inputs));
      request.setProperties(toStruct(state.outputs));
      await ask(client, client.delete as Call<DeleteRequest, unknown>, request);
    },
    async invoke(token, args) {
      const request = new InvokeRequest();
      request.setTok(token);
      request.setArgs(toStruct(args));
      const response = await ask(client, client.invoke as Call<InvokeRequest, InvokeResponse>, request);
      return fromStruct(response.getReturn());
    },
    async schema() {
      const request = new GetSchemaRequest();
      const response = await ask(
        client,
        client.getSchema as Call<GetSchemaRequest, GetSchemaResponse>,
        request,
      );
      return JSON.parse(response.getSchema());
    },
    async cancel() {
      await ask(client, client.cancel as Call<Empty, unknown>, new Empty());
    },
    close: () => client.close(),
  };
}

/** Serves a provider and connects to it, configured with `config`. */
export async function serveAndConnect(provider: Provider, config: PropertyMap = {}) {
  const running = await startProviders([provider]);
  const port = Number(running.debugProviders.split(":")[1]);
  const client = connectProvider(port);
  await client.configure(config);
  return {
    client,
    port,
    stop: async () => {
      client.close();
      await running.close();
    },
  };
}

/** What the engine is told of a resource that was created and is not ready. */
export function partialFailureOf(error: unknown) {
  const [details] = (error as ServiceError).metadata.get("grpc-status-details-bin");
  if (details === undefined) return undefined;
  const packed = Status.deserializeBinary(details as Buffer).getDetailsList()[0]!;
  const failure = ErrorResourceInitFailed.deserializeBinary(packed.getValue_asU8());
  return {
    type: packed.getTypeName(),
    id: failure.getId(),
    inputs: fromStruct(failure.getInputs()),
    outputs: fromStruct(failure.getProperties()),
    reasons: failure.getReasonsList(),
  };
}
