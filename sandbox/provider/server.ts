import { Server, ServerCredentials } from "@grpc/grpc-js";
import { type IResourceProviderServer, ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import type { Provider } from "./provider";
import { createResourceProvider } from "./resource-provider";

/** A gRPC server on loopback. */
export interface Listener {
  readonly port: number;
  close(): Promise<void>;
}

/** Resource states and kubeconfigs may be large; the engine's own limit is 400 MB. */
const largestMessageBytes = 400 * 1024 * 1024;

/** Serves an implementation on a free port of 127.0.0.1. */
export async function serveProvider(implementation: IResourceProviderServer): Promise<Listener> {
  const server = new Server({
    "grpc.max_receive_message_length": largestMessageBytes,
    "grpc.max_send_message_length": largestMessageBytes,
  });
  server.addService(ResourceProviderService, implementation);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  return {
    port,
    close: async () => server.forceShutdown(),
  };
}

/** Providers that listen for engines to attach. */
export interface RunningProviders {
  /** The value for `PULUMI_DEBUG_PROVIDERS`: `azure-native:41000,random:41001`. */
  readonly debugProviders: string;
  close(): Promise<void>;
}

/** Starts a server for each provider. */
export async function startProviders(providers: Provider[]): Promise<RunningProviders> {
  const services = providers.map((provider) => ({
    name: provider.name,
    ...createResourceProvider(provider),
  }));
  const listeners = await Promise.all(services.map((service) => serveProvider(service.implementation)));
  return {
    debugProviders: services.map((service, index) => `${service.name}:${listeners[index]!.port}`).join(","),
    close: async () => {
      for (const service of services) service.close();
      await Promise.all(listeners.map((listener) => listener.close()));
    },
  };
}
