import { type handleUnaryCall, type ServerUnaryCall, status } from "@grpc/grpc-js";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import type { IResourceProviderServer } from "@pulumi/pulumi/proto/provider_grpc_pb";
import {
  ConfigureResponse,
  CreateResponse,
  GetSchemaResponse,
  InvokeResponse,
  ProviderHandshakeResponse,
  ReadResponse,
  UpdateResponse,
} from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { createConnections } from "./connections";
import { differences } from "./differences";
import { checkResponse, diffResponse, errorStatus, referenceOf } from "./engine-protocol";
import type { Provider } from "./provider";
import { fromStruct, toStruct } from "./values";

function answer<Request, Response>(
  work: (request: Request, call: ServerUnaryCall<Request, Response>) => Response | Promise<Response>,
): handleUnaryCall<Request, Response> {
  return async (call, callback) => {
    try {
      callback(null, await work(call.request, call));
    } catch (error) {
      callback(errorStatus(error));
    }
  };
}

function unsupported(method: string): handleUnaryCall<unknown, never> {
  return (_call, callback) => {
    callback({ code: status.UNIMPLEMENTED, details: `${method} is not supported by this provider.` });
  };
}

/** The engine's `ResourceProvider` service for `provider`. `close` ends the connections back to the engines. */
export function createResourceProvider(provider: Provider): {
  implementation: IResourceProviderServer;
  close(): void;
} {
  const connections = createConnections();
  const implementation: IResourceProviderServer = {
    handshake: answer((request, call) => {
      connections.connectEngine(call.getPeer(), request.getEngineAddress());
      const response = new ProviderHandshakeResponse();
      response.setAcceptSecrets(true);
      return response;
    }),
    attach: answer((request, call) => {
      connections.connectEngine(call.getPeer(), request.getAddress());
      return new Empty();
    }),
    cancel: answer((_request, call) => {
      connections.instance(call.getPeer()).cancel?.();
      return new Empty();
    }),
    getPluginInfo: answer(() => {
      const info = new PluginInfo();
      info.setVersion(provider.version);
      return info;
    }),
    getSchema: answer(() => {
      const response = new GetSchemaResponse();
      response.setSchema(
        JSON.stringify(provider.schema?.() ?? { name: provider.name, version: provider.version }),
      );
      return response;
    }),
    checkConfig: answer((request) => {
      const inputs = fromStruct(request.getNews());
      return checkResponse({ inputs, failures: provider.checkConfig?.(inputs) ?? [] });
    }),
    diffConfig: answer((request) => {
      const args = {
        ...referenceOf(request),
        id: request.getId(),
        oldInputs: fromStruct(request.getOldInputs()),
        oldOutputs: fromStruct(request.getOlds()),
        inputs: fromStruct(request.getNews()),
      };
      const inPlace = () => ({
        changes: differences(args.oldInputs, args.inputs).map((change) => ({ ...change, replaces: false })),
        deleteBeforeReplace: false,
      });
      return diffResponse(provider.diffConfig?.(args) ?? inPlace());
    }),
    configure: answer(async (request, call) => {
      const peer = call.getPeer();
      const instance = await provider.configure(fromStruct(request.getArgs()), (urn, message) =>
        connections.report(peer, urn, message),
      );
      connections.configured(peer, JSON.stringify(request.getArgs()?.toJavaScript()), instance);
      const response = new ConfigureResponse();
      response.setAcceptsecrets(true);
      response.setSupportspreview(true);
      return response;
    }),
    check: answer(async (request, call) => {
      const olds = request.getOlds();
      return checkResponse(
        await connections.instance(call.getPeer()).check({
          ...referenceOf(request),
          oldInputs: olds === undefined ? undefined : fromStruct(olds),
          inputs: fromStruct(request.getNews()),
          randomSeed: request.getRandomseed_asU8(),
        }),
      );
    }),
    diff: answer(async (request, call) =>
      diffResponse(
        await connections.instance(call.getPeer()).diff({
          ...referenceOf(request),
          id: request.getId(),
          oldInputs: fromStruct(request.getOldInputs()),
          oldOutputs: fromStruct(request.getOlds()),
          inputs: fromStruct(request.getNews()),
        }),
      ),
    ),
    create: answer(async (request, call) => {
      const created = await connections.instance(call.getPeer()).create({
        ...referenceOf(request),
        inputs: fromStruct(request.getProperties()),
        preview: request.getPreview(),
        timeoutSeconds: request.getTimeout(),
      });
      const response = new CreateResponse();
      response.setId(created.id);
      response.setProperties(toStruct(created.outputs));
      return response;
    }),
    read: answer(async (request, call) => {
      const oldInputs = fromStruct(request.getInputs());
      const resource = await connections.instance(call.getPeer()).read({
        ...referenceOf(request),
        id: request.getId(),
        oldInputs: Object.keys(oldInputs).length === 0 ? undefined : oldInputs,
        oldOutputs: fromStruct(request.getProperties()),
      });
      const response = new ReadResponse();
      if (resource === undefined) return response;
      response.setId(resource.id);
      response.setInputs(toStruct(resource.inputs));
      response.setProperties(toStruct(resource.outputs));
      return response;
    }),
    update: answer(async (request, call) => {
      const outputs = await connections.instance(call.getPeer()).update({
        ...referenceOf(request),
        id: request.getId(),
        oldInputs: fromStruct(request.getOldInputs()),
        oldOutputs: fromStruct(request.getOlds()),
        inputs: fromStruct(request.getNews()),
        preview: request.getPreview(),
        timeoutSeconds: request.getTimeout(),
      });
      const response = new UpdateResponse();
      response.setProperties(toStruct(outputs));
      return response;
    }),
    delete: answer(async (request, call) => {
      await connections.instance(call.getPeer()).delete({
        ...referenceOf(request),
        id: request.getId(),
        oldInputs: fromStruct(request.getOldInputs()),
        oldOutputs: fromStruct(request.getProperties()),
        timeoutSeconds: request.getTimeout(),
      });
      return new Empty();
    }),
    invoke: answer(async (request, call) => {
      const token = request.getTok();
      const instance = connections.instance(call.getPeer());
      if (instance.invoke === undefined) throw new Error(`${provider.name} has no function ${token}.`);
      const response = new InvokeResponse();
      response.setReturn(toStruct(await instance.invoke(token, fromStruct(request.getArgs()))));
      return response;
    }),
    call: unsupported("Call"),
    construct: unsupported("Construct"),
    parameterize: unsupported("Parameterize"),
    getMapping: unsupported("GetMapping"),
    getMappings: unsupported("GetMappings"),
    list: (call) => {
      call.emit("error", { code: status.UNIMPLEMENTED, details: "List is not supported by this provider." });
    },
  };
  return { implementation, close: connections.close };
}
