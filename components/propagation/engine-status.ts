import { credentials, Metadata } from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";

/** The engine's display. */
export interface EngineStatus {
  /** Beside the resource, in place of what stood there; gone when the resource is done. */
  show(line: string): void;
  /** Among the diagnostics, also at the end. */
  warn(line: string): void;
  /** Waits until all messages are there. */
  close(): Promise<void>;
}

/** How long a message may take. */
const longestMs = 5_000;

/**
 * Speaks to the engine that started this process, as `pulumi.log` does in a program. What a provider prints
 * instead would stand at the end of everything, and belong to no resource.
 *
 * @param urn of the resource that the messages are about
 */
export function openEngineStatus(urn: string | undefined, args = process.argv): EngineStatus {
  // The engine's address is a provider's one argument that is no flag.
  const address = args.slice(2).findLast((arg) => /^[^-\s]+:\d+$/.test(arg));
  if (urn === undefined || address === undefined) {
    return { show: (line) => console.log(line), warn: (line) => console.warn(line), close: async () => {} };
  }
  const unsent = new Set<Promise<void>>();
  const engine = new EngineClient(address, credentials.createInsecure());
  const log = (line: string, severity: 1 | 2, ephemeral: boolean) => {
    const request = new LogRequest();
    request.setUrn(urn);
    request.setMessage(line);
    request.setSeverity(severity);
    request.setEphemeral(ephemeral);
    // A message that does not arrive is no reason to fail.
    const sent = new Promise<void>((resolve) => {
      engine.log(request, new Metadata(), { deadline: Date.now() + longestMs }, () => resolve());
    });
    unsent.add(sent);
    sent.then(() => unsent.delete(sent));
  };
  return {
    show: (line) => log(line, LogSeverity.INFO, true),
    warn: (line) => log(line, LogSeverity.WARNING, false),
    close: async () => {
      await Promise.all(unsent);
      engine.close();
    },
  };
}
