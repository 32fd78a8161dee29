import { credentials } from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";
import type { ProviderInstance } from "./provider";

/** One engine talks to one provider resource through one connection of its own. */
interface Connection {
  engine?: EngineClient;
  instance?: ProviderInstance;
  /** What the instance was configured with. */
  configuration?: string;
}

/** The connections of the engines that attached to a provider, told apart by their peers' addresses. */
export interface Connections {
  /** Makes the engine at `address` the one that status messages of this peer go to. */
  connectEngine(peer: string, address: string): void;
  configured(peer: string, configuration: string, instance: ProviderInstance): void;
  /** @throws Error when the peer has not configured the provider */
  instance(peer: string): ProviderInstance;
  /** Shows a message beside a resource while the engine of this peer works on it. */
  report(peer: string, urn: string, message: string): void;
  close(): void;
}

/** Nobody says when an engine is gone, so those that attached longest ago are forgotten from this many on. */
const mostConnections = 1000;

export function createConnections(): Connections {
  const byPeer = new Map<string, Connection>();
  const of = (peer: string): Connection => {
    const connection = byPeer.get(peer) ?? {};
    byPeer.set(peer, connection);
    for (const [oldest, forgotten] of byPeer) {
      if (byPeer.size <= mostConnections) break;
      forgotten.engine?.close();
      byPeer.delete(oldest);
    }
    return connection;
  };

  /** A connection that broke comes back under another address; it is known again where there is no choice. */
  function onlyInstance(): ProviderInstance {
    const configured = [...byPeer.values()].filter((connection) => connection.instance !== undefined);
    const latest = configured.at(-1);
    if (latest?.instance === undefined) throw new Error("The provider has not been configured.");
    if (configured.some((connection) => connection.configuration !== latest.configuration)) {
      throw new Error("The connection to the provider was lost, and its configuration with it. Run again.");
    }
    return latest.instance;
  }

  return {
    connectEngine(peer, address) {
      const connection = of(peer);
      connection.engine?.close();
      connection.engine = new EngineClient(address, credentials.createInsecure());
    },
    configured(peer, configuration, instance) {
      Object.assign(of(peer), { configuration, instance });
    },
    instance: (peer) => byPeer.get(peer)?.instance ?? onlyInstance(),
    report(peer, urn, message) {
      const request = new LogRequest();
      request.setSeverity(LogSeverity.INFO);
      request.setUrn(urn);
      request.setMessage(message);
      request.setEphemeral(true);
      byPeer.get(peer)?.engine?.log(request, () => {});
    },
    close() {
      for (const connection of byPeer.values()) connection.engine?.close();
      byPeer.clear();
    },
  };
}
